"""The supply chain: pinned packages, few of them at run time, and a list of what is inside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.needs import package

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
#: Packages that run with demarc, its own dependencies' dependencies included. A new one has to be
#: wanted: add it here with the change that needs it.
RUN_TIME_MAX = 24


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Version and number of sums of each package of a lock."""
    found: dict[str, tuple[str, int]] = {}
    package = ""
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==([^ ;]+)", line):
            package = canonicalize_name(match[1])
            found[package] = (match[2], 0)
        found_sums = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line))
        if package and found_sums:
            found[package] = (found[package][0], found[package][1] + found_sums)
    return found


def asked_for(*extras: str) -> list[Requirement]:
    """What the project asks for, with some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    needs = [Requirement(line) for line in lines]
    return [n for n in needs if n.name != project["name"] and (not n.marker or n.marker.evaluate())]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_sums_and_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--(?:extra-)?index-url|--find-links|@ ", text)
    packages = locked(name)
    assert packages and all(sums for _, sums in packages.values())


@pytest.mark.skipif(sys.platform != "linux", reason="the locks are made for Linux")
@pytest.mark.parametrize(("name", "extras"), [(LOCKS[0], ("seal",)), (LOCKS[1], ("dev", "seal"))])
def test_the_locks_hold_what_the_project_asks_for(name: str, extras: tuple[str, ...]) -> None:
    packages = locked(name)
    for need in asked_for(*extras):
        version, _ = packages.get(canonicalize_name(need.name), ("", 0))
        assert version, f"{need.name} is not in {name}: run make lock"
        assert need.specifier.contains(version), f"{need} against {version}: run make lock"


def test_run_time_needs_few_packages() -> None:
    optional = {"pyrage", "cryptography", "cffi", "pycparser"}
    packages = set(locked("requirements.txt")) - optional
    assert len(packages) <= RUN_TIME_MAX, sorted(packages)


def test_the_list_of_materials_is_whole_and_the_same_each_time(tmp_path: Path) -> None:
    package("cyclonedx")
    texts = []
    for name in ("a.json", "b.json"):
        command = [sys.executable, str(ROOT / ".ci" / "sbom.py"), str(tmp_path / name)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        texts.append((tmp_path / name).read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    document = json.loads(texts[0])
    names = {component["name"] for component in document["components"]}
    assert {canonicalize_name(need.name) for need in asked_for("seal")} <= names
    assert document["metadata"]["component"]["name"] == "aks-demarc"
    assert not {"pytest", "ruff", "mypy"} & names
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(texts[0]) is None
