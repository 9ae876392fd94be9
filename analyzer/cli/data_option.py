"""The option ``--data``, which several commands share."""

from __future__ import annotations

import os
from pathlib import Path

import click

from analyzer.cli.errors import CommandError


class DataPath(click.Path):
    """A data folder or a data pack; a pack is checked and opened in memory."""

    def __init__(self) -> None:
        super().__init__(exists=True, path_type=Path)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Path:  # type: ignore[override]
        """The folder, or the inside of the pack.

        Raises:
            CommandError: a wrong checksum, another schema version, or no data at all.
        """
        from analyzer.baselines.packs import PackError, open_data

        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        try:
            return open_data(path)
        except PackError as error:
            raise CommandError(str(error)) from error


data_option = click.option(
    "--data",
    "data_dirs",
    multiple=True,
    type=DataPath(),
    metavar="DIR|PACK",
    help="Your own bugs, baselines, clauses and decision rows: a folder, or a pack (.tar.gz).",
)
