"""Markdown for a ticket or an issue: problem, impact, owner, evidence, ids, what was checked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.render.roots import first_of_kinds
from analyzer.render.shape import FindingView, ReportView
from analyzer.render.text import clip, count, one_line
from analyzer.render.ticket import plain

#: GitHub takes 65,536 characters in a comment; other trackers take more.
TEXT_MAX = 60_000
#: What Markdown could read as structure (https://spec.commonmark.org/0.31.2/#backslash-escapes).
_SPECIAL = re.compile(r"([\\*_{}\[\]<>#|~&@])")
_STEPS, _LINES, _CHECKED = 6, 6, 8
_TEXT, _LINE = 600, 200


def render_summary(view: ReportView) -> str:
    """The ticket summary, at most 2,000 characters: the very text that the page offers to copy."""
    return view.ticket.text


def render_markdown(view: ReportView) -> str:
    """The ticket text: head, who must act, a section for every root cause, gaps, provenance.

    At most :data:`TEXT_MAX` characters; what does not fit is counted, and the worst comes first.
    """
    head, tail = "\n".join(_head(view)), "\n".join(_tail(view))
    roots = [finding for finding in view.findings if finding.root]
    room = TEXT_MAX - len(head) - len(tail) - 200
    body: list[str] = []
    left = len(roots)
    for number, (root, same) in enumerate(first_of_kinds(roots, _kind), start=1):
        section = "\n".join(_section(number, root, same))
        if len(section) + 1 > room:
            more = count(left, "more root cause")
            body.append(f"## And {more}\n\nThey are in the HTML and JSON reports.\n")
            break
        body.append(section)
        room -= len(section) + 1
        left -= 1 + len(same)
    return "\n".join([head, *body, tail])


def escape(text: str) -> str:
    """A text on one line that stays text where Markdown is read."""
    return _SPECIAL.sub(r"\\\1", plain(text))


def _code(text: str) -> str:
    """Inline code; a backtick in it would end it."""
    return f"`{one_line(text).replace('`', chr(39))}`" if text.strip() else ""


def _head(view: ReportView) -> Iterator[str]:
    yield f"# AKS diagnostics: {escape(view.cluster)}\n"
    yield f"{escape(' - '.join(view.meta))}\n"
    yield f"{escape(_verdict(view))}\n"
    if view.ledger:
        yield "| Owner | Count | Next step |\n| --- | --- | --- |"
        for row in view.ledger:
            yield f"| {escape(row.owner.name)} | {escape(row.count)} | {escape(row.next_step)} |"
        yield ""
    for notice in view.notices:
        yield f"- {escape(notice.text)}"
    if view.notices:
        yield ""


def _verdict(view: ReportView) -> str:
    verdict = view.verdict
    start = f" Start with “{verdict.start.text}”: {verdict.start_reason}" if verdict.start else ""
    return " ".join(verdict.sentences) + start


def _section(number: int, root: FindingView, same: list[FindingView]) -> Iterator[str]:
    yield f"## {number}. {escape(root.title)}\n"
    yield f"- **Problem:** {_text(root.saw)}"
    if root.expected:
        yield f"- **Expected:** {_text(root.expected)}"
    yield f"- **Impact:** {_text(_impact(root))}"
    yield (
        f"- **Owner:** {escape(root.owner.name)} ({escape(root.confidence)}). "
        f"{_text(root.decided.text)}"
        + (f" ({escape(root.decided.cites)})" if root.decided.cites else "")
        + f" {escape(root.stance)}"
    )
    yield f"- **Next:** {escape(root.act_who)}: {_text(root.act_what)}"
    yield from (f"  - {_text(step)}" for step in root.steps[:_STEPS])
    if root.would_change:
        yield f"- **Would change this:** {_text(' '.join(root.would_change))}"
    yield f"- **Ids:** {_code(root.rule)}, {_code(root.key)}, {escape(root.subject)}" + (
        f", known bug {_code(root.bug.id)}" if root.bug else ""
    )
    if same:
        names = "; ".join(other.title for other in same[:_CHECKED])
        yield f"- **{len(same):,} more of this kind:** {_text(names)}"
    yield "- **What was checked:** " + _text(_checked(root))
    yield "- **What was tried:** this program changes nothing; add here what you tried, and when."
    yield "\n<details><summary>Evidence</summary>\n"
    yield from _evidence(root)
    yield "</details>\n"


def _kind(root: FindingView) -> tuple[str, str]:
    return root.rule, root.owner.key


def _text(text: str) -> str:
    return escape(clip(one_line(text), _TEXT))


def _impact(root: FindingView) -> str:
    """How bad, since when, what it touches, what follows from it."""
    parts = [f"{root.severity_name}."]
    if root.seen:
        parts.append(f"Seen {root.seen}{', ' + root.sightings if root.sightings else ''}.")
    if root.affects:
        parts.append(f"Affects {root.affects}: {', '.join(root.affects_names[:5])}.")
    if root.causes:
        parts.append(f"Causes: {root.causes.text} {root.causes_more}".rstrip() + ".")
    if root.why_it_matters:
        parts.append(root.why_it_matters)
    return " ".join(parts)


def _checked(root: FindingView) -> str:
    """The steps of the decision that did not give the owner: what was ruled out, and why."""
    texts = [reason.text for reason in root.other_reasons if not reason.decided][:_CHECKED]
    return " ".join(texts) or "Only the step that decided."


def _evidence(root: FindingView) -> Iterator[str]:
    for block in root.evidence:
        yield f"{_code(block.place)} {escape(block.what)}".rstrip() + "\n"
        # Four spaces of indent make code whatever the text holds; no fence that it could close.
        for line in block.lines[:_LINES]:
            yield f"    {line.number}  {clip(line.text, _LINE)}".rstrip()
        yield ""
    for place in root.evidence_more:
        yield f"{_code(place)}\n"


def _tail(view: ReportView) -> Iterator[str]:
    yield "## What is not known\n"
    yield f"{escape(view.missing.summary)}\n"
    for gap in view.missing.gaps[:12]:
        yield f"- {_code(gap.path)}: {escape(gap.reason)}; stops {escape(gap.stopped)}"
    if len(view.missing.gaps) > 12:
        yield f"- and {len(view.missing.gaps) - 12:,} more in the report"
    yield "\n## Where this comes from\n"
    for fact in view.provenance:
        yield f"- {escape(fact.name)}: {_text(fact.value)}"
    yield f"- Masking: {_text(view.redaction.summary)}\n"
