"""Real clients against the server: kubectl of several versions, the Python client, plain TLS."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.serve.server import BundleServer
from tests.collectors.kubectls import plain
from tests.needs import package, require
from tests.serve.conftest import NODE, served_files

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


def _out(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("command", "first"),
    [
        ("get nodes -o wide", "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE"),
        ("get pods -A", "NAMESPACE NAME READY STATUS RESTARTS AGE"),
        ("get widgets -n shop", "NAME READY SIZE SINCE"),
        ("get wd -n shop -o wide", "NAME READY SIZE NOTE SINCE"),
        ("get events -n kube-system", "LAST SEEN TYPE REASON OBJECT MESSAGE"),
        ("get pods -A --sort-by=.metadata.name --chunk-size=9", "NAMESPACE NAME READY STATUS"),
        ("top nodes", "NAME CPU(cores)"),
        ("top pods -A --containers", "NAMESPACE POD NAME CPU(cores)"),
        ("api-resources", "NAME SHORTNAMES APIVERSION NAMESPACED KIND"),
        ("get nodes -l agentpool=system -o custom-columns=N:.metadata.name", "N"),
        ("get nodes --watch", "NAME STATUS ROLES AGE VERSION"),
        (f"describe node {NODE}", f"Name: {NODE}"),
        ("auth can-i get pods", "yes"),
        ("auth can-i --list", "Resources Non-Resource URLs"),
        ("get --raw /api/v1/namespaces/kube-system", '{"apiVersion":"v1","kind":"Namespace"'),
        (f"wait --for=condition=Ready node/{NODE} --timeout=10s", f"node/{NODE} condition met"),
    ],
)
def test_kubectl_reads(kubectl: Kubectl, command: str, first: str) -> None:
    lines = _out(kubectl(*command.split()))
    assert " ".join(lines[0].split()).startswith(first)


def test_kubectl_follows_a_workload_to_its_log(kubectl: Kubectl) -> None:
    words = ("logs", "-n", "kube-system", "deployment/coredns", "--tail=1")
    assert len(_out(kubectl(*words))) == 1
    described = _out(kubectl("describe", "deployment", "coredns", "-n", "kube-system"))
    assert any("FailedCreate" in line or "Pod Template" in line for line in described)
    objects = json.loads(kubectl("get", "pods", "-A", "-o", "json").stdout)
    assert objects["kind"] == "List" and len(objects["items"]) > 50


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("get secrets -A", "secrets are never collected"),
        ("get pod none -n shop", 'pods "none" not found'),
        ("delete pod x -n shop", "a bundle is read-only"),
        ("create namespace x", "a bundle is read-only"),
        ("logs -n shop deployment/storefront", "no logs of namespace shop were collected"),
        ("get events -n billing", "the collector was not allowed to read it"),
    ],
)
def test_kubectl_is_told_what_is_not_there(kubectl: Kubectl, command: str, told: str) -> None:
    done = kubectl(*command.split())
    assert done.returncode == 1 and told in done.stderr


def test_the_python_client_lists_pages_watches_and_reads_logs(server: BundleServer) -> None:
    kubernetes = package("kubernetes")
    client = kubernetes.client
    config = kubernetes.config.new_client_from_config(str(server.kubeconfig))
    core = client.CoreV1Api(config)
    assert len(core.list_node().items) == 6
    page = core.list_pod_for_all_namespaces(limit=10)
    assert len(page.items) == 10 and page.metadata._continue
    events = list(kubernetes.watch.Watch().stream(core.list_namespace, timeout_seconds=1))
    assert {event["type"] for event in events} == {"ADDED"}
    with pytest.raises(client.ApiException, match="too old resource version") as gone:
        list(kubernetes.watch.Watch().stream(core.list_namespace, resource_version="7"))
    assert gone.value.status == 410
    widgets = client.CustomObjectsApi(config).list_cluster_custom_object(
        "example.com", "v1beta1", "widgets"
    )
    assert [item["metadata"]["name"] for item in widgets["items"]] == ["left"]
    with pytest.raises(client.ApiException) as refused:
        core.delete_node(NODE)
    assert refused.value.status == 405


def _status_of(server: BundleServer, token: str, host: str = "") -> int:
    trust = ssl.create_default_context(cadata=_authority(server))
    request = urllib.request.Request(f"{server.url}/version")
    if token:
        request.add_header("Authorization", token)
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, context=trust, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        assert json.loads(error.read())["reason"] in ("Unauthorized", "Forbidden")
        return error.code


def _authority(server: BundleServer) -> str:
    import base64

    config = json.loads(server.kubeconfig.read_text(encoding="utf-8"))
    data = config["clusters"][0]["cluster"]["certificate-authority-data"]
    return base64.b64decode(data).decode("ascii")


def test_only_the_token_opens(server: BundleServer) -> None:
    assert _status_of(server, f"Bearer {server.token}") == 200
    for wrong in ("", "Bearer ", "Bearer wrong", server.token, f"Basic {server.token}"):
        assert _status_of(server, wrong) == 401


def test_a_name_of_another_machine_is_refused(server: BundleServer) -> None:
    """A page of a browser whose own name was pointed here (DNS rebinding) sends that name."""
    token = f"Bearer {server.token}"
    for own in ("127.0.0.1", f"127.0.0.1:{server.port}", "localhost:9999", "[::1]:1"):
        assert _status_of(server, token, own) == 200
    for other in (
        "example.com",
        "example.com:443",
        "127.0.0.1.example.com",
        "127.0.0.1@x",
        "[::2]",
    ):
        assert _status_of(server, token, other) == 403


def test_the_folder_is_ours_alone_and_holds_no_key(server: BundleServer) -> None:
    assert not list(server.folder.glob("tls*"))
    if os.name == "posix":
        assert server.kubeconfig.stat().st_mode & 0o077 == 0
        assert server.folder.stat().st_mode & 0o077 == 0


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "analyzer", *words]


def test_shell_runs_one_command_and_gives_its_exit_code(bundle: Path, tmp_path: Path) -> None:
    require(str(plain()))
    words = ("shell", str(bundle), "--", str(plain()), "get", "node", NODE, "-o", "name")
    done = subprocess.run(_command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and done.stdout == f"node/{NODE}\n", done.stderr
    code = "import os, sys; print(os.environ['KUBECONFIG']); sys.exit(7)"
    azure = tmp_path / "managed-cluster.json"
    azure.write_bytes(served_files()["azure/managed-cluster.json"])
    words = ("shell", str(bundle), str(azure), "--", sys.executable, "-c", code)
    done = subprocess.run(_command(*words), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 7
    assert not Path(done.stdout.strip()).exists()


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 0), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_serve_ends_in_order(bundle: Path, name: str, code: int) -> None:
    with subprocess.Popen(
        _command("serve", str(bundle)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        config = Path(line.split("=", 1)[1].strip().strip("'"))
        assert config.name == "kubeconfig" and config.exists()
        _answers(config)
        process.send_signal(getattr(signal, name))
        assert process.wait(timeout=20) == code, process.stderr.read()
    assert not config.parent.exists()


def _answers(config: Path) -> None:
    """Wait until the server of a kubeconfig accepts connections: signals before go elsewhere."""
    import socket
    import time

    server = json.loads(config.read_text(encoding="utf-8"))["clusters"][0]["cluster"]["server"]
    port = int(server.rsplit(":", 1)[1])
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not answer")


def test_an_unreadable_bundle_and_a_taken_port_are_one_line(bundle: Path, tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        words = [("serve", str(tmp_path / "none.tar")), ("serve", str(bundle), "--port", port)]
        for command in words:
            done = subprocess.run(
                _command(*command), capture_output=True, text=True, timeout=60, check=False
            )
            assert done.returncode == 2 and done.stderr.startswith("error: "), done.stderr
            assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("shell", "--", "--", "kubectl"), "no bundle is named"),
        (("shell", "-", "--", "kubectl"), "standard input is the shell's own"),
        (("serve", "-", "-"), "standard input can be read only once"),
    ],
)
def test_what_cannot_be_an_input_is_refused(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from analyzer.cli import run

    assert run([word if word != "kubectl" else sys.executable for word in words]) == 2
    assert told in capsys.readouterr().err


def test_without_the_server_s_packages_the_command_says_what_to_install(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from analyzer.cli import run
    from analyzer.cli import serve as command

    monkeypatch.setattr(command, "find_spec", lambda name: None)
    assert run(["serve", str(bundle)]) == 2
    told = capsys.readouterr().err
    assert "starlette, uvicorn, cryptography" in told and "pip install 'aks-demarc[serve]'" in told
