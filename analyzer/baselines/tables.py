"""Tables that a user's data may replace as a whole: a newer one carried into a closed network.

A file of one of these names in ``DIR/baselines`` takes the packaged one's place if it is not older
than it (by ``as_of``). The refresh command writes such files; a data pack carries them.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from analyzer.baselines.data_files import DataFile, packaged, read_data

#: Names of the files; each is read by the module that answers from it.
TABLES = ("calendar.yaml", "component_versions.yaml", "egress.yaml", "node_images.yaml")

#: The data folders of the analysis that runs here; empty: what is packaged.
_FOLDERS: ContextVar[tuple[Path, ...]] = ContextVar("data folders", default=())


def use_folders(folders: Iterable[Path]) -> None:
    """From now on (in this thread) answer from the tables of these ``--data`` folders too."""
    _FOLDERS.set(tuple(folders))


def folders_in_use() -> tuple[Path, ...]:
    """The folders of the last :func:`use_folders`: the key of what is cached from tables."""
    return _FOLDERS.get()


def table(name: str) -> DataFile:
    """The table in use: the packaged one, or a user's that is not older; the last folder wins.

    Raises:
        DataFileError: a user's file is not valid; the message names file and line.
    """
    return _table(name, folders_in_use())


@lru_cache(maxsize=16)
def _table(name: str, folders: tuple[Path, ...]) -> DataFile:
    chosen = packaged(name)
    for folder in folders:
        path = folder / "baselines" / name
        if path.is_file():
            own = read_data(path, str(path))
            chosen = own if own.as_of >= chosen.as_of else chosen
    return chosen
