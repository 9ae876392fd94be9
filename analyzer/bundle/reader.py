"""``open_bundle``: whatever the user has, as parts and members; and the pass over them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from analyzer.bundle.inventory import Inventory
from analyzer.bundle.limits import DEFAULT_LIMITS, MIB, Budget, Limits
from analyzer.bundle.listing import Listing, folder_sha256
from analyzer.bundle.manifest import Manifest
from analyzer.bundle.member import Member
from analyzer.bundle.opening import open_shell
from analyzer.bundle.parts import Blob, PartRef, read_within
from analyzer.bundle.recorder import PartInventory, PartRecorder
from analyzer.bundle.sealed import refuse_sealed
from analyzer.bundle.shells import ListedShell, StreamShell
from analyzer.bundle.stamps import Stamp
from analyzer.bundle.unfold import Unfolder

#: What one input may be given as.
Source = str | Path | BinaryIO


class Bundle:
    """A bundle that was recognised. Nothing of it is unpacked to disk, links are never followed.

    Read it once: with ``members()`` in one sequential pass, or, where ``partitioned`` is True, with
    ``read_part`` over ``parts()`` in as many processes as wanted. Then ``finish`` tells what was
    there. Use it as a context manager or not: no file stays open between calls.
    """

    def __init__(self, name: str, source: Blob | Path, shell: ListedShell | StreamShell) -> None:
        self.name = name
        self._source = source
        self._shell = shell
        self._recorders: dict[str, PartRecorder] = {}
        self._sha256 = ""

    @property
    def layout(self) -> str:
        """Readable id of the layout: ``demarc-1``, ``cluster-info-dump``, ``node-folder`` …"""
        return self._shell.mapping.layout

    @property
    def inputs(self) -> tuple[Bundle, ...]:
        """The inputs that it was put together from: itself, where there is one."""
        return (self,)

    @property
    def format(self) -> int:
        """1 for our own layouts, 0 for others."""
        return self._shell.mapping.format

    @property
    def size_bytes(self) -> int:
        """Size of the archive, or of all files of the folder."""
        return self._shell.size_bytes

    @property
    def manifest(self) -> Manifest | None:
        """The manifest; in a compressed tar that holds it late, only after the pass."""
        return self._shell.manifest

    @property
    def told(self) -> Stamp | None:
        """When another tool says that it collected; in a compressed tar, after the pass."""
        return self._shell.told

    @property
    def partitioned(self) -> bool:
        """True where parts can be read independently, in other processes: a file or a folder."""
        return isinstance(self._shell, ListedShell) and not self._shell.in_memory

    def parts(self) -> list[PartRef]:
        """Return the parts, sorted by name; none where only a sequential pass can tell."""
        return list(self._shell.parts) if isinstance(self._shell, ListedShell) else []

    def members(self) -> Iterator[tuple[str, Member]]:
        """Yield (part name, member) over the whole bundle, in one sequential pass."""
        self._recorders = {}
        budget = Budget(self._shell.limits)
        unfolder = Unfolder(budget, self._recorder)
        if isinstance(self._shell, StreamShell):
            yield from self._shell.members(unfolder, budget)
            return
        for part in self._shell.parts:
            recorder = self._recorder(part.name)
            for member in read_within(part, unfolder, budget, recorder):
                yield part.name, member

    def _recorder(self, part: str) -> PartRecorder:
        if part not in self._recorders:
            self._recorders[part] = PartRecorder(part)
        return self._recorders[part]

    def recorded(self) -> list[PartInventory]:
        """Return the inventories of the parts that ``members`` went through, sorted by name."""
        return [self._recorders[name].result() for name in sorted(self._recorders)]

    def finish(self, parts: Iterable[PartInventory] = ()) -> Inventory:
        """Return what was there. ``parts`` are the inventories of parts read with ``read_part``."""
        found = {part.part: part for part in self.recorded()}
        found |= {part.part: part for part in parts}
        return Inventory(
            found.values(),
            manifest=self.manifest,
            layout=self.layout,
            format=self.format,
            outer=self._shell.recorder.result(),
            sha256=self.sha256(),
            told=self.told,
        )

    def sums(self) -> dict[str, tuple[int, str]]:
        """Return size in bytes and SHA-256 (hex) of the archive of each part that has one.

        Reads the whole bundle once more, without unpacking the parts. A torn archive has the sum
        of what is there. A second archive of a part stands under a name of its own.
        """
        found: dict[str, tuple[int, str]] = {}
        for part, _, content in self._shell.archives():
            whole = hashlib.sha256()
            size = 0
            while piece := content.read(1 * MIB):
                whole.update(piece)
                size += len(piece)
            name = part if part not in found else f"{part} (archive {len(found) + 1})"
            found[name] = (size, whole.hexdigest())
        return found

    def loose_files(self) -> list[tuple[str, int]]:
        """Return path as found and size in bytes of the files that lie in no part's archive."""
        return sorted(self._shell.loose_files())

    def sha256(self) -> str:
        """Return the sum (hex) of the archive's bytes as they came.

        For a folder: SHA-256 over its files sorted by path, each as the path, a zero byte, the
        SHA-256 (hex) of its content, and a line feed.
        """
        if not self._sha256:
            if isinstance(self._source, Path):
                listing: Listing = self._shell.listing
                self._sha256 = folder_sha256(listing)
            elif self._source.data is not None:
                self._sha256 = hashlib.sha256(self._source.data).hexdigest()
            else:
                with Path(self._source.path).open("rb") as file:
                    self._sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return self._sha256

    def reread(self, paths: Collection[str]) -> Iterator[Member]:
        """Yield the members among ``paths`` (canonical or as found) once more, for a second look.

        Parts that hold none of them are not unpacked, and each part only up to the last one.
        """
        wanted = set(paths)
        if not wanted:
            return
        budget = Budget(self._shell.limits)
        if isinstance(self._shell, StreamShell):
            recorders: dict[str, PartRecorder] = {}

            def recorder_of(part: str) -> PartRecorder:
                return recorders.setdefault(part, PartRecorder(part))

            again = self._shell.members(Unfolder(budget, recorder_of), budget, record=False)
            yield from _only((member for _, member in again), wanted)
            return
        for part in self._shell.parts:
            narrowed = part.only(wanted)
            if narrowed is None:
                continue
            scratch = PartRecorder(part.name)
            unfolder = Unfolder(budget, lambda _, scratch=scratch: scratch)  # type: ignore[misc]
            prefix = f"{part.name}/"
            here = {path for path in wanted if path.startswith(prefix)}
            files = [file for one in (narrowed, *narrowed.more) for file in one.files]
            here |= {path for path in wanted if any(file.covers(path) for file in files)}
            yield from _only(read_within(narrowed, unfolder, budget, scratch), here or wanted)


def _only(members: Iterator[Member], wanted: Collection[str]) -> Iterator[Member]:
    """Yield the wanted members and stop when all were seen."""
    left = set(wanted)
    for member in members:
        if member.path in left or member.found_at in left:
            yield member
            left -= {member.path, member.found_at}
            if not left:
                return


def open_bundle(
    source: Source | Sequence[Source], *, limits: Limits = DEFAULT_LIMITS, name: str | None = None
) -> Bundle:
    """Open a bundle: the path of an archive or folder, or a binary stream (standard input).

    Several of them, as a list or tuple, are read together as one bundle.

    A stream is kept in memory as it comes, up to ``max_stdin_bytes``. ``name`` replaces the name
    of the file or folder.

    Raises:
        BundleError: the source cannot be read as a bundle at all.
    """
    if isinstance(source, list | tuple):
        from analyzer.bundle.together import open_together  # it builds on this module

        return open_together(source, limits)
    assert not isinstance(source, Sequence) or isinstance(source, str)
    source = refuse_sealed(source, name)
    shown, opened, shell = open_shell(source, limits, name)
    return Bundle(shown, opened, shell)
