"""A small fleet on disk and its tables, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from analyzer.fleet.run import FleetOptions, run_fleet
from analyzer.fleet.work import Outcome, Task, analyse_one
from fixtures.build import scenario, tree, write
from tests.fleet.made import Made

#: File name → scenario. ``prod`` was collected twice; the seed makes the identity of a cluster.
WORLDS: dict[str, dict[str, Any]] = {
    "prod-1": {"name": "prod", "seed": 1, "base": "overlay", "kubernetes": "1.33",
               "faults": [{"name": "node-image-old"}]},
    "prod-2": {"name": "prod", "seed": 1, "base": "overlay", "kubernetes": "1.34"},
    "edited": {"name": "edited", "seed": 2, "base": "overlay", "kubernetes": "1.33",
               "faults": [{"name": "managed-workload-edited"}]},
    "bug": {"name": "bug", "seed": 3, "base": "overlay", "kubernetes": "1.34",
            "faults": [{"name": "runc-container-stopped"}]},
    "byocni": {"name": "byocni", "seed": 4, "base": "byocni-calico"},
}  # fmt: skip


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five bundles, a copy of one, a broken one, and a file that is none."""
    folder = tmp_path_factory.mktemp("fleet") / "bundles"
    (folder / "more").mkdir(parents=True)
    for name, content in WORLDS.items():
        write(
            tree(scenario({"pools": {"system": 1, "work": 2}, **content})), folder / f"{name}.tar"
        )
    shutil.copy(folder / "bug.tar", folder / "more" / "copy-of-bug.tar")
    (folder / "more" / "broken.tar").write_bytes(b"not an archive")
    (folder / "notes.txt").write_text("nothing", encoding="utf-8")
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Analyse in the test's own process: for what is the same however a bundle is analysed."""

    def run_here(tasks: Sequence[Task], workers: int, seconds: float) -> Iterator[Outcome]:
        yield from (analyse_one(task) for task in tasks)

    monkeypatch.setattr("analyzer.fleet.run.run_local", run_here)


@pytest.fixture(scope="session")
def made(bundles: Path) -> Made:
    """The fleet of these bundles, by two processes."""
    folder = bundles.parent / "fleet"
    result = run_fleet([str(bundles)], folder, FleetOptions(workers=2))
    return Made(bundles, folder, result)
