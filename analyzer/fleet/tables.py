"""Rows of all bundles → one Parquet file for each table, the same bytes for the same bundles."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel

from analyzer.fleet.duck import connect, quoted
from analyzer.fleet.rows import TABLES, BundleRow, BundleRows, columns
from analyzer.fleet.state import FleetState

_EARLIEST = datetime.min
#: The longest line of a table; rows of clusters have a few KiB.
_LINE_BYTES_MAX = 64 * 1024 * 1024


def table_path(folder: Path, table: str) -> Path:
    """Where a table lies."""
    return folder / f"{table}.parquet"


def write_tables(state: FleetState, folder: Path) -> None:
    """Write all tables anew from what is done; readers see the old file or the new one.

    Raises:
        FleetError: DuckDB is not installed.
        OSError: the folder cannot be written to.
    """
    latest = _latest(state.results())
    with tempfile.TemporaryDirectory(prefix="demarc-") as scratch:
        lines = {table: Path(scratch, f"{table}.ndjson") for table in TABLES}
        with ExitStack() as stack:
            files: dict[str, IO[str]] = {
                table: stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
                for table, path in lines.items()
            }
            for rows in state.results():
                _spill(rows, rows.clusters[0].bundle in latest, files)
            for place in state.places():
                told = {"place", "state", "error", "bundle"}
                _line(files["bundles"], BundleRow(**place.model_dump(include=told)), {})
        with connect(threads=1) as database:
            for table, model in TABLES.items():
                _write_parquet(database, lines[table], columns(model), table_path(folder, table))


def _latest(results: Iterable[BundleRows]) -> set[str]:
    """The newest bundle of each cluster; of two of one time the one whose sum is greater."""
    newest: dict[str, tuple[datetime, str]] = {}
    for rows in results:
        cluster = rows.clusters[0]
        key = cluster.collected_at or _EARLIEST, cluster.bundle
        newest[cluster.cluster_id] = max(newest.get(cluster.cluster_id, key), key)
    return {bundle for _, bundle in newest.values()}


def _spill(rows: BundleRows, is_latest: bool, files: dict[str, IO[str]]) -> None:
    for table in TABLES:
        for row in getattr(rows, table, ()):
            _line(files[table], row, {"latest": is_latest})


def _line(file: IO[str], row: BaseModel, more: dict[str, Any]) -> None:
    json.dump(row.model_dump(mode="json") | more, file, ensure_ascii=False)
    file.write("\n")


def _write_parquet(database: Any, lines: Path, types: dict[str, str], target: Path) -> None:
    """Rows keep the order of the lines: by bundle, then as the report has them."""
    shape = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in types.items())
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        database.execute(
            f"COPY (SELECT * FROM read_json({quoted(str(lines))}, format='newline_delimited', "
            f"columns={{{shape}}}, maximum_object_size={_LINE_BYTES_MAX})) "
            f"TO {quoted(str(half))} (FORMAT parquet, COMPRESSION zstd)"
        )
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
