"""Runs that are killed: no partial output stays under its name, and a new run is not disturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fixtures.build import scenario, tree, write

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a thing of Unix")
#: Shares of the time of a whole run after which it is killed.
SHARES = (0.5, 0.85, 1.0)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    world = {"name": "killed", "base": "overlay", "seed": 5, "pools": {"system": 1}}
    return write(tree(scenario(world)), tmp_path_factory.mktemp("killed") / "b.tar")


def start(bundle: Path, folder: Path, name: str) -> subprocess.Popen[bytes]:
    commands = {
        "analyze": ["analyze", str(bundle), "-q", "-o", "r.html", "-o", "r.json", "--force"],
        "redact": ["redact", str(bundle), "-o", "r.tar", "-q", "--force"],
    }
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "analyzer", *commands[name]],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["analyze", "redact"])
def test_killed_at_any_time_leaves_whole_files_or_none(
    bundle: Path, tmp_path: Path, name: str
) -> None:
    before = time.monotonic()
    assert start(bundle, tmp_path, name).wait(timeout=120) == 0
    took = time.monotonic() - before
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    same = {file for file in whole if name == "analyze"}  # a redaction has a key of its own
    assert whole
    for share in SHARES:
        for file in whole:
            (tmp_path / file).unlink(missing_ok=True)
        process = start(bundle, tmp_path, name)
        time.sleep(took * share)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)
        shown = {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.startswith(".")}
        assert set(shown) <= set(whole)
        assert all(shown[file] == whole[file] for file in same & set(shown))
        assert all(len(data) > 0 for data in shown.values())
    assert start(bundle, tmp_path, name).wait(timeout=120) == 0
    after = {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.startswith(".")}
    assert set(after) == set(whole)
    assert all(after[file] == whole[file] for file in same)
