"""The scripts as texts: portable, complete, documented, and a dry run that does nothing."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.needs import require

from .conftest import COLLECTORS, node_env, stub

SCRIPTS = sorted(COLLECTORS.rglob("*.sh"))
ENTRIES = [
    "collect.sh",
    "node/collect-node.sh",
    "cluster/collect-cluster.sh",
    "azure/export-azure.sh",
]
CAPABILITIES = {"SYS_CHROOT", "NET_ADMIN", "NET_RAW", "SYSLOG", "DAC_READ_SEARCH"}


def test_shellcheck_is_clean() -> None:
    """All scripts, followed through their includes, without a finding of any level."""
    require("shellcheck")
    entries = [str(COLLECTORS / entry) for entry in ENTRIES]
    libraries = [str(path) for path in SCRIPTS]
    result = subprocess.run(
        ["shellcheck", "-s", "sh", "-x", *entries, *libraries],
        capture_output=True,
        text=True,
        check=False,
        cwd=COLLECTORS,
    )
    assert result.stdout == ""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(COLLECTORS)))
def test_every_script_parses(path: Path, shell: tuple[str, ...]) -> None:
    """Both shells read it."""
    subprocess.run([*shell, "-n", str(path)], check=True)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: str(p.relative_to(COLLECTORS)))
def test_no_word_that_the_house_forbids(path: Path) -> None:
    """No eval, no local, no arrays, no bash, no jq, no timeout(1)."""
    code = [
        line.split(" #")[0]
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.lstrip().startswith("#")
    ]
    for line in code:
        assert not re.search(r"(^|[;&|(\s])(eval|local|declare|jq|bash|timeout|source)\s", line), (
            line
        )
        assert "[[" not in line.replace("[[:", ""), line


def kustomize(overlay: str) -> list[dict[str, Any]]:
    """The objects of an overlay, rendered by the system's kubectl."""
    require("kubectl")
    result = subprocess.run(
        [
            "kubectl",
            "kustomize",
            "--load-restrictor",
            "LoadRestrictionsNone",
            str(COLLECTORS / "manifests/overlays" / overlay),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(yaml.safe_load_all(result.stdout))


@pytest.mark.parametrize("overlay", ["amd64", "arm64", "own-image"])
def test_pods_have_no_more_rights_than_said(overlay: str) -> None:
    """No token, no privilege, named capabilities, read-only mounts of folders that must exist."""
    objects = {o["kind"]: o for o in kustomize(overlay)}
    assert set(objects) == {"Namespace", "ServiceAccount", "ConfigMap", "DaemonSet"}
    assert (
        objects["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "privileged"
    )
    assert objects["ServiceAccount"]["automountServiceAccountToken"] is False
    pod = objects["DaemonSet"]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["tolerations"] == [{"operator": "Exists"}]
    container = pod["containers"][0]
    security = container["securityContext"]
    assert security["privileged"] is False and security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {
        "drop": ["ALL"],
        "add": sorted(
            security["capabilities"]["add"], key=list(security["capabilities"]["add"]).index
        ),
    }
    assert set(security["capabilities"]["add"]) == CAPABILITIES
    assert {"memory", "cpu", "ephemeral-storage"} <= set(container["resources"]["limits"])
    volumes = {v["name"]: v for v in pod["volumes"]}
    for mount in container["volumeMounts"]:
        host = volumes[mount["name"]].get("hostPath")
        assert host is None or (mount["readOnly"] is True and host["type"] == "Directory")
    mounts = {m["mountPath"] for m in container["volumeMounts"]}
    assert ("/lib64" in mounts) == (overlay == "amd64")
    assert container["imagePullPolicy"] == ("IfNotPresent" if overlay == "own-image" else "Never")


def test_config_map_holds_every_script_of_the_node_part() -> None:
    """What collect-node.sh includes is there, and each file is the one of the kit."""
    config_map = next(o for o in kustomize("amd64") if o["kind"] == "ConfigMap")
    wanted = {path.name for path in (COLLECTORS / "node").glob("*.sh")}
    wanted |= {
        "limits.sh",
        "take.sh",
        "since.sh",
        "paths.sh",
        "mask.awk",
        "mask-lines.awk",
        "json.awk",
        "mask-json.awk",
    }
    assert set(config_map["data"]) == wanted
    assert sum(len(text) for text in config_map["data"].values()) < 1_000_000


def test_capability_table_is_in_the_readme() -> None:
    """Who approves the run reads the same list that the manifest asks for."""
    readme = (COLLECTORS / "README.md").read_text(encoding="utf-8")
    assert set(
        re.findall(r"^\| .*`(SYS_CHROOT|NET_ADMIN|NET_RAW|SYSLOG|DAC_READ_SEARCH)`", readme, re.M)
    ) >= CAPABILITIES - {"NET_RAW"}
    assert "`NET_RAW`" in readme


def options_of(script: str) -> set[str]:
    """The long options that a script's case statements take."""
    text = (COLLECTORS / script).read_text(encoding="utf-8")
    return set(re.findall(r"(?:^|[\s|(])(--[a-z-]+)(?=[|)])", text, re.M))


def test_every_option_is_in_the_help_and_the_design(shell: tuple[str, ...]) -> None:
    """--help names each option; the agreed ones are all there."""
    text = subprocess.run(
        [*shell, str(COLLECTORS / "collect.sh"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = options_of("collect.sh")
    assert options, "no option was found in the script"
    assert {o for o in options if o not in text} == set()
    agreed = {
        "--dry-run",
        "--resume",
        "--nodes",
        "--selector",
        "--max-nodes",
        "--since",
        "--max-node-mb",
        "--concurrency",
        "--timeout",
        "--no-daemonset",
        "--namespace",
        "--context",
        "--kubeconfig",
        "--out",
        "--logs-namespace",
        "--image",
        "--qps",
    }
    assert agreed <= options


def test_options_are_in_the_approval_page() -> None:
    """The page for the approver knows --dry-run, --skip and how the bundle is redacted."""
    page = (COLLECTORS.parent / "docs/collector-approval.md").read_text(encoding="utf-8")
    for word in (
        "--dry-run",
        "--skip",
        "demarc redact",
        "az aks command invoke",
        "Windows",
        "Pod Security",
        "Azure Policy",
    ):
        assert word in page


@pytest.mark.parametrize(
    "args",
    [
        ["--max-nodes", "0"],
        ["--since", "yesterday"],
        ["--nope"],
        ["--qps"],
        ["--namespace", "A b"],
        ["--image", "x; rm"],
        ["--resume", "/nowhere"],
        ["--timeout", "5x"],
    ],
)
def test_wrong_usage_is_exit_code_2(
    args: list[str], shell: tuple[str, ...], tmp_path: Path
) -> None:
    """And says what it wanted, before anything is done."""
    stub(tmp_path / "bin", "kubectl", f"echo called >>{tmp_path}/called; exit 1")
    env = node_env(KUBECTL=str(tmp_path / "bin/kubectl"))
    result = subprocess.run(
        [*shell, str(COLLECTORS / "collect.sh"), *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=env,
    )
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("demarc: ")
    assert not (tmp_path / "called").exists()


def test_dry_run_prints_all_and_touches_nothing(shell: tuple[str, ...], tmp_path: Path) -> None:
    """Commands, paths, objects and rights are listed; no server is called, no file stays."""
    require("kubectl")
    stub(
        tmp_path / "bin",
        "kubectl",
        f'case $1 in kustomize) exec kubectl "$@";; esac; echo "$@" >>{tmp_path}/called; exit 1',
    )
    env = node_env(KUBECTL=str(tmp_path / "bin/kubectl"), TMPDIR=str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    result = subprocess.run(
        [*shell, str(COLLECTORS / "collect.sh"), "--dry-run"],
        capture_output=True,
        text=True,
        check=False,
        cwd=work,
        env=env,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for text in (
        "iptables-save -c",
        "cat /etc/os-release",
        "pods?limit=500",
        "kind: DaemonSet",
        "hostPath",
        "pods/exec",
        "nodes/proxy",
        "stats/summary",
        "169.254.169.254" if "IMDS_URL" not in env else "127.0.0.1:1",
    ):
        assert text in result.stdout, text
    assert not (tmp_path / "called").exists()
    assert list(work.iterdir()) == []
    assert {p.name for p in tmp_path.iterdir()} == {"bin", "work"}


def test_secrets_are_named_nowhere_in_requests() -> None:
    """The only mention of the resource is the one that leaves it out."""
    for path in SCRIPTS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if re.search(r"\bsecrets\b", line) and not line.lstrip().startswith("#"):
                assert (
                    "componentstatuses" in line
                    or "but secrets" in line
                    or "Secrets are not read" in line
                ), line


def test_node_script_is_small_enough_to_read() -> None:
    """Change control reads it: no script is longer than 400 lines, no line longer than 200."""
    for path in [*SCRIPTS, *COLLECTORS.rglob("*.awk")]:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, path
        assert max(map(len, lines)) <= 200, path
