"""Known bugs that could strike here, and bugs whose fix already runs here. Never a cause."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.diagnosis import Diagnosis, Exposure
from analyzer.model.evidence import Evidence
from analyzer.render.asides import ExposureRow, Exposures, Place
from analyzer.render.findings import describe_affects
from analyzer.render.links import read_reference
from analyzer.render.marks import Link
from analyzer.render.text import clip, count, listed, one_line, sentence

#: Rows that stand open; the others are folded, so that what was found stays in sight.
ROWS_OPEN, ROWS_MAX = 5, 120
_TEXT_MAX, _LINE_MAX = 400, 240
_WHY_MAX, _LINKS_MAX, _PLACES_MAX = 4, 3, 1
_ORDER = {"affected": 0, "possible": 1, "fixed-here": 2}
_NAMES = {"affected": "affected", "possible": "possible", "fixed-here": "fixed here"}


def build_exposures(diagnosis: Diagnosis) -> Exposures | None:
    """Rows by how much speaks for them, then by component; None where there is nothing to tell."""
    if not diagnosis.exposures or diagnosis.cluster.aks == "no":
        return None
    ordered = sorted(
        diagnosis.exposures, key=lambda e: (_ORDER[e.status], e.component, e.bug, e.subject.key)
    )
    rows = [_row(exposure) for exposure in ordered]
    could = [row for row in rows if row.status != "fixed-here"]
    fixed = [row for row in rows if row.status == "fixed-here"]
    hidden = max(0, len(could) - ROWS_MAX) + max(0, len(fixed) - ROWS_MAX)
    return Exposures(
        summary=_summary(could),
        open=tuple(could[:ROWS_OPEN]),
        folded=tuple(could[ROWS_OPEN:ROWS_MAX]),
        folded_label=count(len(could[ROWS_OPEN:ROWS_MAX]), "more known bug"),
        fixed=tuple(fixed[:ROWS_MAX]),
        note=f"{count(hidden, 'more known bug')} in the JSON report." if hidden else "",
    )


def _summary(could: Sequence[ExposureRow]) -> str:
    if not could:
        return ""
    affected = sum(row.status == "affected" for row in could)
    possible = len(could) - affected
    parts = [f"{affected:,} affected" if affected else "", f"{possible:,} possible"]
    shown = ", ".join(part for part in parts[: 2 if possible else 1] if part)
    it, none = ("it", "it is not a") if len(could) == 1 else ("each", "none of them is a")
    return (
        f"{count(len(could), 'known bug')} could strike here ({shown}). A version or a setting "
        f"opens the door to {it}; no sign was seen, so {none} cause of anything on this page."
    )


def _row(exposure: Exposure) -> ExposureRow:
    links = [read_reference(text) for text in dict.fromkeys(exposure.links)]
    return ExposureRow(
        bug=clip(one_line(exposure.bug), 80),
        title=clip(one_line(exposure.title), 200),
        component=clip(one_line(exposure.component), 60),
        status=exposure.status,
        status_name=_NAMES[exposure.status],
        why=tuple(clip(sentence(text), _TEXT_MAX) for text in exposure.why[:_WHY_MAX]),
        where=_where(exposure),
        fixed_in=clip(one_line(exposure.fixed_in), _TEXT_MAX),
        workaround=clip(one_line(exposure.workaround), _TEXT_MAX),
        links=tuple(link for link in links if isinstance(link, Link))[:_LINKS_MAX],
        places=places(exposure.evidence, _PLACES_MAX),
    )


def _where(exposure: Exposure) -> str:
    """The subject, and how many objects it is about."""
    subject = clip(one_line(str(exposure.subject)), 120)
    summary, names, _ = describe_affects(exposure.affects)
    if summary:
        more = f"{exposure.count:,} in all; " if exposure.count > len(exposure.affects) else ""
        return clip(f"{more}{summary}: {listed(names, 3)}", _TEXT_MAX)
    return f"{subject}, {count(exposure.count, 'place')}" if exposure.count > 1 else subject


def places(evidence: Sequence[Evidence], limit: int) -> tuple[Place, ...]:
    """The first places of a list of evidence, each with the first line of its excerpt."""
    return tuple(
        Place(
            place=clip(f"{one_line(item.path)}:{item.line}", 300),
            what=clip(one_line(item.what), 160),
            text=clip(item.excerpt.split("\n")[0].strip(), _LINE_MAX),
        )
        for item in evidence[:limit]
    )
