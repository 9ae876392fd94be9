"""What the policy says is checked by something: testable clauses have rules, rules have clauses.

A rule implements a clause by naming it, or by attaching the signals of a row of the decision table
that rests on it: then the verdict on its findings cites the clause.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from analyzer.model.signal import Signal
from analyzer.ownership.table import Row, packaged_table
from analyzer.policy import ClauseClass, Decides
from analyzer.policy.pack import PolicyPack, available, load_pack
from analyzer.rules.registry import all_rules

RULES = Path(__file__).parents[2] / "analyzer" / "rules"
_SIGNAL = re.compile(r"\bSignal\.(?P<name>[A-Z_]+)\b")


@cache
def attached() -> frozenset[Signal]:
    """Signals that some rule attaches, and those that follow from the cluster itself."""
    names = {
        match["name"]
        for path in RULES.glob("*/*.py")
        for match in _SIGNAL.finditer(path.read_text(encoding="utf-8"))
    }
    return frozenset(Signal[name] for name in names) | {Signal.BYOCNI, Signal.NETWORK_MODE_UNKNOWN}


def reachable(row: Row) -> bool:
    """True where rules attach what the row's condition asks for."""
    return row.when.all <= attached() and (not row.when.any or bool(row.when.any & attached()))


def implemented(pack: PolicyPack) -> set[str]:
    named = {clause for registered in all_rules() for clause in registered.rule.clauses}
    rows = [row for row in packaged_table().rows if row.since is None or pack.date >= row.since]
    return named | {row.clause for row in rows if reachable(row)}


@pytest.mark.parametrize("date", available())
def test_every_testable_clause_has_a_rule(date: str) -> None:
    pack = load_pack(date)
    testable = {clause.id for clause in pack.clauses.values() if clause.testable}
    assert len(testable) > 60
    assert testable - implemented(pack) == set()


@pytest.mark.parametrize("date", available())
def test_most_testable_clauses_are_named_by_a_rule(date: str) -> None:
    """Rows alone carry few clauses: those that only say whose something is."""
    named = {clause for registered in all_rules() for clause in registered.rule.clauses}
    testable = {clause.id for clause in load_pack(date).clauses.values() if clause.testable}
    assert len(testable - named) <= 7, sorted(testable - named)


def test_every_rule_has_a_clause_or_a_bug() -> None:
    known = set.intersection(*(set(load_pack(date).clauses) for date in available()))
    for registered in all_rules():
        rule = registered.rule
        assert any(c in known or c.startswith("bug:") for c in rule.clauses), rule.id


@pytest.mark.parametrize("date", available())
def test_what_only_explains_or_needs_more_is_not_testable(date: str) -> None:
    for clause in load_pack(date).clauses.values():
        explains = clause.class_ is ClauseClass.INFORMATIONAL
        if explains or clause.outside or clause.decides is Decides.NONE or not clause.stated:
            assert not clause.testable, clause.id
        else:
            assert clause.testable and not clause.evidence.empty, clause.id


def test_the_clauses_on_vulnerabilities_say_what_else_they_take() -> None:
    """No bundle holds a scanner's report: a command of its own reads one."""
    clauses = load_pack().clauses
    for id_ in ("UNS-08", "UNS-09", "UNS-12", "UNS-13", "VUL-01", "SEC-03"):
        assert clauses[id_].outside and "demarc cves" in clauses[id_].outside, id_


@pytest.mark.parametrize("date", available())
def test_what_only_exports_show_names_the_command(date: str) -> None:
    for clause in load_pack(date).clauses.values():
        if clause.testable and clause.decides is Decides.ARM_ONLY:
            assert clause.settles and clause.settles.startswith("az "), clause.id
