"""Stand-ins back to names, for the reader who has the key file."""

from __future__ import annotations

import html
import json
from collections.abc import Callable

from ahocorasick_rs import BytesAhoCorasick

from analyzer.redact.find import free_after, free_before
from analyzer.redact.key import Key

#: How a name is written in a file of this kind.
_WRITTEN: dict[str, Callable[[str], str]] = {
    ".html": html.escape,
    ".xml": html.escape,
    ".json": lambda name: json.dumps(name, ensure_ascii=False)[1:-1],
}
_WRITTEN[".sarif"] = _WRITTEN[".json"]


def unmask(data: bytes, key: Key, suffix: str = "") -> tuple[bytes, int]:
    """Put the names back into a text in which stand-ins occur (a report, a log, a ticket).

    ``suffix`` is the file's (``.html``): names are written as such a file needs them.

    Returns:
        The text, and how many stand-ins were replaced. Secrets were not kept and stay masked.
    """
    written = _WRITTEN.get(suffix.lower(), str)
    names = {
        made.encode(): written(name).encode("utf-8", "surrogatepass")
        for made, name in key.names.items()
        if made
    }
    if not names:
        return data, 0
    stand_ins = list(names)
    found = BytesAhoCorasick(stand_ins).find_matches_as_indexes(data, overlapping=True)
    matches = sorted((start, -end, number) for number, start, end in found)
    pieces: list[bytes] = []
    done = count = 0
    for start, minus_end, number in matches:
        end = -minus_end
        if start < done or not (free_before(data, start) and free_after(data, end)):
            continue
        pieces += (data[done:start], names[stand_ins[number]])
        done = end
        count += 1
    pieces.append(data[done:])
    return b"".join(pieces), count
