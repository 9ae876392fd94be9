"""A user's own baseline data: checked before use, carried with checksums."""

from __future__ import annotations

import hashlib
from pathlib import Path

from analyzer.baselines.capture import Captured, CapturedFrom
from analyzer.baselines.catalogue import load
from analyzer.baselines.data_files import DataFile, DataFileError, read_data
from analyzer.baselines.table_checks import check_table
from analyzer.baselines.tables import TABLES

#: Lists of checksums in a data folder, in the form of ``sha256sum``.
SUMS = "SHA256SUMS"
_SECTIONS = frozenset({"schema", "as_of", "components", "objects", "captured", "sources"})


def check(folder: Path) -> tuple[str, ...]:
    """What is wrong with the baseline files of a ``--data`` folder, a line each; () if all is well.

    Each line starts with file and line. Checksums are compared where the folder has a list.
    """
    problems = list(verify_sums(folder)) if (folder / SUMS).exists() else []
    for path in sorted((folder / "baselines").glob("*.yaml")):
        try:
            file = read_data(path, str(path))
            if path.name in TABLES:
                check_table(path.name, file)
            else:
                _check_file(file)
        except DataFileError as error:
            problems.append(str(error))
    if not problems:
        try:
            load((folder,))
        except DataFileError as error:
            problems.append(str(error))
    return tuple(problems)


def _check_file(file: DataFile) -> None:
    for key in file.content:
        if key not in _SECTIONS:
            raise DataFileError(file.name, file.line_of(key), f"unknown section {key}")
    file.records("objects", Captured)
    file.record("captured", CapturedFrom)


def write_sums(folder: Path) -> Path:
    """Write the checksums of all files below a data folder; returns the list's path."""
    target = folder / SUMS
    lines = [f"{_sum(path)}  {name}" for name, path in _files(folder)]
    target.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return target


def verify_sums(folder: Path) -> tuple[str, ...]:
    """Files that are changed, missing or not listed, a line each."""
    known: dict[str, str] = {}
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        digest, _, name = line.partition("  ")
        known[name] = digest
    present = dict(_files(folder))
    problems = [
        f"{folder / name}: is listed in {SUMS} and missing" for name in known if name not in present
    ]
    for name, path in present.items():
        if name not in known:
            problems.append(f"{path}: is not listed in {SUMS}")
        elif known[name] != _sum(path):
            problems.append(f"{path}: does not match its checksum in {SUMS}")
    return tuple(sorted(problems))


def _files(folder: Path) -> list[tuple[str, Path]]:
    paths = (path for path in folder.rglob("*.yaml") if path.is_file())
    return sorted((path.relative_to(folder).as_posix(), path) for path in paths)


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
