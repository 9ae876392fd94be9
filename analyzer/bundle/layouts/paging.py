"""Numbers for objects that lie in a file each: a canonical listing has pages, not objects."""

from __future__ import annotations

#: Four digits are what a page's name holds.
_MOST = 9999


class Pages:
    """Gives each name a page of its listing, the same one whenever it is asked again."""

    __slots__ = ("_count", "_given")

    def __init__(self) -> None:
        self._given: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def path(self, name: str, listing: str, suffix: str) -> str:
        """Return ``<listing>.<number>.<suffix>`` for a file; empty where there are too many."""
        if name not in self._given:
            count = self._count.get(listing, 0) + 1
            self._count[listing] = count
            self._given[name] = f"{listing}.{count:04d}.{suffix}" if count <= _MOST else ""
        return self._given[name]
