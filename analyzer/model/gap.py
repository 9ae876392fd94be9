"""What is not there, and why. "Not collected" is a fact, never "absent" and never "healthy"."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Presence(StrEnum):
    """What became of an item that a bundle may hold."""

    PRESENT = "present"
    #: Asked for, and the source said that there is no such thing.
    ABSENT = "absent"
    #: Collected, and it holds nothing.
    EMPTY = "empty"
    #: Collected, and cut by a limit of the collector or of the reader, or torn.
    TRUNCATED = "truncated"
    #: The API server or the node refused.
    FORBIDDEN = "forbidden"
    #: Tried without success: time-out, missing tool, deadline, no space, unreadable content.
    FAILED = "failed"
    #: Nobody asked; says nothing of the cluster.
    NOT_ASKED = "not-asked"

    @property
    def readable(self) -> bool:
        """True where content can be looked at."""
        return self in (Presence.PRESENT, Presence.EMPTY, Presence.TRUNCATED)


class Gap(BaseModel):
    """An input that is missing or damaged: a member, a part, or one object of a list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    reason: Presence
    detail: str = ""

    def __str__(self) -> str:
        """One clear line: what, why."""
        return f"{self.path}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class NotCollected(Exception):
    """Raised by a fact that cannot answer; the engine turns it into the outcome ``unknown``."""

    def __init__(self, *gaps: Gap) -> None:
        super().__init__("; ".join(str(gap) for gap in gaps))
        self.gaps = gaps
