"""What a test needs from the machine: skipped where it is missing, a failure in CI."""

from __future__ import annotations

import importlib
import os
import shutil
from typing import Any, NoReturn

import pytest


def lacking(what: str) -> NoReturn:
    """Skip the test with that reason; with ``CI=true`` fail it."""
    stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
    stop(what)


def require(*tools: str) -> None:
    """Every one of these programs (names or paths) must be there."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        lacking(f"not installed here: {', '.join(missing)}")


def package(name: str) -> Any:
    """The package of that name; in CI a missing one is an error like any other."""
    if os.environ.get("CI") == "true":
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is not installed here")
