"""A tar reader for streams that may be torn or hostile.

Written for this purpose because ``tarfile`` of the Python versions in use can be made to loop for
ever by a crafted header (CVE-2025-8194), stops at the first damaged header, and reads a stream at
a fraction of the speed of the decompression below it. It knows ustar, the GNU long names, and pax
paths and sizes (IEEE Std 1003.1-2017, ``pax``; GNU tar manual, "Basic Tar Format").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analyzer.bundle.errors import Damage
from analyzer.bundle.limits import MIB, Budget
from analyzer.bundle.names import BadName, decode_name, shown_name
from analyzer.bundle.streams import Reader, Window

BLOCK = 512
_MAGIC = b"ustar"
_MAGIC_AT = 257
_ZERO = bytes(BLOCK)
#: Extended headers (a long name, pax records) are a few hundred bytes.
_MAX_EXTENSION = 1 * MIB
#: Damaged headers in one archive, and places that look like one, before it is given up.
_MAX_DAMAGED = 1_000
_MAX_CANDIDATES = 10_000

_REGULAR = frozenset(b"0\x007")
_KINDS = {
    ord("1"): "a hard link",
    ord("2"): "a symbolic link",
    ord("3"): "a character device",
    ord("4"): "a block device",
    ord("5"): "",
    ord("6"): "a named pipe",
    ord("D"): "",
    ord("S"): "a sparse file",
    ord("V"): "",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of an archive: raw name, offset of its content in the stream, its size."""

    name: str
    offset: int
    size: int
    content: Window


class _BadHeader(ValueError):
    """512 bytes that are no header."""


def is_header(block: bytes) -> bool:
    """Tell whether 512 bytes are a tar header with a right checksum."""
    try:
        return len(block) == BLOCK and block != _ZERO and _checksum_fits(block)
    except _BadHeader:
        return False


def was_header(block: bytes) -> bool:
    """Tell a damaged header by its mark: the files behind it may still be read."""
    return block[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def _checksum_fits(block: bytes) -> bool:
    stored = _octal(block[148:156])
    if sum(block) - sum(block[148:156]) + 256 == stored:
        return True
    # Some old writers added signed bytes.
    signed = sum(b - 256 if b > 127 else b for b in block[:148] + block[156:])
    return signed + 256 == stored


def _octal(field: bytes) -> int:
    """Read a number field: octal text, or base 256 with the top bit set."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    text = field.split(b"\0", 1)[0].strip()
    try:
        number = int(text, 8) if text else 0
    except ValueError:
        raise _BadHeader("a number field holds no number") from None
    if number < 0:
        raise _BadHeader("a number field is negative")
    return number


class TarWalk:
    """Walks over the regular files of a tar stream.

    ``tell(name, why)`` hears of entries that are refused (links, devices, bad names) and of damage
    (``name`` is then empty). After the walk ``tear`` says why it ended before the end mark.
    """

    __slots__ = ("_budget", "_candidates", "_damaged", "_name", "_reader", "_size", "_tell", "tear")

    def __init__(self, reader: Reader, budget: Budget, tell: Callable[[str, str], None]) -> None:
        self._reader = reader
        self._budget = budget
        self._tell = tell
        self._name: str | None = None
        self._size: int | None = None
        self._damaged = 0
        self._candidates = 0
        self.tear = ""

    def __iter__(self) -> Iterator[Entry]:
        """Yield the files one by one; what is not read of one is skipped before the next."""
        while (block := self._next_header()) is not None:
            try:
                self._budget.count_member()
                entry = self._entry(block)
            except BadName as error:
                self._tell(shown_name(block[:100].rstrip(b"\0").decode("latin-1")), str(error))
                continue
            except Damage as damage:
                self.tear = str(damage)
                return
            if entry is None:
                continue
            yield entry
            if entry.content.drain():
                self.tear = self._reader.damage or "it is cut off"
                return
            self._reader.skip(-entry.size % BLOCK)

    def _next_header(self) -> bytes | None:
        """Return the next header block; None at the end. Looks on after a damaged one."""
        block = self._reader.read(BLOCK)
        zeros = 0
        while block == _ZERO:
            zeros += 1
            if zeros == 2:
                return None
            block = self._reader.read(BLOCK)
        if len(block) < BLOCK:
            if block or not zeros or self._reader.damage:
                self.tear = self._reader.damage or "it ends without its end mark"
            return None
        if is_header(block):
            return block
        self._name = self._size = None
        self._damaged += 1
        if self._damaged > _MAX_DAMAGED:
            self.tear = "too many damaged headers: the rest is not read"
            return None
        self._tell("", "a header is damaged: what it named is lost")
        return self._resync(block)

    def _resync(self, held: bytes) -> bytes | None:
        """Look for the next header with the ustar mark, at any offset: bytes may be missing."""
        while True:
            found = held.find(_MAGIC, _MAGIC_AT)
            while found >= 0:
                self._candidates += 1
                if self._candidates > _MAX_CANDIDATES:
                    self.tear = "no header can be found after a damaged one"
                    return None
                start = found - _MAGIC_AT
                if len(held) < start + BLOCK:
                    held += self._reader.read(start + BLOCK - len(held))
                block = held[start : start + BLOCK]
                if is_header(block):
                    self._reader.unread(held[start + BLOCK :])
                    return block
                found = held.find(_MAGIC, found + 1)
            more = self._reader.read(64 * BLOCK)
            if not more:
                self.tear = self._reader.damage or "no header can be found after a damaged one"
                return None
            held = held[-BLOCK:] + more

    def _entry(self, block: bytes) -> Entry | None:
        """Turn a header into a file; None for folders and for what is refused or only announces.

        Raises:
            BadName: the name cannot be used; the content is skipped.
        """
        kind = block[156]
        size = self._size_of(block)
        if kind in b"xgLK":
            self._extension(kind, size)
            return None
        name, self._name = self._name, None
        offered, self._size = self._size, None
        if offered is not None:
            size = offered
        if kind not in _REGULAR:
            self._refuse(block, kind, size, name)
            return None
        try:
            text = name if name is not None else decode_name(_ustar_name(block))
        except BadName:
            self._skip(size)
            raise
        if text.endswith("/"):  # a folder as old writers mark it
            self._skip(size)
            return None
        return Entry(text, self._reader.consumed, size, Window(self._reader, size))

    def _size_of(self, block: bytes) -> int:
        try:
            return _octal(block[124:136])
        except _BadHeader:
            return 0

    def _refuse(self, block: bytes, kind: int, size: int, name: str | None) -> None:
        """Tell of a link, device or unknown kind, and skip what follows it."""
        what = _KINDS.get(kind, f"an entry of unknown kind {chr(kind)!r}")
        if what:
            raw = _ustar_name(block).decode("utf-8", "backslashreplace") if name is None else name
            self._tell(shown_name(raw), f"{what}; not followed")
        # Links and devices have no content whatever their size field says.
        if kind not in b"123456":
            self._skip(size)

    def _skip(self, size: int) -> None:
        self._reader.skip(size + -size % BLOCK)

    def _extension(self, kind: int, size: int) -> None:
        """Read a long name or pax records for the entry that follows.

        Raises:
            BadName: the long name is not UTF-8, or the extension is far too large.
        """
        if size > _MAX_EXTENSION:
            self._skip(size)
            raise BadName("an extended header is too large")
        data = self._reader.read(size)
        self._reader.skip(-size % BLOCK)
        if kind == ord("L"):
            self._name = data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif kind == ord("x"):
            self._pax(data)

    def _pax(self, data: bytes) -> None:
        """Take path and size out of pax records: ``<length> <key>=<value>\\n``."""
        at = 0
        while at < len(data):
            space = data.find(b" ", at, at + 12)
            if space < 0 or not data[at:space].isdigit():
                return
            end = at + int(data[at:space])
            if end <= space or end > len(data):
                return
            key, _, value = data[space + 1 : end - 1].partition(b"=")
            if key == b"path":
                self._name = value.decode("utf-8", "surrogateescape")
            elif key == b"size" and value.isdigit() and len(value) < 20:
                self._size = int(value)
            at = end


def _ustar_name(block: bytes) -> bytes:
    """Join name and prefix of a header."""
    name = block[:100].split(b"\0", 1)[0]
    if block[_MAGIC_AT : _MAGIC_AT + 6] == b"ustar\0" and block[345]:
        return block[345:500].split(b"\0", 1)[0] + b"/" + name
    return name
