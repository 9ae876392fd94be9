"""No command but ``serve`` opens a socket; and each works on a machine without any network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import COMMANDS
from fixtures.build import scenario, tree, write

ROOT = Path(__file__).parents[2]
#: They serve kubectl on loopback, or start it.
ON_THE_NETWORK = {"serve", "shell", "collect"}
#: Runs commands one after the other and prints, for each, its exit code and every socket call,
#: whatever library makes it: the interpreter itself tells of them (PEP 578).
GUARD = """
import json, sys
seen = []
def hook(event, args):
    if event.startswith("socket.") or event in ("urllib.Request", "http.client.connect"):
        seen.append(event)
sys.addaudithook(hook)
from analyzer.cli import run
found = {}
for name, arguments in json.load(sys.stdin):
    seen.clear()
    code = run([name, *arguments])
    found[name] = [code, list(seen)]
with open(sys.argv[1], "w") as out:
    json.dump(found, out)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("offline")
    world = {"name": "offline", "base": "overlay", "seed": 5, "pools": {"system": 1, "work": 1}}
    write(tree(scenario(world | {"faults": [{"name": "pod-crash-looping"}]})), root / "b.tar")
    write(tree(scenario(world)), root / "a.tar")
    return root


def calls(folder: Path) -> dict[str, list[str]]:
    """One call of each command, on real input where it takes any."""
    bundle = str(folder / "b.tar")
    return {
        "analyze": [bundle, "-o", str(folder / "r.html"), "-o", str(folder / "r.json"), "--force"],
        "ticket": [bundle, "-o", str(folder / "t.zip"), "--force"],
        "diff": [str(folder / "a.tar"), bundle],
        "inspect": [bundle],
        "verify": [bundle],
        "seal": [bundle, "-r", "age1nobody"],
        "unseal": [bundle, "-i", bundle],
        "redact": [bundle, "-o", str(folder / "x.tar"), "--force"],
        "unmask": [str(folder / "r.json"), "--key", str(folder / "x.key.json")],
        "explain": ["AKS-NODE-001"],
        "list": ["rules"],
        "baseline": ["show"],
        "cves": ["--help"],
        "kit": ["-o", str(folder / "kit.tar.gz")],
        "schema": [],
        "config": [],
    }


def guarded(
    folder: Path, calls: list[tuple[str, list[str]]], before: tuple[str, ...]
) -> dict[str, tuple[int, list[str]]]:
    """Exit code and socket calls of each command."""
    target = folder / "found.json"
    done = subprocess.run(
        [*before, sys.executable, "-c", GUARD, str(target)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)},
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0 and "This is a bug" not in done.stderr, done.stderr
    return {name: (code, seen) for name, (code, seen) in json.loads(target.read_text()).items()}


def without_network() -> tuple[str, ...]:
    """What runs a command where there is no interface that is up; nothing where that cannot be."""
    if sys.platform != "linux":
        return ()
    if shutil.which("unshare") is None and os.environ.get("CI") == "true":
        pytest.fail("unshare is missing: install util-linux")
    for form in (("unshare", "-n"), ("unshare", "-rn")):
        if shutil.which("unshare") and _works(form):
            return form
    return ()


def _works(form: tuple[str, ...]) -> bool:
    return subprocess.run([*form, "true"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, tuple[int, list[str]]]:
    """Every command once: without a network where this machine allows that."""
    known = calls(folder)
    wanted = [name for name in COMMANDS if name not in ON_THE_NETWORK]
    return guarded(folder, [(n, known.get(n, ["--help"])) for n in wanted], without_network())


def test_no_command_opens_a_socket(found: dict[str, tuple[int, list[str]]]) -> None:
    assert set(found) == set(COMMANDS) - ON_THE_NETWORK
    assert {name: seen for name, (_, seen) in found.items() if seen} == {}


def test_every_command_works_without_any_interface(
    found: dict[str, tuple[int, list[str]]],
) -> None:
    if not without_network():
        pytest.skip("this machine allows no network namespaces")
    codes = {name: code for name, (code, _) in found.items()}
    wrong_keys = {"seal": 2, "unseal": 2}
    assert codes == dict.fromkeys(codes, 0) | wrong_keys


def test_there_is_no_interface_and_the_guard_notices_sockets(folder: Path) -> None:
    form = without_network()
    code = GUARD.replace(
        "code = run([name, *arguments])", "import socket; socket.socket(); code = 0"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    target = folder / "guard.json"
    command = [sys.executable, "-c", code, str(target)]
    subprocess.run(command, input='[["x", []]]', text=True, env=environment, check=True)
    assert json.loads(target.read_text())["x"][1]
    if form:
        look = [*form, "cat", "/proc/net/dev"]
        shown = subprocess.run(look, capture_output=True, text=True, check=True).stdout
        assert [line.split(":")[0].strip() for line in shown.splitlines()[2:]] in ([], ["lo"])
