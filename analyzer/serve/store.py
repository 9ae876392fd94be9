"""The API server's part of a bundle, laid out once so that any piece of it can be read at once.

The part is one compressed stream, in which nothing can be sought. It is unpacked in one pass into
a temporary file without a name (on Windows: one that goes when it is closed), and only the places
of its files are kept in memory. The pass runs beside the server, which answers when it is done.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.bundle import (
    Bundle,
    BundleError,
    Inventory,
    Member,
    PartInventory,
    PartRecorder,
    collected_at,
    read_part,
)
from analyzer.bundle.limits import DEFAULT_LIMITS, MIB, Limits

PART = "cluster"
#: Unpacked bytes of the API server's part that are kept; a cluster of 2,000 nodes has 0.2 GiB.
MAX_BYTES = 8 * 1024 * MIB


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the temporary file. Offset and size in bytes."""

    offset: int
    size: int


class Store:
    """Files of the API server's part by their path in it, such as ``resources/core/nodes.json``."""

    def __init__(self, bundle: Bundle, limits: Limits = DEFAULT_LIMITS) -> None:
        self.bundle = bundle
        self._limits = limits
        self._files: dict[str, Piece] = {}
        self._inventory: Inventory | None = None
        self._failure = ""
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._spool = tempfile.TemporaryFile(prefix="demarc-")  # noqa: SIM115 - lives as long as we
        self._end = 0

    def start(self) -> None:
        """Begin the pass in a thread of its own."""
        threading.Thread(target=self._run, name="index", daemon=True).start()

    def close(self) -> None:
        """Give the temporary file back."""
        with self._lock:
            self._spool.close()

    @property
    def files(self) -> dict[str, Piece]:
        """All files, once the pass is through.

        Raises:
            BundleError: the pass failed.
        """
        self._wait()
        return self._files

    @property
    def inventory(self) -> Inventory:
        """What the part held and what it did not.

        Raises:
            BundleError: the pass failed.
        """
        self._wait()
        assert self._inventory is not None
        return self._inventory

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of the nodes whose archives are there, sorted."""
        names = [part.name for part in self.bundle.parts()] or list(self.inventory.parts)
        return tuple(sorted(n.removeprefix("nodes/") for n in names if n.startswith("nodes/")))

    def of_node(self, node: str) -> Iterator[Member]:
        """Yield the files of one node's archive."""
        part = f"nodes/{node}"
        for ref in self.bundle.parts():
            if ref.name == part:
                yield from read_part(ref, self._limits)
        if not self.bundle.partitioned:
            yield from (member for name, member in self.bundle.members() if name == part)

    def collected(self) -> datetime | None:
        """When the bundle was collected, the "now" of every age; None where nothing says so."""
        return collected_at(self.inventory, self.bundle.manifest)[0]

    def read(self, piece: Piece) -> bytes:
        """Return the bytes of one piece."""
        with self._lock:
            self._spool.seek(piece.offset)
            return self._spool.read(piece.size)

    def chunks(self, piece: Piece, size: int = MIB) -> Iterator[bytes]:
        """Yield the bytes of one piece, ``size`` at a time."""
        for at in range(piece.offset, piece.offset + piece.size, size):
            yield self.read(Piece(at, min(size, piece.offset + piece.size - at)))

    def contains(self, piece: Piece, needle: bytes) -> bool:
        """Tell whether bytes occur in a piece; it is read a chunk at a time."""
        tail = b""
        for chunk in self.chunks(piece):
            if needle in tail + chunk:
                return True
            tail = chunk[-len(needle) :]
        return False

    def append(self, data: bytes) -> Piece:
        """Keep more bytes, such as an object that was no JSON in the bundle."""
        with self._lock:
            piece = Piece(self._end, len(data))
            self._spool.seek(self._end)
            self._spool.write(data)
            self._end += len(data)
        return piece

    def _wait(self) -> None:
        self._ready.wait()
        if self._failure:
            raise BundleError(self._failure, self.bundle.name)

    def _run(self) -> None:
        try:
            parts = list(self._pass())
            self._inventory = Inventory(
                parts,
                manifest=self.bundle.manifest,
                layout=self.bundle.layout,
                format=self.bundle.format,
            )
        except Exception as error:  # a thread's own error would be seen by nobody
            self._failure = f"the bundle cannot be read: {error}"
        finally:
            self._ready.set()

    def _pass(self) -> Iterator[PartInventory]:
        if self.bundle.partitioned:
            for part in self.bundle.parts():
                if part.name == PART:
                    recorder = PartRecorder(PART)
                    for member in read_part(part, self._limits, recorder):
                        self._keep(member)
                    yield recorder.result()
            return
        for name, member in self.bundle.members():
            if name == PART:
                self._keep(member)
        yield from self.bundle.recorded()

    def _keep(self, member: Member) -> None:
        start = self._end
        for chunk in member.chunks():
            if self._end + len(chunk) > MAX_BYTES:
                raise BundleError("the API server's part is too large", self.bundle.name)
            self.append(chunk)
        rel = member.path.removeprefix(f"{PART}/")
        self._files.setdefault(rel, Piece(start, self._end - start))
