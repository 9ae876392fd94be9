"""The outer shell of a bundle as a listing: a folder, or a plain tar that can be seeked in."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from analyzer.bundle.errors import BundleError, Damage
from analyzer.bundle.limits import Budget
from analyzer.bundle.names import BadName, clean_name, shown_name
from analyzer.bundle.parts import Blob
from analyzer.bundle.recorder import WHOLE, PartRecorder
from analyzer.bundle.streams import FileSlice, Memory, Reader
from analyzer.bundle.tar import TarWalk
from analyzer.model.gap import Presence

#: Headers lie far apart in a tar of archives: little is read around each.
_HEADER_READ = 8192


@dataclass(frozen=True, slots=True)
class Listed:
    """A file of the outer shell: clean name, size in bytes as told, and the bytes there are."""

    name: str
    size: int
    blob: Blob


@dataclass(slots=True)
class Listing:
    """All files of the outer shell, sorted by name, each name once."""

    files: list[Listed] = field(default_factory=list)
    size_bytes: int = 0


def list_tar(source: Blob, budget: Budget, recorder: PartRecorder) -> Listing:
    """List a plain tar by its headers, without reading the contents."""
    raw = (
        Memory(source.data)
        if source.data is not None
        else FileSlice(Path(source.path), 0, source.size, _HEADER_READ)
    )
    reader = Reader(raw)
    walk = TarWalk(reader, budget, partial(refuse, recorder))
    found: dict[str, Listed] = {}
    for entry in walk:
        there = max(0, min(entry.size, source.size - entry.offset))
        blob = Blob(source.path, entry.offset, there, source.data)
        add_listed(found, entry.name, entry.size, blob, budget, recorder)
    reader.close()
    if walk.tear:
        recorder.tear(walk.tear)
    return Listing([found[name] for name in sorted(found)], source.size)


def list_folder(root: Path, budget: Budget, recorder: PartRecorder) -> Listing:
    """List a folder. Links are not followed, and nothing but regular files is opened.

    Raises:
        BundleError: the folder itself cannot be read.
    """
    found: dict[str, Listed] = {}
    total = 0
    try:
        for name, path, size in _walk(root, budget, recorder):
            add_listed(found, name, size, Blob(str(path), 0, size), budget, recorder)
            total += size
    except Damage as damage:
        recorder.tear(str(damage))
    return Listing([found[name] for name in sorted(found)], total)


def _walk(root: Path, budget: Budget, recorder: PartRecorder) -> Iterator[tuple[str, Path, int]]:
    waiting = [("", root)]
    while waiting:
        prefix, folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            why = error.strerror or str(error)
            if folder == root:
                raise BundleError(f"the folder cannot be read: {why}", str(root)) from error
            refuse(recorder, prefix, f"the folder cannot be read: {why}")
            continue
        for entry in here:
            budget.count_member()
            name = f"{prefix}{entry.name}"
            try:
                if entry.is_symlink():
                    refuse(recorder, name, "a symbolic link; not followed")
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{name}/", Path(entry.path)))
                elif entry.is_file(follow_symlinks=False):
                    yield name, Path(entry.path), entry.stat(follow_symlinks=False).st_size
                else:
                    refuse(recorder, name, "no regular file; not read")
            except OSError as error:
                refuse(recorder, name, f"cannot be read: {error.strerror or error}")


def add_listed(
    found: dict[str, Listed],
    raw_name: str,
    size: int,
    blob: Blob,
    budget: Budget,
    recorder: PartRecorder,
) -> None:
    """Add a file under its clean name; a gap tells why one is left out."""
    try:
        name = clean_name(raw_name, budget.limits.max_name_length)
    except BadName as error:
        refuse(recorder, raw_name, str(error))
        return
    if name in found:
        refuse(recorder, name, "found twice; the first one is used")
    elif name:
        found[name] = Listed(name, size, blob)


def refuse(recorder: PartRecorder, name: str, why: str) -> None:
    """Note that a file or folder is not read."""
    recorder.gap(shown_name(name) or WHOLE, Presence.FAILED, why)


def folder_sha256(listing: Listing) -> str:
    """Return the sum of a folder, as ``Bundle.sha256`` says it.

    A file that cannot be read counts with an empty sum.
    """
    whole = hashlib.sha256()
    for file in listing.files:
        one = hashlib.sha256()
        raw = file.blob.open()
        try:
            while piece := raw.piece():
                one.update(piece)
            digest = one.hexdigest()
        except Damage:
            digest = ""
        finally:
            raw.close()
        whole.update(f"{file.name}\0{digest}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()
