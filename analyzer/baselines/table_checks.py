"""Checks of tables in a user's data folder, by the module that answers from each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from analyzer.baselines import calendar, component_versions, egress, node_images
from analyzer.baselines.data_files import DataFile, DataFileError, read_data
from analyzer.baselines.tables import TABLES, use_folders

_READERS: Mapping[str, Callable[[DataFile], object]] = {
    "calendar.yaml": calendar.rows_in,
    "component_versions.yaml": component_versions.versions_in,
    "egress.yaml": egress.endpoints_in,
    "node_images.yaml": node_images.releases_in,
}
#: What each table cannot do without.
_NEEDED = {
    "calendar.yaml": ("minors", "source"),
    "component_versions.yaml": ("releases", "updates", "tables"),
    "egress.yaml": ("endpoints",),
    "node_images.yaml": ("images", "security_patches"),
}


def use_tables(folders: Iterable[Path]) -> None:
    """Answer from the tables of these ``--data`` folders too, after a check of each.

    Raises:
        DataFileError: a table is not valid; the message names file and line.
    """
    wanted = tuple(folders)
    for folder in wanted:
        for name in TABLES:
            path = folder / "baselines" / name
            if path.is_file():
                check_table(name, read_data(path, str(path)))
    use_folders(wanted)


def check_table(name: str, file: DataFile) -> None:
    """Read a table as an analysis would.

    Raises:
        DataFileError: it is not valid, or a section or its date is missing.
    """
    for key in (*_NEEDED[name], "as_of"):
        if not file.content.get(key):
            raise DataFileError(file.name, 1, f"{key} is missing")
    _READERS[name](file)
