"""The one home of DuckDB: in memory, one thread where bytes have to repeat, and no network.

Extensions are neither fetched nor loaded on demand; Parquet and JSON are part of the package.
Source: https://duckdb.org/docs/stable/operations_manual/securing_duckdb/overview
"""

from __future__ import annotations

from typing import Any

from analyzer.fleet.errors import missing_package

_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def connect(*, threads: int = 0) -> Any:
    """An empty database in memory; ``threads`` of 0 takes one per core.

    Raises:
        FleetError: the package is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise missing_package("duckdb", "fleet") from None
    settings: dict[str, Any] = dict(_SETTINGS) | ({"threads": str(threads)} if threads else {})
    return duckdb.connect(":memory:", config=settings)


def sql_error() -> type[Exception]:
    """The class of what DuckDB raises."""
    import duckdb

    error: type[Exception] = duckdb.Error
    return error


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
