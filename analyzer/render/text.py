"""Texts for readers: harmless strings, and numbers, times and names in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

#: ANSI escape sequences: CSI, OSC and the two-character forms (ECMA-48, section 5).
_ANSI = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])|\x9b[0-?]*[ -/]*[@-~]"
)
#: Controls (not tab and newline), bidi controls, zero-width and other invisible characters,
#: line and paragraph separators, surrogates and noncharacters.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_VMSS_NODE = re.compile(r"(?P<scale_set>.*vmss)(?P<instance>[0-9a-z]{6})\Z")
#: Where a sentence ends, and where a part of one does that can stand alone.
_SENTENCE_END = re.compile(r"(?<=[a-z0-9)>])\.(?= [A-Z])")
_CLAUSE_END = re.compile(r"(?<=[a-z0-9)>])[;,](?= )")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
CUT = "…"


def clean(text: str) -> str:
    r"""Make a string from a cluster harmless to read: no ANSI, unseen characters as ``\u{202e}``.

    Tabs become spaces and line ends become plain newlines; everything else stays.
    """
    text = text.replace("\r\n", "\n").replace("\t", "    ")
    return _UNSEEN.sub(lambda m: f"\\u{{{ord(m.group()):x}}}", _ANSI.sub("", text))


def one_line(text: str) -> str:
    """Fold white space, so that a text fits in a heading or a table cell."""
    return " ".join(text.split())


def sentence(text: str) -> str:
    """The text on one line with a capital and a full stop."""
    text = one_line(text)
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "?", "!", "…")) else f"{text}."


def clip(text: str, length: int) -> str:
    """Cut to ``length`` characters; a cut text ends in an ellipsis that counts."""
    return text if len(text) <= length else text[: length - 1].rstrip() + CUT


def clip_words(text: str, length: int) -> str:
    """Cut like :func:`clip`, but between words where there are any."""
    if len(text) <= length:
        return text
    head = text[: length - 1]
    whole = head.rpartition(" ")[0] or head
    return whole.rstrip(" ,;:(") + CUT


def first_words(text: str, length: int) -> str:
    """The first sentences that fit; else the first one up to the end of a clause or a word.

    A parenthesis that would stay open is left out: half a command is worse than none.
    """
    text = one_line(text)
    if len(text) <= length:
        return text
    sentences = [m.end() for m in _SENTENCE_END.finditer(text, 0, length)]
    if sentences:
        return text[: sentences[-1]]
    clauses = [m.start() for m in _CLAUSE_END.finditer(text, length // 3, length)]
    whole = [end for end in clauses if text.count("(", 0, end) == text.count(")", 0, end)]
    if whole:
        return f"{text[: whole[-1]]}{CUT}"
    cut = clip_words(text, length)
    if cut.count("(") > cut.count(")"):
        cut = cut[: cut.rindex("(")].rstrip(" ,;:") + CUT
    return cut


def short(text: str, length: int = 160) -> str:
    """A name on one line: longer ones than Kubernetes takes are cut."""
    return clip(one_line(text), length)


def count(number: int, singular: str, plural: str = "") -> str:
    """``1 issue``, ``1,015 nodes``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def size(size_bytes: int) -> str:
    """Bytes in binary units, as ``du`` names them."""
    value = float(size_bytes)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} GiB"


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; a time without zone is taken as UTC, as bundles write it."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def when(moment: datetime) -> str:
    """``2026-11-20 02:14 UTC``."""
    return f"{utc(moment):%Y-%m-%d %H:%M} UTC"


def span(first: datetime | None, last: datetime | None) -> str:
    """``2026-11-20 02:14 to 02:29 UTC``; empty where no time is known."""
    first, last = first or last, last or first
    if first is None or last is None:
        return ""
    start, end = utc(first), utc(last)
    if f"{start:%Y%m%d%H%M}" == f"{end:%Y%m%d%H%M}":
        return when(start)
    later = f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{start:%Y-%m-%d %H:%M} to {later} UTC"


def listed(items: Sequence[str], limit: int = 3) -> str:
    """``a, b and c``, or ``a, b, c and 4 more``."""
    if len(items) > limit:
        return f"{', '.join(items[:limit])} and {len(items) - limit:,} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def node_ranges(names: Iterable[str]) -> tuple[str, ...]:
    """Write node names short: neighbours of a scale set become ``first to 00003k (128)``."""
    sets, plain = instances(names)
    ranges: list[str] = []
    for scale_set, runs in sets.items():
        for first, last in runs:
            if last - first < 2:
                ranges += [f"{scale_set}{base36(n):0>6}" for n in range(first, last + 1)]
            else:
                number = last - first + 1
                ranges.append(f"{scale_set}{base36(first):0>6} to {base36(last):0>6} ({number:,})")
    return (*ranges, *plain)


def instances(
    names: Iterable[str],
) -> tuple[dict[str, list[tuple[int, int]]], tuple[str, ...]]:
    """Runs of instances by scale set, first and last included, and the names of other nodes.

    Instance ids of AKS scale sets count in base 36 with six digits.
    """
    plain: list[str] = []
    sets: dict[str, list[int]] = {}
    for name in sorted(set(names)):
        match = _VMSS_NODE.match(name)
        if match:
            sets.setdefault(match["scale_set"], []).append(int(match["instance"], 36))
        else:
            plain.append(name)
    return {name: _runs(sorted(sets[name])) for name in sorted(sets)}, tuple(plain)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] + 1 == number:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def base36(number: int) -> str:
    """Digits and small letters, without leading zeros."""
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
