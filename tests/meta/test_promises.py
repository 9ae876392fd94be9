"""What the project promises of itself, held by tests."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.model.signal import Signal
from analyzer.ownership.table import packaged_table
from analyzer.policy.pack import available, load_pack
from analyzer.rules.registry import all_rules
from analyzer.rules.severities import severities

ROOT = Path(__file__).parents[2]
FAMILY_OF_PREFIX = re.compile(r"^AKS-(?P<family>[A-Z]+)-\d{3}$")


def _tracked() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = done.stdout.split("\n") if done.returncode == 0 else []
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_there_are_at_least_thirty_rules_with_ids_of_one_form() -> None:
    ids = [registered.rule.id for registered in all_rules()]
    assert len(ids) >= 30 and len(set(ids)) == len(ids)
    assert all(FAMILY_OF_PREFIX.match(rule_id) for rule_id in ids)


def test_every_rule_names_clauses_that_exist_and_a_severity() -> None:
    packs = [load_pack(date) for date in available()]
    for registered in all_rules():
        assert registered.rule.clauses, registered.rule.id
        for pack in packs:
            unknown = set(registered.rule.clauses) - set(pack.clauses)
            assert not unknown, (registered.rule.id, unknown)
        assert "default" in severities()[registered.rule.id]
    assert set(severities()) == {registered.rule.id for registered in all_rules()}


def test_rule_titles_are_sentences_about_a_bad_state() -> None:
    for registered in all_rules():
        title = registered.rule.title
        assert title[0].isupper() and not title.endswith(".") and len(title.split()) >= 3, title


def test_every_rule_is_small() -> None:
    for path in sorted((ROOT / "analyzer" / "rules").glob("*/*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 220, f"{path.name} has {lines} lines"


def test_every_signal_is_used_by_the_table_or_told_to_the_reader() -> None:
    """A signal that no row knows is a word that nobody hears."""
    table = packaged_table()
    conditions = [row.when for row in table.rows]
    conditions += [passed.when for step in table.steps for passed in step.passed]
    heard = {s for when in conditions for s in (*when.all, *when.any, *when.none)}
    silent = {Signal.STORAGE}  # it describes, and decides nothing
    assert set(Signal) - heard == silent


def test_start_up_imports_nothing_heavy() -> None:
    code = (
        "import sys; from analyzer.cli import run; run(['--version']);"
        "print(sorted(set(sys.modules) & {'pydantic','networkx','jinja2','rich','yaml','orjson'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_analysis_opens_no_socket(tmp_path: Path) -> None:
    code = """
import socket, sys
def refuse(*a, **k): raise AssertionError("a socket was opened")
class Refused(socket.socket):
    __init__ = refuse
socket.socket = Refused; socket.create_connection = refuse; socket.getaddrinfo = refuse
from analyzer.cli import run
from fixtures.build import scenario, tree, write
path = write(tree(scenario({"name": "s", "base": "overlay"})), sys.argv[1])
sys.exit(run(["analyze", str(path), "--no-report", "-q"]))
"""
    target = str(tmp_path / "s.tar")
    done = subprocess.run([sys.executable, "-c", code, target], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_product_does_not_know_the_shared_folder() -> None:
    for folder in ("analyzer", "collectors", "reports", "fixtures"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix in (".py", ".sh", ".yaml", ".j2", ".awk"):
                assert "../shared" not in path.read_text(encoding="utf-8"), path


def test_no_file_is_left_half_done() -> None:
    marks = re.compile(
        "|".join(("TO" + "DO", "FIX" + "ME", "\\bXX" + "X\\b", "raise NotImplemented" + "Error"))
    )
    for path in _tracked():
        if path.suffix in (".py", ".sh", ".yaml", ".j2", ".awk", ".css", ".js", ".md"):
            text = path.read_text(encoding="utf-8")
            assert not marks.search(text), path


def test_markup_is_trusted_in_one_module_only() -> None:
    trusted = [
        path.name
        for path in sorted((ROOT / "analyzer").rglob("*.py"))
        if "Markup(" in path.read_text(encoding="utf-8")
    ]
    assert trusted in ([], ["html.py"])
    for path in sorted((ROOT / "reports" / "templates").iterdir()):
        assert "|safe" not in path.read_text(encoding="utf-8").replace(" ", ""), path


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_of_the_front_pages_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (ROOT / target).exists(), f"{name}: {target}"
