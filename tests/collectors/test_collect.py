"""collect.sh from end to end: a real kubectl, an API server on loopback, simulated nodes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from analyzer.version import VERSION
from tests.needs import lacking, require

from .canaries import MARK, TEXTS
from .cluster import Kind, Object
from .conftest import rows, tools_without
from .field import Field, container_pod, manifest_of
from .kubectls import binary, sources
from .simulated import FULL, LIGHT


def test_whole_run(field: Field, shell: tuple[str, ...]) -> None:
    """Exit code 0, a bundle in format 1, nothing left, no secret asked for or taken."""
    field.add_nodes("n0", "n1", skip=FULL)
    for number, text in enumerate(TEXTS.values()):
        meta = {"name": f"e{number}", "namespace": "shop"}
        field.cluster.add("events", {"metadata": meta, "reason": "x", "message": text})
    result = field.run(shell, KUBECTL="kubectl")
    assert result.returncode == 0, result.stderr
    files = field.bundle()
    assert next(iter(files)) == "manifest.json"
    manifest = manifest_of(files)
    assert manifest["format"] == 1 and manifest["cluster"] == {
        "name": "test-cluster",
        "id": "uid-of-kube-system",
        "server_version": "v1.33.5",
    }
    assert manifest["nodes"] == {"asked": 2, "answered": 2, "missing": []}
    assert manifest["started"] <= manifest["finished"]
    assert {m["path"] for m in manifest["members"]} == {
        "cluster.tar.gz",
        "nodes/n0.tar.gz",
        "nodes/n1.tar.gz",
    }
    for member in manifest["members"]:
        assert len(files[member["path"]]) == member["bytes"]
    # two values of a ConfigMap; a variable in each of two pods and in each node's static pod
    assert manifest["masked"]["configmap-data"] == 2 and manifest["masked"]["env-value"] == 4
    for path in (
        "cluster/version.json",
        "cluster/livez.txt",
        "cluster/readyz.txt",
        "cluster/api-resources.json",
        "cluster/feature-gates.txt",
        "cluster/resources/core/nodes.json",
        "cluster/resources/core/pods/kube-system.json",
        "cluster/resources/core/configmaps/shop.json",
        "cluster/resources/core/events/shop.json",
        "cluster/rights.txt",
        "cluster/logs/kube-system/cnm-n0/main.log",
        "cluster/kubelet/n1/configz.json",
        "cluster/kubelet/n1/stats-summary.json",
        "cluster/kubelet/n1/healthz.txt",
        "nodes/n0/host/os-release",
        "nodes/n0/collection.tsv",
    ):
        assert path in files, path
    assert (
        files["cluster/feature-gates.txt"]
        == b'kubernetes_feature_enabled{name="A",stage="BETA"} 1\n'
    )
    assert not any(
        MARK.encode() in data
        for name, data in files.items()
        if not name.endswith((".tar.gz", ".zip"))
    )
    assert not any("secret" in path for _, path in field.server.requests)
    executed = [path for _, path in field.server.requests if "/exec" in path]
    assert executed and all("/namespaces/demarc-collector/" in path for path in executed)
    assert not any("demarc-collector" in name for name in files)
    assert field.left_behind() == []
    assert [p.name for p in (field.folder / "out").iterdir() if not p.name.endswith(".tar")] == []
    assert "demarc analyze" in result.stderr and "demarc verify" in result.stderr


def test_no_request_changes_anything_but_the_own_namespace(field: Field) -> None:
    """By the server's own log of requests."""
    field.add_nodes("n0")
    assert field.run(("dash",)).returncode == 0
    writes = [(m, p.split("?")[0]) for m, p in field.server.requests if m not in ("GET", "HEAD")]
    allowed = (
        "/apis/authorization.k8s.io/",
        "/api/v1/namespaces/demarc-collector",
        "/apis/apps/v1/namespaces/demarc-collector/",
    )
    assert [
        w for w in writes if not w[1].startswith(allowed) and w != ("POST", "/api/v1/namespaces")
    ] == []


def test_no_daemonset(field: Field, ash: tuple[str, ...]) -> None:
    """Asked for: complete, though without node archives."""
    field.add_nodes("n0")
    result = field.run(ash, "--no-daemonset")
    assert result.returncode == 0, result.stderr
    manifest = manifest_of(field.bundle())
    assert manifest["nodes"]["missing"] == [{"node": "n0", "reason": "not-asked: --no-daemonset"}]
    assert not any(m == "POST" and "authorization" not in p for m, p in field.server.requests)


def test_selection_of_nodes(field: Field) -> None:
    """--nodes, --selector and --max-nodes; the sample has some of every pool, sick ones first."""
    field.add_nodes("a0", "a1", "a2", "b0", skip=f"{LIGHT},host/*")
    nodes = field.cluster.objects[("", "nodes")]
    nodes[3]["metadata"]["labels"]["kubernetes.azure.com/agentpool"] = "system"
    nodes[2]["status"]["conditions"][0]["status"] = "Unknown"

    def asked(*args: str) -> list[str]:
        shutil.rmtree(field.folder / "out", ignore_errors=True)
        result = field.run(("dash",), *args)
        assert result.returncode == 0, result.stderr
        manifest = manifest_of(field.bundle())
        archives = {m["path"] for m in manifest["members"]} - {"cluster.tar.gz"}
        assert manifest["nodes"]["asked"] == len(archives) + len(manifest["nodes"]["missing"])
        return sorted({*archives, *(m["node"] for m in manifest["nodes"]["missing"])})

    assert asked("--nodes", "a1,b0") == ["nodes/a1.tar.gz", "nodes/b0.tar.gz"]
    system = "kubernetes.azure.com/agentpool=system"
    assert asked("--selector", system, "--no-daemonset") == ["b0"]
    assert asked("--max-nodes", "2", "--no-daemonset") == ["a2", "b0"]


def test_windows_and_virtual_nodes(field: Field) -> None:
    """Taken through the API server; named as without an archive; that is no failure."""
    field.add_nodes("n0")
    for name, labels in (
        ("win0", {"kubernetes.io/os": "windows", "kubernetes.io/arch": "amd64"}),
        (
            "vk",
            {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "type": "virtual-kubelet"},
        ),
    ):
        field.cluster.add(
            "nodes", {"metadata": {"name": name, "labels": labels}, "status": {"conditions": []}}
        )
    result = field.run(("dash",))
    assert result.returncode == 0, result.stderr
    files = field.bundle()
    assert {
        m["node"]: m["reason"].split(":")[0] for m in manifest_of(files)["nodes"]["missing"]
    } == {"win0": "not-asked", "vk": "not-asked"}
    assert "cluster/kubelet/win0/stats-summary.json" in files


def test_options_reach_the_node(field: Field) -> None:
    """--skip, --since and --max-node-mb; --image pulls and mounts nothing but the host."""
    field.add_nodes("n0", skip=FULL)
    created: list[Object] = []
    simulate = field.cluster.on_create

    def remember(kind: Kind, obj: Object) -> None:
        if kind.plural == "daemonsets":
            created.append(obj["spec"]["template"]["spec"])
        simulate(kind, obj)

    field.cluster.on_create = remember
    result = field.run(
        ("dash",),
        "--skip=azure/*,host/ps",
        "--since",
        "2h",
        "--max-node-mb",
        "7",
        "--image",
        "registry.example:5000/tools/sh@sha256:00",
    )
    assert result.returncode == 0, result.stderr
    env = {e["name"]: e["value"] for e in created[0]["containers"][0]["env"]}
    assert (env["SINCE"], env["MAX_NODE_MB"], env["SKIP"]) == ("2h", "7", "azure/*,host/ps")
    assert created[0]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    collection = rows(field.bundle()["nodes/n0/collection.tsv"].decode())
    assert collection["host/ps"]["note"].startswith("not-asked") and collection[
        "azure/waagent.log"
    ]["note"].startswith("not-asked")
    assert any("sinceSeconds=7200" in path for _, path in field.server.requests)


def test_options_of_the_run(field: Field) -> None:
    """--context, --namespace, --concurrency, --timeout, --logs-namespace, --logs-failing."""
    field.add_nodes("n0", "n1", "n2", "never")
    field.nodes[3].ends = False
    sick = container_pod("sick-1", "other", "n0", ready=False, restarts=3)
    for pod in (container_pod("web-1", "shop", "n0"), sick):
        field.cluster.add("pods", pod)
    at_once: list[int] = []
    running: set[str] = set()
    execute = field.cluster.run

    def slowly(pod: str, command: list[str]) -> tuple[bytes, int]:
        running.add(pod)
        at_once.append(len(running))
        time.sleep(0.1)
        running.discard(pod)
        return execute(pod, command)

    field.cluster.run = slowly
    options = ["--context", "second", "--namespace", "demarc-two", "--concurrency", "2"]
    options += ["--timeout", "8s", "--logs-namespace", "shop", "--logs-failing"]
    command = field.command(("dash",), *options)
    config = field.folder / "kubeconfig"
    parts = json.loads(config.read_text(encoding="utf-8"))
    parts["contexts"].append({"name": "second", "context": parts["contexts"][0]["context"]})
    parts["contexts"][0]["context"] = {"cluster": "none", "user": "u"}
    config.write_text(json.dumps(parts), encoding="utf-8")
    result = subprocess.run(command, env=field.env(), capture_output=True, text=True, check=False)
    assert result.returncode == 3, result.stderr
    files = field.bundle()
    assert manifest_of(files)["nodes"]["missing"] == [
        {
            "node": "never",
            "reason": "deadline: not finished when the time (--timeout) was used up",
        }
    ]
    assert manifest_of(files)["options"]["images"] == ["mcr.microsoft.com/cnm:1"]
    assert max(at_once) == 2
    assert "cluster/logs/shop/web-1/main.log" in files
    assert "cluster/logs/other/sick-1/main.previous.log" in files
    paths = {path.split("?")[0].split("/")[4] for m, path in field.server.requests if m == "DELETE"}
    assert paths == {"demarc-two"} and field.left_behind() == []


@pytest.mark.parametrize("shell", [("busybox", "ash"), ("bash", "--posix")], ids=" ".join)
def test_jump_host_with_little(field: Field, shell: tuple[str, ...]) -> None:
    """No timeout, no sha256sum, no GNU tar, no ps, no python: the bundle is the same in kind.

    bash stands for the ``sh`` of macOS.
    """
    require("busybox", shell[0])
    field.add_nodes("n0")
    path = tools_without(
        field.folder / "bin",
        "timeout",
        "sha256sum",
        "tar",
        "ps",
        "pkill",
        "setsid",
        "python3",
        "jq",
        "perl",
        "stat",
    )
    (field.folder / "bin/tar").write_text(
        '#!/bin/sh\nfor a; do case $a in --owner*) exit 1;; esac; done\nexec busybox tar "$@"\n',
        encoding="utf-8",
    )
    (field.folder / "bin/tar").chmod(0o755)
    where = str(shutil.which(shell[0]))
    result = field.run((where, *shell[1:]), PATH=path)
    # the simulated node has the same PATH: without sha256sum there it has no checksum to compare
    assert result.returncode in (0, 3), result.stderr
    manifest = manifest_of(field.bundle())
    assert (
        all(len(m["sha256"]) == 64 for m in manifest["members"]) or shutil.which("openssl") is None
    )
    assert field.left_behind() == []


@pytest.mark.parametrize("version", list(sources()) or ["none"])
def test_other_minor_versions_of_kubectl(field: Field, version: str) -> None:
    """The whole run with the real kubectl of other minor versions."""
    if version == "none":
        lacking("only one kubectl is here; tests/collectors/kubectls.py says how to get more")
    field.add_nodes("n0")
    kubectl = binary(sources()[version], field.folder)
    reported = subprocess.run(
        [kubectl, "version", "--client"], capture_output=True, text=True, check=True
    )
    assert f"v{version}." in reported.stdout
    result = field.run(("dash",), KUBECTL=str(kubectl))
    assert result.returncode == 0, result.stderr
    assert manifest_of(field.bundle())["nodes"]["answered"] == 1
    assert field.left_behind() == []


def test_chain_from_cluster_to_report(field: Field, tmp_path: Path) -> None:
    """collect → verify → analyze → a report, and the kit instead of the checkout."""
    demarc = [sys.executable, "-m", "analyzer"]
    subprocess.run([*demarc, "kit", "-o", str(tmp_path / "kit.tar.gz")], check=True)
    with tarfile.open(tmp_path / "kit.tar.gz") as kit:
        kit.extractall(tmp_path, filter="data")
    check = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    subprocess.run(check, cwd=tmp_path / "demarc-collector", check=True)
    field.add_nodes("aks-work-1-vmss000000", "aks-work-1-vmss000001", skip=FULL)
    field.nodes[1].starts = False
    command = field.command(("dash",))
    command[1] = str(tmp_path / "demarc-collector" / "collect.sh")
    result = subprocess.run(command, env=field.env(), capture_output=True, text=True, check=False)
    assert result.returncode == 3, result.stderr
    bundle = next((field.folder / "out").glob("*.tar"))
    verified = subprocess.run(
        [*demarc, "verify", str(bundle)], capture_output=True, text=True, check=False
    )
    assert "as the manifest says" in verified.stdout, verified.stdout + verified.stderr
    reports = [str(tmp_path / "report.html"), str(tmp_path / "report.json")]
    analyzed = subprocess.run(
        [*demarc, "analyze", str(bundle), "-o", reports[0], "-o", reports[1]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert analyzed.returncode == 0, analyzed.stderr
    report = json.loads(Path(reports[1]).read_text(encoding="utf-8"))
    assert report["cluster"]["nodes"]["total"] == 2
    assert MARK not in Path(reports[0]).read_text(encoding="utf-8")


def test_demarc_collect_runs_the_same_script(field: Field) -> None:
    """The packaged command takes the same options and gives the same bundle."""
    field.add_nodes("aks-work-1-vmss000000")
    script = field.command(("sh",), "--no-daemonset")
    command = [sys.executable, "-m", "analyzer", "collect", *script[2:]]
    result = subprocess.run(command, env=field.env(), capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    bundle = next((field.folder / "out").glob("*.tar"))
    with tarfile.open(bundle) as archive:
        manifest = next(m for m in archive if m.name.endswith("manifest.json"))
        content = archive.extractfile(manifest)
        assert content is not None
        collector = json.load(content)["collector"]
    assert collector == {"name": "demarc-collector", "version": VERSION}
