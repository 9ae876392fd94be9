"""JUnit XML as CI systems read it: one suite per rule family, one case per rule.

The form follows https://github.com/testmoapp/junitxml, the common denominator of its readers.
A clear rule is a passed case, one with findings a failure, one that could not run or does not apply
is skipped, and one that failed inside this program is an error: a run of nothing never looks clean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from analyzer.render.shape import CheckRow, FindingView, ReportView
from analyzer.render.text import clip, count, utc

_FINDINGS_MAX, _TEXT_MAX = 40, 4_000
#: Outside of the characters that XML 1.0 has (https://www.w3.org/TR/xml/#charsets).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(slots=True)
class _Case:
    """What became of one rule."""

    rule: str
    title: str
    component: str
    findings: list[FindingView] = field(default_factory=list)
    #: ``failure``, ``error``, ``skipped`` or empty for a pass.
    outcome: str = ""
    reason: str = ""


def render_junit(view: ReportView) -> str:
    """Write all cases, families and rules by name. Times are left out: none would be the same."""
    cases = _cases(view)
    suites: dict[str, list[_Case]] = {}
    for rule in sorted(cases):
        suites.setdefault(_family(rule), []).append(cases[rule])
    root = ElementTree.Element("testsuites", {"name": _xml(f"demarc {view.cluster}")})
    root.attrib |= _counts(list(cases.values()))
    for family, members in suites.items():
        root.append(_suite(family, members, view))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="us-ascii").decode("ascii")
    # ASCII is UTF-8 as well, and every reader knows that name.
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _family(rule: str) -> str:
    """``AKS-NET`` of ``AKS-NET-012``."""
    return rule.rsplit("-", 1)[0]


def _cases(view: ReportView) -> dict[str, _Case]:
    cases: dict[str, _Case] = {}
    for finding in view.findings:
        case = cases.setdefault(
            finding.rule, _Case(finding.rule, finding.title, finding.component, outcome="failure")
        )
        case.findings.append(finding)
    clear = [row for _, rows in view.healthy for row in rows]
    for outcome, rows in (
        ("error", view.missing.crashed),
        ("skipped", view.missing.unknown),
        ("skipped", view.not_applicable),
        ("", clear),
    ):
        for row in rows:
            _add(cases, row, outcome)
    return cases


def _add(cases: dict[str, _Case], row: CheckRow, outcome: str) -> None:
    """A rule that found something stays a failure; what it missed is told with it."""
    case = cases.setdefault(row.rule, _Case(row.rule, row.title, row.component, outcome=outcome))
    case.reason = case.reason or row.reason


def _counts(cases: list[_Case]) -> dict[str, str]:
    outcomes = [case.outcome for case in cases]
    return {
        "tests": str(len(cases)),
        "failures": str(outcomes.count("failure")),
        "errors": str(outcomes.count("error")),
        "skipped": str(outcomes.count("skipped")),
    }


def _suite(family: str, cases: list[_Case], view: ReportView) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": family} | _counts(cases))
    if view.collected_at is not None:
        suite.set("timestamp", f"{utc(view.collected_at):%Y-%m-%dT%H:%M:%S}")
    for case in cases:
        suite.append(_element(case))
    return suite


def _element(case: _Case) -> ElementTree.Element:
    name = _xml(f"{case.rule}: {case.title}")
    element = ElementTree.Element(
        "testcase", {"classname": _xml(f"{_family(case.rule)}.{case.component}"), "name": name}
    )
    if case.outcome == "failure":
        worst = case.findings[0]
        head = f"{worst.severity_name}, {worst.owner.name}: {worst.saw}"
        failure = ElementTree.SubElement(
            element, "failure", {"type": worst.severity, "message": _xml(clip(head, 300))}
        )
        failure.text = _xml(_details(case.findings))
        if case.reason:
            ElementTree.SubElement(element, "system-out").text = _xml(
                f"Not all could be looked at: {case.reason}"
            )
    elif case.outcome:
        reason = case.reason or "no reason is known"
        attributes = {"message": _xml(clip(reason, 300))}
        if case.outcome == "error":
            attributes["type"] = "crashed"
        ElementTree.SubElement(element, case.outcome, attributes)
    return element


def _details(findings: list[FindingView]) -> str:
    """All findings of a rule: what, whose, who acts, where."""
    texts = []
    for finding in findings[:_FINDINGS_MAX]:
        places = "".join(f"\n  at {block.place}" for block in finding.evidence)
        texts.append(
            f"{finding.title} [{finding.severity}, {finding.owner.name}, {finding.confidence}]\n"
            f"  {clip(finding.saw, 600)}\n"
            f"  {clip(finding.decided.text, 300)} ({finding.decided.cites})\n"
            f"  {finding.act_who}: {clip(finding.act_what, 300)}{places}"
        )
    hidden = len(findings) - _FINDINGS_MAX
    if hidden > 0:
        texts.append(f"and {count(hidden, 'more finding')} in the JSON report")
    return clip("\n\n".join(texts), _TEXT_MAX)


def _xml(text: str) -> str:
    """The text with a mark for each character that XML 1.0 has no way to write."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
