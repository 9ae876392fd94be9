"""``make wheelhouse``, an environment that knows nothing else, and plugins in it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fixtures.build import scenario, tree, write
from tests.meta.wheels import write_wheel
from tests.needs import require

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_CRASHES = '''"""It breaks.

What it means: a
Why it matters: b
How we know: c
What to do:
  customer: d
References: e
"""
from analyzer.rules.api import Rule
RULE = Rule(id="ACME-BAD-001", title="It breaks", component="x", clauses=("SHR-01",))
SEVERITY = {"default": "high"}
def check():
    yield 1 / 0
'''


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make wheelhouse`` leaves, made in a copy: builds in one folder would meet."""
    require("make")
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("analyzer", "reports", "collectors", ".ci"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "Makefile"):
        shutil.copyfile(ROOT / name, folder / name)
    environment = Path(sys.prefix)
    ready = ["-o", str(environment / ".project"), f"VENV={environment}"]
    subprocess.run(["make", "wheelhouse", "EXTRAS=", *ready], cwd=folder, check=True)
    return folder / "build" / "wheelhouse"


@pytest.fixture(scope="module")
def python(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a new environment that was filled from the wheelhouse alone."""
    folder = tmp_path_factory.mktemp("laptop")
    venv.create(folder / "env", with_pip=False)
    binaries = folder / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / ("python.exe" if os.name == "nt" else "python")
    _install(python, wheelhouse, "aks-demarc")
    return python


def _install(python: Path, wheels: Path, *what: str) -> None:
    """Install without any index, whatever the machine's settings of pip say."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-index", "--find-links", str(wheels), *what],
        env=clean | {"PIP_CONFIG_FILE": os.devnull},
        check=True,
    )


def _demarc(
    python: Path, *arguments: str, cwd: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    command = [str(python.with_name("demarc")), *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | more
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def test_the_sums_are_of_the_wheels(wheelhouse: Path) -> None:
    lines = (wheelhouse / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    named = dict(reversed(line.split("  ")) for line in lines)
    wheels = {path.name: path for path in wheelhouse.glob("*.whl")}
    assert set(named) == set(wheels) and len(wheels) > 10
    for name, path in wheels.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == named[name]


def test_it_starts_and_completes_in_the_new_environment(python: Path, tmp_path: Path) -> None:
    done = _demarc(python, "--version", cwd=tmp_path)
    assert done.returncode == 0 and "demarc" in done.stdout
    for shell in ("bash", "zsh", "fish"):
        done = _demarc(python, cwd=tmp_path, _DEMARC_COMPLETE=f"{shell}_source")
        assert done.returncode == 0 and "_DEMARC_COMPLETE" in done.stdout


def _blocks(kind: str) -> list[str]:
    """The examples of the page on plugins."""
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    return [match["text"] for match in _BLOCK.finditer(text) if match["kind"] == kind]


def _plugins(folder: Path) -> list[str]:
    """The plugin that the page shows, and one that is broken in every way."""
    rule, layout = _blocks("python")
    write_wheel(
        folder,
        "acme-rules",
        {"acme_rules/__init__.py": "", "acme_rules/owner.py": rule, "acme_layouts.py": layout},
        {
            "demarc.rules": {"acme": "acme_rules"},
            "demarc.layouts": {"acme-dump": "acme_layouts:AcmeLayout"},
        },
    )
    broken = {
        "acme_stops.py": "raise SystemExit(7)\n",
        "acme_fails.py": "raise RuntimeError('not today')\n",
        "acme_taken.py": _CRASHES.replace("ACME-BAD-001", "AKS-NODE-001"),
        "acme_crashes.py": _CRASHES,
        "acme_layout.py": "class Bad:\n    def match(self, names, label):\n        return 1 / 0\n",
    }
    rules = {name.removesuffix(".py"): name.removesuffix(".py") for name in list(broken)[:4]} | {
        "acme_gone": "acme_no_such_module"
    }
    points: Mapping[str, Mapping[str, str]] = {
        "demarc.rules": rules,
        "demarc.layouts": {"bad": "acme_layout:Bad", "none": "json:dumps"},
    }
    write_wheel(folder, "acme-broken", broken, points)
    return ["acme-rules", "acme-broken"]


def _analyse(python: Path, what: Path, cwd: Path) -> tuple[dict[str, Any], str]:
    done = _demarc(python, "analyze", str(what), "-q", "-f", "json", "--no-report", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def with_plugins(
    python: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """The report and the standard error of an analysis with good and with broken plugins."""
    folder = tmp_path_factory.mktemp("plugins")
    _install(python, folder, *_plugins(folder))
    world = tree(scenario({"name": "p", "base": "overlay", "faults": []}))
    return _analyse(python, write(world, folder / "p.tar"), folder)


def test_the_rule_of_the_page_runs(with_plugins: tuple[dict[str, Any], str]) -> None:
    report, _ = with_plugins
    found = [finding for finding in report["findings"] if finding["rule"] == "ACME-OWN-001"]
    assert found and {finding["severity"] for finding in found} == {"low"}
    assert all(finding["owner"] == "customer" and finding["evidence"] for finding in found)
    assert "Rules of acme-rules 1.0 took part: 1." in report["notices"]


def test_broken_plugins_are_told_and_skipped(with_plugins: tuple[dict[str, Any], str]) -> None:
    report, errors = with_plugins
    told = [line for line in report["notices"] if "was left out" in line]
    for name, why in (
        ("acme_stops", "SystemExit: 7"),
        ("acme_fails", "RuntimeError: not today"),
        ("acme_taken", "the id AKS-NODE-001 is taken"),
        ("acme_gone", "No module named"),
        ("none", "no method match"),
    ):
        (line,) = [line for line in told if f"Plugin '{name}' of acme-broken 1.0" in line]
        assert why in line and line in errors
    assert "Traceback" not in errors
    assert [check["rule"] for check in report["crashed"]] == ["ACME-BAD-001"]


def test_the_layout_of_the_page_is_read(
    python: Path, with_plugins: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    world = tree(scenario({"name": "p", "base": "overlay"}))
    for name in ("nodes.json", "pods/kube-system.json", "pods/shop.json"):
        target = tmp_path / "dump" / "acme" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(world[f"cluster/resources/core/{name}"])
    report, errors = _analyse(python, tmp_path / "dump", tmp_path)
    assert report["bundle"]["layout"] == "acme-dump" and report["cluster"]["nodes"]["total"] > 0
    assert "'bad' of acme-broken 1.0 was left out: ZeroDivisionError" in errors
