"""Lists as JSON, object by object: neither a page nor a list is in memory as objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson

Obj = dict[str, Any]


class Shaped:
    """A list in the form that a client wants: objects, rows of a table, or metadata alone.

    ``listing`` is the list without its objects; ``shape`` makes a list what is wanted.
    """

    def __init__(self, listing: Obj, shape: Callable[[Obj], Obj]) -> None:
        self._listing = listing
        self._shape = shape
        self._head = shape(listing)
        self._key = "rows" if "rows" in self._head else "items"

    def made(self, obj: Obj) -> bytes:
        """Return the JSON of one object, as it stands in the list."""
        (found,) = self._shape(self._listing | {"items": [obj]})[self._key]
        return orjson.dumps(found)

    def whole(self, head: Obj, made: list[bytes]) -> Obj:
        """Return a list of what was made; ``head`` is the shaped list without objects."""
        return head | {self._key: [orjson.Fragment(one) for one in made]}

    def streamed(self, objects: Iterator[Obj]) -> Iterator[bytes]:
        """Yield the JSON of the list."""
        head = {name: value for name, value in self._head.items() if name != self._key}
        yield orjson.dumps(head)[:-1] + f',"{self._key}":['.encode()
        comma = b""
        for obj in objects:
            yield comma + self.made(obj)
            comma = b","
        yield b"]}"
