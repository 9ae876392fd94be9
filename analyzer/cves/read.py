"""Reports and lists of fix dates from disk: bounded, and one clear line where one is no good."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from analyzer.cves import cells, grype, trivy
from analyzer.cves.scan import CveError, Scan

#: Bytes of one report; a whole node image scanned with descriptions stays below 40 MB.
REPORT_BYTES_MAX = 128 * 1024 * 1024
DATES_BYTES_MAX = 16 * 1024 * 1024
#: Rows over all reports.
ROWS_MAX = 200_000

#: Id of the flaw and package (empty: whichever) → day of the vendor's fix.
FixDates = dict[tuple[str, str], date]


def read_reports(paths: Iterable[Path]) -> tuple[Scan, ...]:
    """Read reports in the order given.

    Raises:
        CveError: one cannot be read, is not JSON, is no report that is known, or there are more
            than :data:`ROWS_MAX` rows.
    """
    made: list[Scan] = []
    for path in paths:
        made += _read(path)
        if sum(len(scan.rows) for scan in made) > ROWS_MAX:
            raise CveError(
                f"{path}: more than {ROWS_MAX:,} rows in all",
                "give fewer reports at a time, one command for each group of images",
            )
    return tuple(made)


def _read(path: Path) -> list[Scan]:
    payload = _bytes(path, REPORT_BYTES_MAX)
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise CveError(
            f"{path}: not JSON: {str(error)[:120]}",
            "write the report with 'trivy image --format json' or 'grype -o json'",
        ) from None
    return _scans(document, path, hashlib.sha256(payload).hexdigest())


def _scans(document: Any, path: Path, sha256: str) -> list[Scan]:
    for scanner in (grype, trivy):
        if scanner.recognises(document):
            return list(scanner.scans(document, path.name, sha256))
    if "Resources" in cells.mapping(document) or "ClusterName" in cells.mapping(document):
        raise CveError(
            f"{path}: a report of a whole cluster ('trivy k8s')",
            "scan each image with 'trivy image --format json', or export the VulnerabilityReports",
        )
    raise CveError(
        f"{path}: neither a Trivy nor a Grype report",
        "known: the JSON of 'trivy image|rootfs|fs', of 'grype', and VulnerabilityReports",
    )


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            payload = stream.read(most + 1)
    except OSError as error:
        raise CveError(f"{path}: cannot be read: {error.strerror}") from None
    if len(payload) > most:
        raise CveError(f"{path}: more than {most // 1024 // 1024} MiB", "split it, or leave it out")
    return payload


def read_fix_dates(path: Path) -> FixDates:
    """Read a CSV with the columns ``id``, ``package`` (may be empty) and ``date``.

    Raises:
        CveError: it cannot be read, a column is missing, or a line has no date; the line is named.
    """
    content = _bytes(path, DATES_BYTES_MAX).decode("utf-8-sig", errors="replace")
    made: FixDates = {}
    try:
        reader = csv.DictReader(io.StringIO(content, newline=""))
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        if not {"id", "date"} <= set(names):
            raise CveError(f"{path}:1: the first line must name the columns id,package,date")
        for row in reader:
            identity = cells.text(row.get(names["id"]))
            found = cells.day(row.get(names["date"]))
            if found is None or not identity:
                raise CveError(f"{path}:{reader.line_num}: no id or no date (YYYY-MM-DD)")
            package = cells.text(row.get(names["package"])) if "package" in names else ""
            made[(identity.upper(), package)] = found
    except csv.Error as error:
        raise CveError(f"{path}: not CSV: {error}") from None
    return made
