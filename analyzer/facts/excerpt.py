"""Cut the excerpts: a second look at the members that the findings cite, and at no others.

Rules point at objects by anchors (uid, then the field that matters). Here the anchors are found in
the member's own bytes, so that every excerpt is text that stands in the bundle at that line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ahocorasick_rs import BytesAhoCorasick

from analyzer.bundle import Bundle
from analyzer.bundle.limits import MIB
from analyzer.model.evidence import Evidence, EvidenceRef

#: Characters of one excerpt; a listing is often a single line of megabytes.
MAX_EXCERPT = 240
#: Bytes kept before an anchor, so that the reader sees which field it is in.
LEAD = 60
#: A member beyond so many bytes is looked through as it goes by, in frames of that size.
LONG = 8 * MIB
FRAME = 8 * MIB
#: Bytes that two frames have in common: an object must not end where its frame does.
REACH = 1 * MIB


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
            path = member.found_at if member.found_at in open_refs else member.path
            if member.size > LONG:
                resolved |= cut_along(member.chunks(), open_refs.get(path, []))
                continue
            text = member.read()
            newlines = [m.start() for m in re.finditer(rb"\n", text)]
            for ref in open_refs.get(path, ()):
                line, excerpt = locate(text, ref.anchors, newlines)
                resolved[ref] = _evidence(ref, line, excerpt)
    return resolved


def cut_along(chunks: Iterable[bytes], refs: Iterable[EvidenceRef]) -> dict[EvidenceRef, Evidence]:
    """Resolve references into one long text while it goes by, a frame at a time.

    What follows an object's own anchor is looked for in the ``REACH`` bytes behind it at least.
    """
    left = {ref: _forms(ref.anchors[0]) if ref.anchors else () for ref in refs}
    resolved: dict[EvidenceRef, Evidence] = {}
    head: tuple[int, str] | None = None
    line = 0
    for frame, last in _frames(chunks):
        newlines = [m.start() for m in re.finditer(rb"\n", frame)]
        head = head or locate(frame, (), newlines)
        if not left:
            break
        ends = len(frame) if last else len(frame) - REACH
        for ref in _begun(frame, left, ends):
            at, excerpt = locate(frame, ref.anchors, newlines)
            resolved[ref] = _evidence(ref, line + at, excerpt)
            del left[ref]
        line += bisect_left(newlines, len(frame) - REACH)
    shown = head or (1, "")
    return resolved | {ref: _evidence(ref, *shown) for ref in left}


def _frames(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Stretches of a text, each with the last ``REACH`` bytes of the one before, and: the last?"""
    held = b""
    fresh: list[bytes] = []
    size = 0
    for chunk in chunks:
        if size >= FRAME:
            held = b"".join([held, *fresh])
            yield held, False
            held, fresh, size = held[-REACH:], [], 0
        fresh.append(chunk)
        size += len(chunk)
    yield b"".join([held, *fresh]), True


def _begun(
    frame: bytes, left: Mapping[EvidenceRef, Sequence[bytes]], ends: int
) -> list[EvidenceRef]:
    """Those whose first anchor stands in the frame before ``ends``."""
    owners = [(form, ref) for ref, forms in left.items() for form in forms if form]
    if not owners:
        return []
    automaton = BytesAhoCorasick([form for form, _ in owners])
    hits = automaton.find_matches_as_indexes(frame, overlapping=True)
    return list(dict.fromkeys(owners[which][1] for which, start, _ in hits if start < ends))


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
    """Find an anchor in any of its forms."""
    hits = [hit for form in _forms(anchor) if (hit := text.find(form, start)) >= 0]
    return min(hits, default=-1)


def _forms(anchor: str) -> tuple[bytes, ...]:
    """``field: value`` as compact JSON, as indented JSON and as YAML; else the bare text."""
    key, separator, value = anchor.partition(": ")
    if not separator:
        return f'"{anchor}"'.encode(), anchor.encode()
    forms = [f'"{key}":{gap}{one}' for gap in ("", " ") for one in (f'"{value}"', value)]
    forms += [anchor, f'{key}: "{value}"', f"{key}: '{value}'"]
    return tuple(form.encode() for form in forms)


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
