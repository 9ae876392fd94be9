"""The cited members as files of a ticket: whole where small, else what is cited; always masked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from analyzer.bundle import Bundle
from analyzer.compare.content import too_deep
from analyzer.redact.mask import mask_named, mask_text
from analyzer.ticket.cited import CitedMember

#: Members up to this size go in whole.
WHOLE_BYTES = 48 * 1024
#: Lines before and after a cited line of a longer member.
LINES_AROUND = 25
#: Longer lines are cut: a listing may be one line of megabytes.
LINE_MAX = 4000
#: Members up to this size are masked as a whole before lines are taken out of them, so that a
#: secret over several lines is seen as one.
MASKED_WHOLE_BYTES = 4 * 1024 * 1024
#: Of one member at most so much, and so many of its objects.
MEMBER_BYTES = 256 * 1024
OBJECTS_MAX = 40
NAMES_MAX = 500
#: Characters of a name: Windows unpacks paths of 260, and the folder needs some.
NAME_MAX = 170
#: Names that Windows keeps for devices, with any ending.
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
_UNSAFE = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file of the ticket: its name there, what it is of, how it was cut, and its bytes."""

    name: str
    member: str
    how: str
    cited_by: str
    data: bytes


def evidence_files(bundle: Bundle, cited: Iterable[CitedMember]) -> Iterator[EvidenceFile]:
    """Read the cited members once more and yield a file for each that is there, in their order."""
    members = {member.path: member for member in cited}
    found: dict[str, EvidenceFile] = {}
    for member in bundle.reread(sorted(members)):
        path = member.path if member.path in members else member.found_at
        found.setdefault(path, _file(members[path], member.read()))
    taken: set[str] = set()
    for path in members:
        if path in found:
            yield _named_apart(found[path], taken)


def _file(member: CitedMember, data: bytes) -> EvidenceFile:
    name = f"evidence/{safe_name(member.path)}"
    listing = _listing(data) if member.path.endswith(".json") else None
    if listing is not None and not any(map(too_deep, listing)):
        how, text = _objects(member, listing)
    elif len(data) <= WHOLE_BYTES:
        how, text = "whole", mask_text(data.decode("utf-8", "replace"))
    else:
        how, text = _lines(member, data)
        name += ".excerpt.txt"
    content = text.encode("utf-8")
    if len(content) > MEMBER_BYTES:
        how += f", cut at {MEMBER_BYTES // 1024} KiB"
        content = content[:MEMBER_BYTES] + b"\n(cut here)\n"
    return EvidenceFile(name, member.path, how, member.title, content)


def _listing(data: bytes) -> list[Mapping[str, Any]] | None:
    """The items of a Kubernetes list; None for anything else."""
    try:
        document = orjson.loads(data)
    except ValueError:
        return None
    items = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(items, list):
        return None
    return [item for item in items if isinstance(item, Mapping)]


def _objects(member: CitedMember, items: list[Mapping[str, Any]]) -> tuple[str, str]:
    """The cited objects in full, and the names of all: what is not there is evidence too."""
    shown: list[Any] = []
    size = 0
    for item in items:
        if not _is_cited(item, member):
            continue
        masked = _masked(item)
        size += len(json.dumps(masked))
        if shown and (size > MEMBER_BYTES // 2 or len(shown) == OBJECTS_MAX):
            break
        shown.append(masked)
    document = {
        "member": member.path,
        "objects_in_member": len(items),
        "names_in_member": sorted(_name(item) for item in items)[:NAMES_MAX],
        "cited_objects": shown,
    }
    text = json.dumps(document, indent=1, ensure_ascii=True) + "\n"
    return f"{len(shown)} of {len(items)} objects", mask_text(text)


def _masked(value: Any) -> Any:
    """An object without secrets: a value with a name beside it is judged by that name too."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        name, own = value.get("name"), value.get("value")
        kept = {key: _masked(item) for key, item in value.items()}
        if isinstance(name, str) and isinstance(own, str):
            kept["value"] = mask_named(name, own)
        return kept
    return [_masked(item) for item in value] if isinstance(value, list) else value


def _is_cited(item: Mapping[str, Any], member: CitedMember) -> bool:
    meta = item.get("metadata")
    if not isinstance(meta, Mapping):
        return False
    return bool({str(meta.get("uid")), str(meta.get("name"))} & member.objects)


def _name(item: Mapping[str, Any]) -> str:
    meta = item.get("metadata")
    if not isinstance(meta, Mapping):
        return "?"
    names = (meta.get("namespace"), meta.get("name"))
    return "/".join(str(name) for name in names if name)


def _lines(member: CitedMember, data: bytes) -> tuple[str, str]:
    """Numbered lines around the cited ones."""
    lines = data.decode("utf-8", "replace").split("\n")
    if len(data) <= MASKED_WHOLE_BYTES:
        masked = mask_text("\n".join(lines)).split("\n")
        lines = masked if len(masked) == len(lines) else lines
    blocks = []
    for first, last in _windows(member.lines, len(lines)):
        rows = (f"{n:>7}  {_cut(lines[n - 1])}" for n in range(first, last + 1))
        blocks.append("\n".join(rows))
    head = f"{member.path}: lines around those that are cited, of {len(lines)}\n\n"
    body = "\n\n        (lines left out)\n\n".join(blocks)
    return "lines around those cited", head + mask_text(body) + "\n"


def _windows(cited: Iterable[int], total: int) -> list[tuple[int, int]]:
    windows: list[tuple[int, int]] = []
    for line in sorted(cited):
        first, last = max(1, line - LINES_AROUND), min(total, line + LINES_AROUND)
        if first > last:
            continue  # the member is shorter than the diagnosis says: nothing to show
        if windows and first <= windows[-1][1] + 1:
            windows[-1] = (windows[-1][0], last)
        else:
            windows.append((first, last))
    return windows


def _cut(line: str) -> str:
    line = line.rstrip("\r")
    return line if len(line) <= LINE_MAX else f"{line[:LINE_MAX]} (cut here)"


def safe_name(path: str) -> str:
    """A member's path as a name that every system can unpack, and that stays in its folder."""
    parts = [_UNSAFE.sub("_", part).rstrip(". ")[:120] for part in path.split("/")]
    kept = [f"_{part}" if _RESERVED.match(part) else part for part in parts if part]
    while len(kept) > 1 and len("/".join(kept)) > NAME_MAX:
        kept.pop(0)
    return "/".join(kept) or "member"


def _named_apart(file: EvidenceFile, taken: set[str]) -> EvidenceFile:
    name, number = file.name, 2
    while name.lower() in taken:
        name = f"{file.name}.{number}"
        number += 1
    taken.add(name.lower())
    return EvidenceFile(name, file.member, file.how, file.cited_by, file.data)
