"""Grype's JSON.

Source: https://github.com/anchore/grype grype/presenter/models (document.go, vulnerability.go,
source.go). Since version 0.100 a row tells in ``fix.available`` from which day each fixed version
could be had.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from analyzer.cves import cells
from analyzer.cves.scan import Scan, Scanned, Vulnerability

_SYSTEM = frozenset({"deb", "rpm", "apk", "alpm", "portage"})


def recognises(document: Any) -> bool:
    """True for a document with Grype's list of matches."""
    return isinstance(cells.mapping(document).get("matches"), list)


def scans(document: dict[str, Any], file: str, sha256: str) -> Iterator[Scan]:
    """The one scan of a document."""
    source = cells.mapping(document.get("source"))
    target = source.get("target")
    kind = {
        "image": Scanned.IMAGE,
        "directory": Scanned.MACHINE,
    }.get(cells.text(source.get("type")), Scanned.OTHER)
    about = cells.mapping(target)
    name = cells.text(about.get("userInput")) or cells.text(target)
    references = (name, *cells.texts(about.get("tags")), *cells.texts(about.get("repoDigests")))
    rows = [_row(cells.mapping(match)) for match in cells.items(document.get("matches"))]
    yield Scan(
        file=file,
        sha256=sha256,
        scanner="Grype",
        kind=kind,
        artifact=name,
        references=tuple(dict.fromkeys(references)) if kind is Scanned.IMAGE else (),
        created=cells.moment(cells.mapping(document.get("descriptor")).get("timestamp")),
        rows=tuple(row for row in rows if row is not None),
        unreadable=rows.count(None),
    )


def _row(match: dict[str, Any]) -> Vulnerability | None:
    flaw, artifact = cells.mapping(match.get("vulnerability")), cells.mapping(match.get("artifact"))
    identity, package = cells.text(flaw.get("id")), cells.text(artifact.get("name"))
    if not identity or not package:
        return None
    related = [cells.mapping(one) for one in cells.items(match.get("relatedVulnerabilities"))]
    places = [cells.mapping(one) for one in cells.items(artifact.get("locations"))]
    fix = cells.mapping(flaw.get("fix"))
    fixed = cells.texts(fix.get("versions")) if fix.get("state") == "fixed" else ()
    return Vulnerability(
        id=identity,
        package=package,
        installed=cells.text(artifact.get("version")),
        fixed=fixed,
        aliases=tuple(a for one in related if (a := cells.text(one.get("id"))) and a != identity),
        severity=cells.text(flaw.get("severity")).lower() or "unknown",
        title=cells.text(flaw.get("description")),
        link=cells.web_link(flaw.get("dataSource")),
        place=cells.text(places[0].get("path")) if places else "",
        of_system=cells.text(artifact.get("type")) in _SYSTEM,
        fixed_on=_fixed_on(fix, fixed),
    )


def _fixed_on(fix: dict[str, Any], fixed: tuple[str, ...]) -> date | None:
    """The latest day among the fixed versions: from it on, every branch had its fix."""
    days = [
        cells.day(one.get("date"))
        for one in map(cells.mapping, cells.items(fix.get("available")))
        if cells.text(one.get("version")) in fixed
    ]
    return max((found for found in days if found is not None), default=None)
