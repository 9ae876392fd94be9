"""``make wheelhouse``, an environment that knows nothing else, and plugins in it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.build import scenario, tree, write
from tests.meta.installed import Installed


def test_the_sums_are_of_the_wheels(wheelhouse: Path) -> None:
    lines = (wheelhouse / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    named = dict(reversed(line.split("  ")) for line in lines)
    wheels = {path.name: path for path in wheelhouse.glob("*.whl")}
    assert set(named) == set(wheels) and len(wheels) > 10
    for name, path in wheels.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == named[name]


def test_it_starts_and_completes_in_the_new_environment(
    installed: Installed, tmp_path: Path
) -> None:
    done = installed.run("--version", cwd=tmp_path)
    assert done.returncode == 0 and "demarc" in done.stdout
    for shell in ("bash", "zsh", "fish"):
        done = installed.run(cwd=tmp_path, _DEMARC_COMPLETE=f"{shell}_source")
        assert done.returncode == 0 and "_DEMARC_COMPLETE" in done.stdout


def test_it_analyses_and_reports(installed: Installed, tmp_path: Path) -> None:
    bundle = write(tree(scenario({"name": "w", "base": "byocni-calico"})), tmp_path / "w.tar")
    done = installed.run("analyze", str(bundle), "-q", "-o", "r.html", "-o", "r.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["cluster"]["aks"] == "yes"
    assert "<style>" in (tmp_path / "r.html").read_text(encoding="ascii")


def test_the_collector_travels_with_it(installed: Installed, tmp_path: Path) -> None:
    done = installed.run("kit", "-o", "kit.tar.gz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    dry = installed.run("collect", "--help", cwd=tmp_path)
    assert dry.returncode == 0 and "--dry-run" in dry.stdout


def test_data_files_and_types_travel_with_it(installed: Installed, tmp_path: Path) -> None:
    for what in ("rules", "clauses", "components", "bugs"):
        done = installed.run("list", what, cwd=tmp_path)
        assert done.returncode == 0 and done.stdout.count("\n") >= 20, done.stderr
    code = (
        "from importlib.resources import files;"
        "print(files('analyzer').joinpath('py.typed').is_file())"
    )
    assert installed.call([str(installed.python), "-c", code], tmp_path).stdout.strip() == "True"


def _analyse(there: Installed, what: Path, cwd: Path) -> tuple[dict[str, Any], str]:
    done = there.run("analyze", str(what), "-q", "-f", "json", "--no-report", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.fixture(scope="module")
def analysis(
    with_plugins: Installed, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], str]:
    """The report and the standard error of an analysis with good and with broken plugins."""
    folder = tmp_path_factory.mktemp("plugins")
    world = tree(scenario({"name": "p", "base": "overlay", "faults": []}))
    return _analyse(with_plugins, write(world, folder / "p.tar"), folder)


def test_the_rule_of_the_page_runs(analysis: tuple[dict[str, Any], str]) -> None:
    report, _ = analysis
    found = [finding for finding in report["findings"] if finding["rule"] == "ACME-OWN-001"]
    assert found and {finding["severity"] for finding in found} == {"low"}
    assert all(finding["owner"] == "customer" and finding["evidence"] for finding in found)
    assert "Rules of acme-rules 1.0 took part: 1." in report["notices"]


def test_a_plugins_rule_is_explained_with_its_origin(
    with_plugins: Installed, tmp_path: Path
) -> None:
    done = with_plugins.run("explain", "acme-own-001", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Brought by the plugin\n  acme-rules 1.0" in done.stdout
    assert "Brought by" not in with_plugins.run("explain", "AKS-NODE-001", cwd=tmp_path).stdout
    listed = with_plugins.run("list", "rules", cwd=tmp_path).stdout
    assert "A namespace has no owner label (acme-rules 1.0)" in " ".join(listed.split())


def test_broken_plugins_are_told_and_skipped(analysis: tuple[dict[str, Any], str]) -> None:
    report, errors = analysis
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


def test_the_layout_of_the_page_is_read(with_plugins: Installed, tmp_path: Path) -> None:
    world = tree(scenario({"name": "p", "base": "overlay"}))
    for name in ("nodes.json", "pods/kube-system.json", "pods/shop.json"):
        target = tmp_path / "dump" / "acme" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(world[f"cluster/resources/core/{name}"])
    report, errors = _analyse(with_plugins, tmp_path / "dump", tmp_path)
    assert report["bundle"]["layout"] == "acme-dump" and report["cluster"]["nodes"]["total"] > 0
    assert "'bad' of acme-broken 1.0 was left out: ZeroDivisionError" in errors
