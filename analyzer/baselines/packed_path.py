"""The inside of a data pack as a path, so that every loader reads it like a folder."""

from __future__ import annotations

import io
from collections.abc import Generator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    _Native = Path
else:
    # Before Python 3.12 only the platform's own class can be derived from.
    _Native = type(Path())

#: The files of every opened pack, by the path of the pack. Paths are values that copy themselves
#: when they are joined, so the content cannot travel in them.
_OPENED: dict[str, Mapping[str, bytes]] = {}


def open_members(source: Path, members: Mapping[str, bytes]) -> PackedPath:
    """The root of a pack whose files are ``members`` (relative path with ``/`` → content)."""
    root = PackedPath(source)
    _OPENED[str(root)] = dict(members)
    return root


class PackedPath(_Native):
    """A file or folder inside an opened pack: ``site.tar.gz/baselines/mine.yaml``. Read only."""

    def _place(self) -> tuple[Mapping[str, bytes], str]:
        """The files of the pack, and the path in it (empty for the pack itself)."""
        for parent in (self, *self.parents):
            if (members := _OPENED.get(str(parent))) is not None:
                inner = self.relative_to(parent).as_posix()
                return members, "" if inner == "." else inner
        raise FileNotFoundError(f"{self}: the pack is not open")

    def is_file(self, **_: Any) -> bool:
        """True for a file of the pack."""
        members, inner = self._place()
        return inner in members

    def is_dir(self, **_: Any) -> bool:
        """True for the pack itself, and for a folder with files in it."""
        members, inner = self._place()
        return not inner or any(name.startswith(f"{inner}/") for name in members)

    def exists(self, **_: Any) -> bool:
        """True for a file or folder of the pack."""
        return self.is_file() or self.is_dir()

    def iterdir(self) -> Generator[PackedPath, None, None]:
        """Files and folders right below, sorted."""
        members, inner = self._place()
        start = f"{inner}/" if inner else ""
        names = {name[len(start) :].partition("/")[0] for name in members if name.startswith(start)}
        for name in sorted(names):
            yield self / name

    def glob(self, pattern: str, **_: Any) -> Generator[PackedPath, None, None]:
        """Entries right below whose name matches; only patterns of one part are known."""
        for item in self.iterdir():
            if fnmatchcase(item.name, pattern):
                yield item

    def rglob(self, pattern: str, **_: Any) -> Generator[PackedPath, None, None]:
        """Files at any depth whose name matches."""
        members, inner = self._place()
        start = f"{inner}/" if inner else ""
        for name in sorted(members):
            if name.startswith(start) and fnmatchcase(name.rpartition("/")[2], pattern):
                yield self / name[len(start) :]

    def read_bytes(self) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is no such file in the pack.
        """
        members, inner = self._place()
        if inner not in members:
            raise FileNotFoundError(f"{self}: no such file in the pack")
        return members[inner]

    def read_text(self, encoding: str | None = None, errors: str | None = None, **_: Any) -> str:
        """The text of a file, with ``\\n`` at the ends of its lines."""
        return io.TextIOWrapper(
            io.BytesIO(self.read_bytes()), encoding=encoding or "utf-8", errors=errors
        ).read()

    def open(self, mode: str = "r", *_: Any, **more: Any) -> IO[Any]:  # type: ignore[override]
        """A stream over a file's content."""
        if "b" in mode:
            return io.BytesIO(self.read_bytes())
        return io.StringIO(self.read_text(more.get("encoding"), more.get("errors")))
