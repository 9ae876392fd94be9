"""The same commands with kubectl 1.28, 1.31, 1.34 and 1.37."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.needs import lacking
from tests.serve.clients import MINORS, kubectl
from tests.serve.conftest import NODE

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]
_READ_ONLY = "a bundle is read-only"
_CONFIG_MAP = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"shop"}}'


@pytest.fixture(params=MINORS)
def run(request: pytest.FixtureRequest, kubectl: Kubectl) -> Kubectl:
    """One kubectl; None of that version is no failure: they come from other people's packages."""
    binary = _binary(request.param)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return kubectl(*words, binary=binary)

    return call


def _binary(minor: str) -> Path:
    found = kubectl(minor)
    if found is None:
        lacking(f"no kubectl 1.{minor} here; tests/serve/clients.py says how to get it")
    return found


def test_every_version_reads_and_is_refused(run: Kubectl, tmp_path: Path) -> None:
    """Few calls, since each starts a program: what versions ask for in ways of their own."""
    assert len(run("get", "nodes").stdout.splitlines()) == 7
    assert run("get", "wd", "-A", "-o", "name").stdout == "widget.example.com/left\n"
    watched = run("get", "nodes", "--watch", "--output-watch-events")
    assert watched.returncode == 0 and watched.stdout.count("ADDED") == 6
    assert f"Name:               {NODE}" in run("describe", "node", NODE).stdout
    assert run("auth", "can-i", "get", "pods").stdout == "yes\n"
    assert len(run("top", "pods", "-n", "kube-system").stdout.splitlines()) > 20
    assert run("logs", "-n", "kube-system", "deploy/coredns", "--tail=1").stdout.count("\n") == 1
    events = run("events", "-n", "kube-system")
    assert "reckons ages by the clock of this machine" in events.stderr and events.returncode == 0
    path = tmp_path / "map.json"
    path.write_text(_CONFIG_MAP, encoding="utf-8")
    for words in (
        ("apply", "-f", str(path)),
        ("delete", "node", NODE),
        ("exec", "-n", "kube-system", "deploy/coredns", "--", "ls"),
    ):
        refused = run(*words)
        assert refused.returncode == 1 and _READ_ONLY in refused.stderr, (words, refused.stderr)
