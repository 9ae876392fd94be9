"""The evidence budget: what may be shown of it, by rule, and every cut told.

A report has to fit into a support request (5 MB a file), so evidence is cut before anything else:
three excerpts a finding, forty lines an excerpt, 240 characters a line, and in all what the
findings' own texts leave of about 1.5 MB, lowest severity first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analyzer.model.evidence import Evidence
from analyzer.model.finding import Finding
from analyzer.redact.mask import MASK
from analyzer.render.shape import EvidenceBlock, EvidenceLine
from analyzer.render.text import CUT, count, short

EXCERPTS_PER_FINDING = 3
LINES_PER_EXCERPT = 40
CHARACTERS_PER_LINE = 240
#: To cut fewer characters than this would take more room than it saves.
_SLACK = 20
#: All evidence of a page: at most, at least, and how much less for each finding, whose own texts
#: take about as much.
EVIDENCE_BYTES, EVIDENCE_LEAST, FINDING_BYTES = 900_000, 120_000, 2_300
_PAGE_BYTES = 1_050_000
#: Places without their text that are listed after the excerpts.
_PLACES_MAX = 8
#: Longer than the path of any member that the collector writes.
_PATH_MAX = 512
#: Mark-up around one line and around one excerpt, in bytes.
_LINE_OVERHEAD, _BLOCK_OVERHEAD = 28, 420


@dataclass(frozen=True, slots=True)
class Shown:
    """The evidence of one finding as the page shows it.

    ``block_of`` leads from a position in the finding's evidence list to the number of its block.
    """

    blocks: tuple[EvidenceBlock, ...]
    block_of: dict[int, int]
    more: tuple[str, ...]
    note: str


def show_all(findings: Sequence[Finding], anchors: dict[str, str]) -> dict[str, Shown]:
    """Choose the evidence of every finding under the budget of the whole report."""
    shown: dict[str, Shown] = {}
    left = allowance(len(findings))
    for finding in sorted(findings, key=lambda f: (f.severity.rank, f.rule, f.id)):
        full = show(finding.evidence, anchors[finding.id], _cited(finding))
        for attempt in (full, _first_only(full), _without_text(full)):
            if (cost := _cost(attempt)) <= left:
                left -= cost
                shown[finding.id] = attempt
                break
        else:
            shown[finding.id] = _without_text(full)
    return shown


def allowance(findings: int) -> int:
    """Bytes of evidence for a page with so many findings."""
    return min(EVIDENCE_BYTES, max(EVIDENCE_LEAST, _PAGE_BYTES - FINDING_BYTES * findings))


def show(evidence: Sequence[Evidence], anchor: str, cited: Sequence[int] = ()) -> Shown:
    """Group evidence by member, cited members first, and cut what is over the limits."""
    members: dict[str, list[int]] = {}
    for position in [*cited, *range(len(evidence))]:
        if position < len(evidence):
            places = members.setdefault(evidence[position].path, [])
            if position not in places:
                places.append(position)
    blocks: list[EvidenceBlock] = []
    block_of: dict[int, int] = {}
    more: list[str] = []
    for positions in members.values():
        items = [evidence[position] for position in positions]
        if len(blocks) == EXCERPTS_PER_FINDING:
            more.append(_place(items[0].path, sorted(item.line for item in items)))
            continue
        blocks.append(_block(f"{anchor}-e{len(blocks) + 1}", len(blocks) + 1, items))
        block_of |= dict.fromkeys(positions, len(blocks))
    hidden = len(more) - _PLACES_MAX
    note = f"{count(hidden, 'more member')} in the JSON report." if hidden > 0 else ""
    return Shown(tuple(blocks), block_of, tuple(more[:_PLACES_MAX]), note)


def _cited(finding: Finding) -> tuple[int, ...]:
    return tuple(
        n for reason in finding.because if reason.decided for n in reason.evidence if n >= 0
    )


def _block(anchor: str, number: int, items: list[Evidence]) -> EvidenceBlock:
    # A whole list of objects may be one line, so a line can have several excerpts.
    lines = dict.fromkeys(
        (item.line + offset, text)
        for item in items
        for offset, text in enumerate(item.excerpt.split("\n"))
    )
    kept = sorted(lines, key=lambda line: line[0])[:LINES_PER_EXCERPT]
    left_out = len(lines) - len(kept)
    whats = dict.fromkeys(item.what for item in items if item.what)
    return EvidenceBlock(
        anchor=anchor,
        number=number,
        path=items[0].path,
        place=_place(items[0].path, [number for number, _ in kept]),
        what="; ".join(short(what, 200) for what in list(whats)[:3]),
        lines=tuple(EvidenceLine(number, _cut(text)) for number, text in kept),
        note=f"{count(left_out, 'line')} left out here; all are in the JSON report."
        if left_out
        else "",
    )


def _cut(text: str) -> str:
    if len(text) <= CHARACTERS_PER_LINE + _SLACK:
        return text
    end = CHARACTERS_PER_LINE
    # Half a mask would look like data.
    start = text.rfind(MASK, end - len(MASK), end + len(MASK))
    end = start if 0 <= start < end < start + len(MASK) else end
    return f"{text[:end]}{CUT} (+{len(text) - end:,} characters)"


def _place(path: str, lines: Sequence[int]) -> str:
    name = short(path, _PATH_MAX)
    return f"{name}:{lines[0]}" if lines[0] == lines[-1] else f"{name}:{lines[0]}-{lines[-1]}"


def _cost(shown: Shown) -> int:
    return _BLOCK_OVERHEAD * len(shown.blocks) + sum(
        len(line.text.encode("ascii", "xmlcharrefreplace")) + _LINE_OVERHEAD
        for block in shown.blocks
        for line in block.lines
    )


def _first_only(shown: Shown) -> Shown:
    rest = tuple(block.place for block in shown.blocks[1:])
    note = "Only the first excerpt is shown, to keep this file small."
    blocks = shown.blocks[:1]
    return Shown(
        blocks,
        {position: number for position, number in shown.block_of.items() if number == 1},
        (*rest, *shown.more) if rest else shown.more,
        f"{note} {shown.note}".strip() if rest else shown.note,
    )


def _without_text(shown: Shown) -> Shown:
    first = _first_only(shown)
    note = "Cut to one line here; all are in the JSON report."
    blocks = tuple(replace(block, lines=block.lines[:1], note=note) for block in first.blocks)
    return replace(first, blocks=blocks, more=first.more[:1], note="")
