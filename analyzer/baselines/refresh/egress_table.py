"""Writes the names of ``data/egress.yaml`` anew from the page on outbound rules.

Only tables of names (FQDN rules) are read. Network rules, and what a table cannot say (optional,
one of several), are kept by hand: a row that stays keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.checkout import Checkout, RefreshError
from analyzer.baselines.refresh.heads import commits_after, put_head
from analyzer.baselines.refresh.image_table import Rebuilt

PAGE = "articles/aks/outbound-rules-control-egress.md"
#: Fewer names than this part of the packaged ones: the page was not understood.
_PLAUSIBLE = 0.5
_HEADING = re.compile(r"^(#{2,4})\s+(.+?)\s*$")
_HOST = re.compile(r"(?<![\w.@-])(?:\*\.)?(?:<[a-z-]+>\.)?(?:[a-z0-9*<>-]+\.)+[a-z]{2,}(?![\w.-])")
_REGION = re.compile(r"<(?:location|region|cluster-region-name)>")
#: Headings of this level only divide what stands above them by cloud.
_INNER = 4
_CLOUD_WORDS = (("21vianet", "china"), ("us government", "usgov"), ("azure government", "usgov"))

#: Feature, cloud, host, port.
Key = tuple[str, str, str, int]


def rebuild_egress(checkout: Checkout, file: DataFile, as_of: str) -> Rebuilt:
    """The endpoints from a checkout of azure-aks-docs.

    Raises:
        RefreshError: the page holds far fewer names than the table has.
    """
    found = dict.fromkeys(_names(checkout.text(PAGE), file.content))
    old = {_key(row): row for row in file.content["endpoints"] if row["kind"] == "fqdn"}
    if len(found) < len(old) * _PLAUSIBLE:
        raise RefreshError(f"{checkout.root / PAGE}: only {len(found)} names were found")
    gone = {key for key in old if key not in found}
    new = [key for key in found if key not in old]
    commits = commits_after(file, docs=checkout.commit)
    lines = put_head(_rows(file, gone, new), file, as_of, commits)
    changes = [f"- {_shown(key)}" for key in sorted(gone)] + [f"+ {_shown(key)}" for key in new]
    return Rebuilt("\n".join(lines) + "\n", tuple(changes))


def _names(page: str, content: Mapping[str, object]) -> Iterator[Key]:
    """All names of the page's tables, by the heading that they stand under."""
    sections = content["sections"]
    corrections = content.get("corrections") or {}
    assert isinstance(sections, dict)
    assert isinstance(corrections, dict)
    feature: str | None = None
    cloud: str | None = None
    for line in page.splitlines():
        if heading := _HEADING.match(line):
            if len(heading[1]) < _INNER:
                feature = _feature(heading[2], sections)
            cloud = _cloud_of_words(heading[2])
        elif feature is not None and line.startswith("|"):
            first, _, rest = line.strip("| ").partition("|")
            if (port := _port(rest)) is not None:
                for host, of_host in _hosts(first):
                    named = corrections.get(host, host)
                    yield feature, cloud or of_host, str(named), port


def _feature(heading: str, sections: Mapping[str, str]) -> str | None:
    """The feature that a heading names; headings of the inner level belong to the one above."""
    starts = (start for start in sections if heading.lower().startswith(start.lower()))
    return next((sections[start] for start in starts), None)


def _cloud_of_words(text: str) -> str | None:
    lowered = text.lower()
    return next((cloud for words, cloud in _CLOUD_WORDS if words in lowered), None)


def _hosts(cell: str) -> Iterator[tuple[str, str]]:
    """Names of one cell with the cloud that the name itself tells."""
    for match in _HOST.finditer(re.sub(r"\]\([^)]*\)", "]", cell).lower()):
        host = _REGION.sub("<location>", match[0])
        yield host, _cloud_of_host(host)


def _cloud_of_host(host: str) -> str:
    if host.endswith(".cn"):
        return "china"
    return "usgov" if host.endswith((".us", ".usgovcloudapi.net")) else "public"


def _port(rest: str) -> int | None:
    """The port of a row of names: ``HTTPS:443``, ``HTTP:80``, or a bare number in a cell."""
    match = re.search(r"HTTPS?:(\d+)", rest) or re.search(r"\|?\s*(\d{2,5})\s*\|?\s*$", rest)
    return int(match[1]) if match else None


def _rows(file: DataFile, gone: set[Key], new: list[Key]) -> list[str]:
    """The file's lines without rows that are gone, new rows behind those of their feature."""
    rows = iter(file.content["endpoints"])
    lines: list[str] = []
    last: dict[tuple[str, str], int] = {}
    for line in file.text.splitlines():
        if line.startswith("- {feature:"):
            row = next(rows)
            if row["kind"] == "fqdn" and _key(row) in gone:
                continue
            last[(row["feature"], row["cloud"])] = len(lines)
        lines.append(line)
    for key in reversed(new):
        feature, cloud, host, port = key
        shown = f'"{host}"' if host.startswith(("*", "<")) else host
        where = last.get((feature, cloud), len(lines) - 1) + 1
        lines.insert(
            where,
            f"- {{feature: {feature}, cloud: {cloud}, host: {shown}, "
            f"kind: fqdn, protocol: tcp, port: {port}}}",
        )
    return lines


def _key(row: Mapping[str, object]) -> Key:
    return str(row["feature"]), str(row["cloud"]), str(row["host"]), int(str(row["port"]))


def _shown(key: Key) -> str:
    feature, cloud, host, port = key
    return f"{feature} ({cloud}): {host}:{port}"
