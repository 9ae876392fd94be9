"""``make wheelhouse`` and an environment that was filled from it alone: made once for all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.meta.installed import Installed, install
from tests.meta.once import once
from tests.needs import require

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make wheelhouse`` leaves."""
    require("make")
    return once(tmp_path_factory, "checkout", _make_wheelhouse) / "build" / "wheelhouse"


def _make_wheelhouse(folder: Path) -> None:
    """Run it in a copy: builds in one folder would meet."""
    for name in ("analyzer", "reports", "collectors", ".ci"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile"):
        shutil.copyfile(ROOT / name, folder / name)
    environment = Path(sys.prefix)
    ready = ["-o", str(environment / ".project"), f"VENV={environment}"]
    subprocess.run(["make", "wheelhouse", "EXTRAS=", *ready], cwd=folder, check=True)


@pytest.fixture(scope="session")
def installed(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """demarc in an environment that knows nothing else; no test changes it."""

    def make(folder: Path) -> None:
        venv.create(folder / "env", with_pip=True)
        install(_in(folder), wheelhouse, "aks-demarc")

    return _in(once(tmp_path_factory, "laptop", make))


@pytest.fixture(scope="session")
def with_plugins(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The same in another environment, with the plugins of the page and broken ones."""
    from tests.meta.acme import write_plugins

    def make(folder: Path) -> None:
        venv.create(folder / "env", with_pip=False)
        wheels = folder / "wheels"
        shutil.copytree(wheelhouse, wheels)
        install(_in(folder), wheels, "aks-demarc", *write_plugins(wheels))

    return _in(once(tmp_path_factory, "plugged", make))


def _in(folder: Path) -> Installed:
    return Installed(folder / "env" / ("Scripts" if os.name == "nt" else "bin"))
