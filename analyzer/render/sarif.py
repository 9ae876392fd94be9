"""SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), one result for each finding.

Limits are those of GitHub code scanning
(https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning):
results, locations and tags beyond them are dropped there without a word, so they are cut and
counted here.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from analyzer.render.marks import Link
from analyzer.render.shape import CheckRow, EvidenceBlock, FindingView, ReportView
from analyzer.render.text import clip, sentence
from analyzer.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
BASE_ID = "BUNDLE"
RESULTS_MAX, LOCATIONS_MAX, TAGS_MAX, TEXT_MAX = 5_000, 100, 10, 1_000
#: GitHub shows problems of these levels; ours has five severities.
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}

Json = dict[str, Any]


def render_sarif(view: ReportView) -> str:
    """Write one run: rules with their help, results with places in the bundle, unrun checks.

    Checks that could not run are notifications of the invocation: they are neither results nor
    absent. ASCII only, two spaces of indent, ends in a newline.
    """
    shown = view.findings[:RESULTS_MAX]
    rules = _rules(view)
    places = {rule["id"]: place for place, rule in enumerate(rules)}
    run: Json = {
        "tool": {"driver": {"name": "demarc", "version": VERSION, "rules": rules}},
        "invocations": [
            {
                "executionSuccessful": not view.missing.crashed,
                "toolExecutionNotifications": _notifications(view, places),
            }
        ],
        "originalUriBaseIds": {
            BASE_ID: {"description": {"text": "The folder at the root of the diagnostics bundle"}}
        },
        "columnKind": "unicodeCodePoints",
        "results": _results(shown, places),
        "properties": _properties(view, len(view.findings) - len(shown)),
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _properties(view: ReportView, left_out: int) -> Json:
    return {
        "cluster": view.cluster,
        "verdict": " ".join(view.verdict.sentences),
        "bundleSha256": view.bundle_sha256,
        "complete": view.complete,
        "resultsLeftOut": left_out,
        "owners": {row.owner.key: row.number for row in view.ledger},
    }


def _rules(view: ReportView) -> list[Json]:
    """Every rule that is named in the log, by id; the help comes from its worst finding."""
    found: dict[str, Json] = {}
    for finding in view.findings:
        found.setdefault(finding.rule, _rule(finding))
    for row in (*view.missing.unknown, *view.missing.crashed):
        found.setdefault(row.rule, _bare_rule(row))
    return [found[rule] for rule in sorted(found)]


def _bare_rule(row: CheckRow) -> Json:
    return {
        "id": row.rule,
        "shortDescription": _message(row.title),
        "properties": {"tags": ["aks", clip(row.component, 60)]},
    }


def _rule(finding: FindingView) -> Json:
    links = [link for link in (finding.read, *finding.further) if link is not None]
    rule: Json = {
        "id": finding.rule,
        "shortDescription": _message(finding.title),
        "fullDescription": _message(finding.why_it_matters or finding.title),
        "help": {"text": _help_text(finding, links), "markdown": _help_markdown(finding, links)},
        "defaultConfiguration": {"level": LEVELS[finding.severity]},
        "properties": {"tags": ["aks", clip(finding.component, 60)][:TAGS_MAX]},
    }
    if links:
        rule["helpUri"] = links[0].href
    return rule


def _help_text(finding: FindingView, links: list[Link]) -> str:
    read = [f"Read: {link.text} {link.href}" for link in links]
    return "\n".join(
        [finding.why_it_matters or finding.title, f"{finding.act_who}: {finding.act_what}", *read]
    )


def _help_markdown(finding: FindingView, links: list[Link]) -> str:
    from analyzer.render.markdown import escape

    parts = [
        f"**Why it matters:** {escape(finding.why_it_matters or finding.title)}",
        f"**What to do:** {escape(finding.act_who)}: {escape(finding.act_what)}",
        *(f"- {escape(step)}" for step in finding.steps),
        *(f"- [{escape(link.text)}]({link.href})" for link in links),
    ]
    return "\n".join(parts)


def _results(findings: tuple[FindingView, ...], places: dict[str, int]) -> list[Json]:
    """Results in page order; a second finding with the same fingerprint gets a number behind it."""
    seen: dict[str, int] = {}
    results = []
    for finding in findings:
        number = seen[finding.fingerprint] = seen.get(finding.fingerprint, 0) + 1
        results.append(_result(finding, places[finding.rule], number))
    return results


def _told(finding: FindingView) -> str:
    """What code scanning shows of a result: the problem, whose it is, and who acts next."""
    return (
        f"{finding.title}. {sentence(finding.saw)} "
        f"Owner: {finding.owner.name} ({finding.confidence}). "
        f"Next, {finding.act_who}: {sentence(finding.act_what)}"
    )


def _result(finding: FindingView, rule_index: int, number: int) -> Json:
    blocks = finding.evidence[:LOCATIONS_MAX]
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        "level": LEVELS[finding.severity],
        "message": _message(_told(finding)),
        "locations": [_location(block, finding) for block in blocks[:1]],
        "relatedLocations": [
            _location(block, finding) | {"id": block.number} for block in blocks[1:]
        ],
        # The first is what code scanning compares from run to run.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint}:{number}",
            "demarcRuleAndSubject/v1": f"{finding.fingerprint}:{number}",
        },
        "properties": {
            "tags": [f"owner:{finding.owner.key}"],
            "owner": finding.owner.key,
            "confidence": finding.confidence.removesuffix(" confidence"),
            "severity": finding.severity,
            "decidedBy": finding.decided.label.removeprefix("Row "),
            "because": finding.decided.text,
            "stance": finding.stance,
            "actNext": f"{finding.act_who}: {finding.act_what}",
            "root": finding.root,
            "id": finding.key,
        },
    }


def _location(block: EvidenceBlock, finding: FindingView) -> Json:
    first, last = block.lines[0].number, block.lines[-1].number
    region: Json = {"startLine": first}
    if last > first:
        region["endLine"] = last
    snippet = "\n".join(line.text for line in block.lines)
    if snippet.strip():
        region["snippet"] = {"text": clip(snippet, TEXT_MAX)}
    location: Json = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(block.path, safe="/"), "uriBaseId": BASE_ID},
            "region": region,
        },
        "logicalLocations": [{"fullyQualifiedName": finding.subject}],
    }
    if block.what:
        location["message"] = _message(block.what)
    return location


def _notifications(view: ReportView, places: dict[str, int]) -> list[Json]:
    return [_notification(row, "error", places) for row in view.missing.crashed] + [
        _notification(row, "warning", places) for row in view.missing.unknown
    ]


def _notification(row: CheckRow, level: str, places: dict[str, int]) -> Json:
    what = "failed inside this program" if level == "error" else "could not run, or not on all"
    return {
        "level": level,
        "message": _message(f"{row.rule} {what}: {row.reason or 'no reason is known'}"),
        "associatedRule": {"id": row.rule, "index": places[row.rule]},
    }


def _message(text: str) -> Json:
    return {"text": clip(text, TEXT_MAX) or "-"}
