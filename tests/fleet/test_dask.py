"""Workers that run already: a real cluster on loopback, one worker of which is killed."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.fleet.errors import FleetError
from analyzer.fleet.run import FleetOptions, run_fleet
from tests.fleet.made import Made
from tests.needs import package

distributed = package("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, each a process with one thread."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


def _engine(cluster: Any) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


@pytest.mark.skipif(os.name == "nt", reason="the worker is ended by a signal")
def test_a_worker_that_is_killed_mid_run_costs_no_bundle(
    made: Made, cluster: Any, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(4):
        for name in ("bug", "edited"):
            shutil.copy(made.bundles / f"{name}.tar", tmp_path / "in" / f"{name}-{number}.tar")
    killed: list[int] = []

    def kill_one(outcome: Any, done: int, total: int) -> None:
        if killed:
            return
        for address, worker in cluster.scheduler.workers.items():
            if worker.processing:  # it has bundles in hand
                (nanny,) = [n for n in cluster.workers.values() if n.worker_address == address]
                killed.append(nanny.pid)
                os.kill(nanny.pid, signal.SIGKILL)
                return

    options = FleetOptions(engine=_engine(cluster))
    result = run_fleet([str(tmp_path / "in")], tmp_path / "f", options, kill_one)
    assert len(killed) == 1
    assert (result.found, result.analysed, result.not_analysed) == (8, 8, ())
    assert not Path(f"/proc/{killed[0]}").exists() or os.name != "posix"


def test_the_engine_gives_the_bytes_that_processes_give(
    made: Made, cluster: Any, tmp_path: Path
) -> None:
    result = run_fleet([str(made.bundles)], tmp_path / "f", FleetOptions(engine=_engine(cluster)))
    assert [outcome.source.name for outcome in result.not_analysed] == ["broken.tar"]
    for path in sorted(made.folder.glob("*.*")):
        assert (tmp_path / "f" / path.name).read_bytes() == path.read_bytes(), path.name


def test_nobody_there_is_one_clear_line(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.fleet.dask_engine._CONNECT_SECONDS", 1)
    with pytest.raises(FleetError, match=r"dask://127\.0\.0\.1:1 does not answer") as caught:
        run_fleet([str(made.bundles)], tmp_path, FleetOptions(engine="dask://127.0.0.1:1"))
    assert "\n" not in caught.value.what


def test_a_worker_of_another_version_is_refused(
    made: Made, cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.fleet.work.VERSION", "0.0.1")  # here, not at the workers
    with pytest.raises(FleetError, match=r"has demarc \S+, rows \d+; here is demarc 0\.0\.1"):
        run_fleet([str(made.bundles)], tmp_path, FleetOptions(engine=_engine(cluster)))
