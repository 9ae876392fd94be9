"""Every rule's own cases: hit, clear and unknown, as readable worlds in ``cases/<rule>.yaml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.model.finding import Finding
from analyzer.model.hit import Outcome
from analyzer.rules.registry import all_rules
from tests.rules.harness import analysis_of, findings_of, result_of, with_data

CASES = Path(__file__).parent / "cases"
_VERDICT = ("owner", "stance", "severity", "decided_by", "confidence")
SECTIONS = ("hit", "clear", "unknown", "not-applicable")


def _cases() -> list[Any]:
    rows = []
    for path in sorted(CASES.glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for section, cases in document.items():
            for number, case in enumerate(cases):
                label = f"{path.stem}-{section}-{number}"
                rows.append(pytest.param(path.stem, section, case, id=label))
    return rows


@pytest.mark.parametrize(("rule_id", "section", "case"), _cases())
def test_case(rule_id: str, section: str, case: dict[str, Any]) -> None:
    assert section in SECTIONS and case["because"], "a case says why"
    own = CASES.parent / "data" / case["data"] if "data" in case else None
    options = with_data(own)
    if section == "hit":  # the whole way, to the verdict
        whole = analysis_of(case["scenario"], options)
        result = next(one for one in whole.results if one.rule_id == rule_id)
    else:
        result = result_of(rule_id, case["scenario"], options)
    assert result.outcome is not Outcome.CRASHED, result.reason
    assert result.outcome == Outcome(section), (result.hits, result.gaps, result.reason)
    expect = case.get("expect", {})
    if section == "unknown":
        missing = " ".join(gap.path for gap in result.gaps)
        assert case["missing"] in missing
    if section == "hit":
        _check_findings(findings_of(rule_id, case["scenario"], options), expect)


def _check_findings(findings: tuple[Finding, ...], expect: dict[str, Any]) -> None:
    assert findings
    if "count" in expect:
        assert len(findings) == expect["count"], [f.title for f in findings]
    subjects = [f.subject.key for f in findings]
    for subject in expect.get("subjects", []):
        assert subject in subjects
    wanted = {k: v for k, v in expect.items() if k in _VERDICT}
    for finding in findings:
        got = {k: str(getattr(finding, k)) for k in wanted}
        assert got == wanted, (finding.title, finding.because)
        if "explained_by" in expect:
            causes = {name.rsplit("-", 1)[0] for name in finding.explained_by}
            assert expect["explained_by"] in causes, (finding.title, causes)
        assert all(e.excerpt for e in finding.evidence), "an excerpt could not be cut"
    for text in expect.get("would_change", []):
        assert all(text in " ".join(f.would_change) for f in findings), findings[0].would_change
    for text in expect.get("saw", []):
        assert any(text in f.saw for f in findings), [f.saw for f in findings]


def test_every_rule_has_its_three_cases() -> None:
    for registered in all_rules():
        path = CASES / f"{registered.rule.id}.yaml"
        assert path.is_file(), f"{registered.rule.id} has no cases"
        sections = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"hit", "clear", "unknown"} <= set(sections), f"{path.name}: {sorted(sections)}"


def test_no_rule_crashes_on_a_quiet_cluster() -> None:
    crashed = [r for r in analysis_of({}).results if r.outcome is Outcome.CRASHED]
    assert not crashed, crashed[0].reason
