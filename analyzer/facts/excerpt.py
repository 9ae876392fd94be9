"""Cut the excerpts: a second look at the members that the findings cite, and at no others.

Rules point at objects by anchors (uid, then the field that matters). Here the anchors are found in
the member's own bytes, so that every excerpt is text that stands in the bundle at that line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable

from analyzer.bundle import Bundle
from analyzer.model.evidence import Evidence, EvidenceRef

#: Characters of one excerpt; a listing is often a single line of megabytes.
MAX_EXCERPT = 240
#: Bytes kept before an anchor, so that the reader sees which field it is in.
LEAD = 60


def cut_excerpts(bundle: Bundle, refs: Iterable[EvidenceRef]) -> dict[EvidenceRef, Evidence]:
    """Resolve every reference that can be resolved; a member that is gone leaves its ones out."""
    resolved: dict[EvidenceRef, Evidence] = {}
    open_refs: dict[str, list[EvidenceRef]] = defaultdict(list)
    for ref in sorted(set(refs), key=_order):
        if ref.line is not None and ref.excerpt is not None:
            resolved[ref] = _evidence(ref, ref.line, ref.excerpt)
        else:
            open_refs[ref.path].append(ref)
    if open_refs:
        for member in bundle.reread(sorted(open_refs)):
            text = member.read()
            path = member.found_at if member.found_at in open_refs else member.path
            newlines = [m.start() for m in re.finditer(rb"\n", text)]
            for ref in open_refs.get(path, ()):
                line, excerpt = locate(text, ref.anchors, newlines)
                resolved[ref] = _evidence(ref, line, excerpt)
    return resolved


def _order(ref: EvidenceRef) -> tuple[str, int, str, tuple[str, ...]]:
    return ref.path, ref.line or 0, ref.what, ref.anchors


def _evidence(ref: EvidenceRef, line: int, excerpt: str) -> Evidence:
    return Evidence(path=ref.path, line=line, excerpt=excerpt[:MAX_EXCERPT], what=ref.what)


def locate(text: bytes, anchors: tuple[str, ...], newlines: list[int]) -> tuple[int, str]:
    """Line (from 1) and verbatim excerpt at the last anchor that can be found in order.

    ``newlines`` are the positions of all line ends. Without any anchor the head of the member
    answers: it shows what kind of list this is.
    """
    position = 0
    found = False
    for anchor in anchors:
        hit = _find(text, anchor, position)
        if hit < 0:
            continue
        position, found = hit, True
    start, end, line = _line_of(text, position, newlines)
    if found:
        start = (
            max(start, _char_start(text, position - LEAD)) if end - start > MAX_EXCERPT else start
        )
    return line, text[start:end][: MAX_EXCERPT * 4].decode("utf-8", "replace")[
        :MAX_EXCERPT
    ].rstrip()


def _find(text: bytes, anchor: str, start: int) -> int:
    """Find ``field: value`` in compact JSON, in indented JSON and in YAML; else the bare text."""
    key, separator, value = anchor.partition(": ")
    forms = [anchor]
    if separator:
        values = (f'"{value}"', value)
        forms = [f'"{key}":{gap}{one}' for gap in ("", " ") for one in values]
        forms += [f"{key}: {value}", f'{key}: "{value}"', f"{key}: '{value}'"]
    else:
        forms = [f'"{anchor}"', anchor]
    hits = [hit for form in forms if (hit := text.find(form.encode(), start)) >= 0]
    return min(hits, default=-1)


def _line_of(text: bytes, position: int, newlines: list[int]) -> tuple[int, int, int]:
    index = bisect_right(newlines, position - 1) if position else 0
    start = newlines[index - 1] + 1 if index else 0
    end = newlines[index] if index < len(newlines) else len(text)
    return start, end, index + 1


def _char_start(text: bytes, position: int) -> int:
    """Step back to the first byte of a character, so that no excerpt starts within one."""
    position = max(position, 0)
    while position > 0 and text[position] & 0xC0 == 0x80:
        position -= 1
    return position
