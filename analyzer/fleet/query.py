"""Questions to a fleet's tables, in SQL. A question can read the tables and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from analyzer.fleet.duck import connect, quoted, sql_error
from analyzer.fleet.errors import FleetError
from analyzer.fleet.rows import TABLES
from analyzer.fleet.tables import table_path

_HINT = "tables and columns: demarc fleet tables"


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, and the rows under them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


class Fleet:
    """The tables of a folder, read into memory; close it, or use it in a ``with``."""

    def __init__(self, folder: Path) -> None:
        """Read the tables.

        Raises:
            FleetError: there is no fleet in the folder, or DuckDB is not installed.
        """
        missing = [name for name in TABLES if not table_path(folder, name).is_file()]
        if missing:
            raise FleetError(
                f"there is no fleet in {folder}: {missing[0]}.parquet is missing",
                f"make one: demarc fleet run PATH... -o {folder}",
            )
        self._database = connect()
        try:
            for name in TABLES:
                path = quoted(str(table_path(folder, name).resolve()))
                self._database.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet({path})")
        except sql_error() as error:
            raise FleetError(
                f"{folder} holds no tables of a fleet: {_line(error)}",
                "write them anew: demarc fleet run",
            ) from None
        # From here on no file and no network: a question may come from anybody.
        self._database.execute("SET enable_external_access = false")
        self._database.execute("SET lock_configuration = true")

    def ask(self, sql: str) -> Answer:
        """Run SQL and return what its last statement gives; changes are gone with the process.

        Raises:
            FleetError: it is no SQL that these tables understand.
        """
        try:
            self._database.execute(sql)
            described: Sequence[Any] = self._database.description or ()
            rows = self._database.fetchall() if described else []
        except sql_error() as error:
            raise FleetError(f"this cannot be asked: {_line(error)}", _HINT) from None
        return Answer(tuple(str(column[0]) for column in described), tuple(rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
