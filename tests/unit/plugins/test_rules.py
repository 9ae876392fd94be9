"""Rules of plugins are held to the form of packaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from analyzer.model.evidence import EvidenceRef
from analyzer.model.hit import Hit, Outcome
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.plugins import Plugin
from analyzer.rules.api import Rule
from analyzer.rules.engine import run_rule
from analyzer.rules.plugged import take

DOC = """It is bad.

What it means: a
Why it matters: b
How we know: c
What to do:
  customer: Mend it.
References: d
"""


def hit(**more: Any) -> Hit:
    ref = EvidenceRef("cluster/version.json", line=1)
    return Hit(subject=Subject(kind="Pod", name="p"), saw="x", evidence=(ref,), **more)


def plugin(name: str = "acme", **changes: Any) -> Plugin:
    """A module that is a rule, but for the changes; a change to None takes a name away."""

    def check() -> Iterator[Hit]:
        yield hit()

    module = ModuleType(name, DOC)
    content: dict[str, Any] = {
        "RULE": Rule(id="ACME-OWN-001", title="It is bad", component="x", clauses=("SHR-01",)),
        "SEVERITY": {"default": "high", "mild": "low"},
        "check": check,
    }
    for key, value in (content | changes).items():
        if value is not None:
            setattr(module, key, value)
    return Plugin("acme-rules 1.0", name, module)


def test_a_fit_rule_runs_with_its_own_severities() -> None:
    (registered,) = take([plugin()], ()).rules
    assert registered.plugin == "acme-rules 1.0"
    assert registered.severity == {"default": Severity.HIGH, "mild": Severity.LOW}
    result = run_rule(registered, {}, aks=True)
    assert result.outcome is Outcome.HIT and len(result.hits) == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"RULE": None}, "no RULE"),
        ({"RULE": {"id": "ACME-OWN-001"}}, "no RULE"),
        ({"check": None}, "no function check"),
        ({"SEVERITY": None}, "no SEVERITY"),
        ({"SEVERITY": {"default": "terrible"}}, "'terrible' is not a valid Severity"),
        ({"SEVERITY": {"mild": "low"}}, "no SEVERITY"),
        ({"__doc__": "It is bad."}, "sections are []"),
        (
            {"RULE": Rule(id="own", title="t", component="x", clauses=())},
            "not of the form ACME-DNS-001",
        ),
        (
            {"RULE": Rule(id="AKS-NODE-001", title="t", component="x", clauses=())},
            "AKS-NODE-001 is taken",
        ),
    ],
)
def test_what_is_not_fit_is_told_and_left_out(changes: dict[str, Any], told: str) -> None:
    other = plugin("other", RULE=Rule(id="ACME-X-002", title="t", component="x", clauses=()))
    found = take([plugin(**changes), other], {"AKS-NODE-001"})
    assert [r.rule.id for r in found.rules] == ["ACME-X-002"]
    (problem,) = found.problems
    assert problem.startswith("Plugin 'acme' of acme-rules 1.0 was left out: ") and told in problem


def test_the_second_of_two_with_one_id_is_left_out() -> None:
    found = take([plugin("first"), plugin("second")], ())
    assert [r.module for r in found.rules] == ["first"]
    assert "'second'" in found.problems[0] and "is taken" in found.problems[0]


def _no_variant() -> Iterator[Hit]:
    yield hit()
    yield hit(variant="wild")


def _no_hit() -> Iterator[object]:
    yield "text"


@pytest.mark.parametrize(
    ("check", "told"), [(_no_variant, "no variant 'wild'"), (_no_hit, "str, not a Hit")]
)
def test_hits_that_would_break_later_stages_crash_the_rule(check: object, told: str) -> None:
    (registered,) = take([plugin(check=check)], ()).rules
    result = run_rule(registered, {}, aks=True)
    assert result.outcome is Outcome.CRASHED and told in result.reason


def test_a_package_brings_all_its_modules_and_loses_only_the_broken(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "many_rules_of_acme"
    package.mkdir()
    rule = (
        f'"""{DOC}"""\nfrom analyzer.rules.api import Rule\nSEVERITY = {{"default": "low"}}\n'
        'RULE = Rule(id="ACME-M-001", title="t", component="x", clauses=())\n'
        "def check():\n    return None\n"
    )
    files = {"__init__": "", "good": rule, "bad": "1 / 0\n", "_private": "1 / 0\n"}
    for name, text in files.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    import many_rules_of_acme  # type: ignore[import-not-found]

    found = take([Plugin("acme-rules 1.0", "many", many_rules_of_acme)], ())
    assert [r.rule.id for r in found.rules] == ["ACME-M-001"]
    assert run_rule(found.rules[0], {}, aks=True).outcome is Outcome.CLEAR
    (problem,) = found.problems
    assert "many_rules_of_acme.bad" in problem and "ZeroDivisionError" in problem
