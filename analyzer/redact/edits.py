"""What finds a name in a text answers with: where it stands, and what stands for it."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.redact.stand_ins import StandIns

#: Start, end (in bytes) and stand-in.
Edit = tuple[int, int, str]
#: Asked where a telling text stands (the whole text, its start, its end): the edit there, if any.
Trigger = Callable[[bytes, int, int, StandIns], Edit | None]
