"""What the user names → the bundles that are there: files, folders of bundles, patterns, URLs."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzer.bundle import BundleError, open_bundle
from analyzer.bundle.layouts.base import archive_stem
from analyzer.fleet.errors import FleetError

_SEALED = ".age"
_URL = "://"


@dataclass(frozen=True, slots=True)
class Source:
    """A bundle's place: a path, or an address of an object store.

    ``stamp`` changes when the content does (size and time of change, or the store's own key); it
    only decides whether a bundle is read again.
    """

    place: str
    stamp: str

    @property
    def is_url(self) -> bool:
        """True for an address of an object store."""
        return _URL in self.place

    @property
    def name(self) -> str:
        """The last part of the place."""
        return self.place.rstrip("/").rpartition("/")[2] if self.is_url else Path(self.place).name


def find_sources(named: Iterable[str], *, leave_out: Path | None = None) -> tuple[Source, ...]:
    """All bundles at the named places, each once, sorted.

    A folder that is a bundle itself is one; any other is searched for archives and bundle folders.
    ``leave_out`` is a folder that is never searched (the fleet's own).

    Raises:
        FleetError: a place does not exist, holds no bundle, or needs a library that is not there.
    """
    found: dict[str, Source] = {}
    for name in named:
        at_name = list(_at(name, leave_out.resolve() if leave_out is not None else None))
        if not at_name:
            raise FleetError(f"there is no bundle in {name}", "name archives, or folders of them")
        found |= {source.place: source for source in at_name}
    return tuple(found[place] for place in sorted(found))


def _at(name: str, leave_out: Path | None) -> Iterator[Source]:
    if _URL in name:
        from analyzer.fleet.remote import list_remote

        yield from (Source(place, stamp) for place, stamp in list_remote(name, looks_like_bundle))
        return
    path = Path(name)
    if path.exists():
        yield from _in_path(path, leave_out, named=True)
        return
    matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207  # takes absolute patterns too
    if not matches:
        raise FleetError(f"{name}: no such file or folder", "check the path, or quote the pattern")
    for match in matches:
        yield from _in_path(Path(match), leave_out, named=False)


def _in_path(path: Path, leave_out: Path | None, *, named: bool) -> Iterator[Source]:
    """A file that was named is taken whatever it is called; one that was met has to look right."""
    if path.is_file():
        if named or looks_like_bundle(path.name):
            yield Source(str(path.resolve()), _file_stamp(path))
        return
    if leave_out is not None and path.resolve() == leave_out:
        return
    if _is_bundle(path):
        yield Source(str(path.resolve()), _folder_stamp(path))
        return
    for inner in sorted(path.iterdir()):
        if not (inner.is_symlink() and inner.is_dir()):  # a link may lead in a circle
            yield from _in_path(inner, leave_out, named=False)


def looks_like_bundle(name: str) -> bool:
    """True for names of archives, sealed ones too: those are told, not passed over."""
    return bool(archive_stem(name.removesuffix(_SEALED))) or name.endswith(_SEALED)


def _is_bundle(folder: Path) -> bool:
    try:
        open_bundle(folder)
    except BundleError:
        return False
    return True


def _file_stamp(path: Path) -> str:
    state = path.stat()
    return f"{state.st_size} {state.st_mtime_ns}"


def _folder_stamp(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder).as_posix()} {_file_stamp(path)}\n".encode())
    return digest.hexdigest()
