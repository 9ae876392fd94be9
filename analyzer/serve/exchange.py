"""What a client asks and what goes back, without any network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.serve.status import TRUE
from analyzer.serve.watching import Watch

Obj = dict[str, Any]
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks: method, path in pieces, query, and the headers that matter."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    accept: str = ""
    agent: str = ""
    body: bytes = b""
    #: The command of kubectl that asks, such as ``kubectl describe``.
    command: str = ""

    @property
    def reads(self) -> bool:
        """It changes nothing, by its method."""
        return self.method in ("GET", "HEAD")

    @property
    def watches(self) -> bool:
        """It asks for changes, and not for a list."""
        return self.query.get("watch") in TRUE


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an object, bytes, a stream of lines, or a watch."""

    body: Obj | bytes | Iterator[bytes] | Watch
    content_type: str = JSON
    code: int = 200
    warnings: tuple[str, ...] = ()
