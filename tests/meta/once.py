"""Make something costly once for a whole test run, however many processes the run has."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

_WAIT_SECONDS = 300


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by ``make`` in the process that comes first.

    Raises:
        RuntimeError: the process that came first did not get it done.
    """
    top = factory.getbasetemp()
    folder = (top.parent if "PYTEST_XDIST_WORKER" in os.environ else top) / name
    done, failed = folder.with_name(f"{name}.done"), folder.with_name(f"{name}.failed")
    try:
        folder.mkdir()
    except FileExistsError:
        _wait_for(done, failed)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        raise
    done.touch()
    return folder


def _wait_for(done: Path, failed: Path) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not done.exists():
        if failed.exists() or time.monotonic() > end:
            raise RuntimeError(f"{done.stem} was not made; the test that came first says why")
        time.sleep(0.1)
