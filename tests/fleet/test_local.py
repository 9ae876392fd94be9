"""Processes of this machine: one that dies costs its bundle, and nobody else's."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer.fleet.local import run_local
from analyzer.fleet.sources import Source
from analyzer.fleet.work import Task


class _Deadly(Task):
    """Ends the process that unpacks it, as a lack of memory would."""

    def __reduce__(self) -> Any:
        return os._exit, (9,)


class _Endless(Task):
    """Keeps the process that unpacks it."""

    def __reduce__(self) -> Any:
        return time.sleep, (600,)


def _task(path: Path) -> Task:
    return Task(Source(str(path), ""))


def test_a_bundle_that_ends_its_process_is_told_and_the_rest_is_done(bundles: Path) -> None:
    deadly = _Deadly(Source("deadly.tar", ""))
    tasks = [_task(bundles / "bug.tar"), deadly, _task(bundles / "edited.tar")]
    outcomes = {o.source.place: o for o in run_local(tasks, 1, 120)}
    assert len(outcomes) == 3
    assert outcomes["deadly.tar"].state == "failed"
    assert "ended 2 times (exit code 9)" in outcomes["deadly.tar"].error
    assert [o.state for o in outcomes.values()].count("analysed") == 2


def test_bundles_that_take_for_ever_are_given_up() -> None:
    tasks = [_Endless(Source(f"endless-{number}.tar", "")) for number in range(2)]
    start = time.monotonic()
    errors = [(o.state, o.error) for o in run_local(tasks, 1, 1)]
    assert errors == [("failed", "it took longer than 1 seconds")] * 2
    assert time.monotonic() - start < 60


@pytest.mark.skipif(os.name == "nt", reason="processes are ended by a signal")
def test_a_process_that_is_killed_from_outside_costs_nothing(bundles: Path) -> None:
    tasks = [_task(bundles / "bug.tar")] * 3
    states, killed = [], 0
    for outcome in run_local(tasks, 1, 120):
        if not killed:
            for child in multiprocessing.active_children():
                child.kill()
                killed += 1
        states.append(outcome.state)
    assert killed == 1 and states == ["analysed"] * len(tasks)


def test_no_process_is_left_when_the_caller_stops(bundles: Path) -> None:
    running = run_local([_task(bundles / "bug.tar")] * 2, 1, 120)
    next(running)
    assert multiprocessing.active_children()
    running.close()  # type: ignore[attr-defined]
    assert not multiprocessing.active_children()
