"""Lines of a log up to the limit; the rest of a longer one is dropped, wherever pieces end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.bundle import Limits, member

MOST = 7


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.integers(0, 20), max_size=12), st.integers(1, 30), st.booleans())
def test_every_line_is_cut_at_the_limit_and_no_other_byte_is_lost(
    lengths: list[int], chunk: int, ends: bool
) -> None:
    lines = [bytes([97 + at]) * length for at, length in enumerate(lengths)]
    text = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    told: list[str] = []
    one = member.Member(
        "p", "p", len(text), Pieces(text), lambda _, why: told.append(why),
        Limits(max_line_bytes=MOST),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(member, "CHUNK", chunk)
        got = b"".join(one.text_chunks())
    assert got == b"\n".join(line[:MOST] for line in text.split(b"\n"))
    assert bool(told) == any(length > MOST for length in lengths)
    assert all("(limit line-bytes)" in why for why in told)


class Pieces:
    damage = ""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, count: int) -> bytes:
        piece, self._data = self._data[:count], self._data[count:]
        return piece

    def drain(self) -> int:
        return 0
