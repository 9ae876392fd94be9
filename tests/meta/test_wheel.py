"""The wheel works by itself: installed into an empty environment, run outside of the checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from fixtures.build import scenario, tree, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of an environment that holds the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # builds in one folder would meet
    for name in ("analyzer", "reports", "collectors"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    out = ["--outdir", str(folder / "dist")]
    build = [sys.executable, "-m", "build", "--wheel", *out, str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("aks_demarc-*.whl")
    venv.create(folder / "env", with_pip=True)
    binaries = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    install = [str(binaries / "python"), "-m", "pip", "install", "-q", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    return binaries


def _run(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = [str(installed / "demarc"), *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_it_analyses_and_reports(installed: Path, tmp_path: Path) -> None:
    bundle = write(tree(scenario({"name": "w", "base": "byocni-calico"})), tmp_path / "w.tar")
    done = _run(
        installed, "analyze", str(bundle), "-q", "-o", "r.html", "-o", "r.json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["cluster"]["aks"] == "yes"
    assert "<style>" in (tmp_path / "r.html").read_text(encoding="ascii")


def test_the_collector_travels_with_it(installed: Path, tmp_path: Path) -> None:
    done = _run(installed, "kit", "-o", "kit.tar.gz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    dry = _run(installed, "collect", "--help", cwd=tmp_path)
    assert dry.returncode == 0 and "--dry-run" in dry.stdout


def test_data_files_and_types_travel_with_it(installed: Path, tmp_path: Path) -> None:
    for what in ("rules", "clauses", "components", "bugs"):
        done = _run(installed, "list", what, cwd=tmp_path)
        assert done.returncode == 0 and done.stdout.count("\n") >= 20, done.stderr
    code = (
        "from importlib.resources import files;"
        "print(files('analyzer').joinpath('py.typed').is_file())"
    )
    python = [str(installed / "python"), "-c", code]
    shown = subprocess.run(python, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "True"
