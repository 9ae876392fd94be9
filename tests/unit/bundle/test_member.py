"""Reading one member: whole, by line, by piece."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.bundle import Limits, Member
from analyzer.bundle.errors import Consumed
from tests.unit.bundle.tarballs import gz, nested, opened, tar_of

PATH = "nodes/n1/kubelet/journal.log"


def members_of(data: bytes, limits: Limits | None = None) -> Iterator[Member]:
    """Yield the members of a bundle with one file."""
    archive = tar_of({"nodes/n1.tar.gz": gz(tar_of({"kubelet/journal.log": data}))})
    for _, member in opened(archive, limits=limits or Limits()).members():
        yield member


def test_read_may_be_repeated_and_then_streamed() -> None:
    for member in members_of(b"a\nb\n" * 10):
        assert member.read() is member.read()
        assert b"".join(member.chunks()) == b"a\nb\n" * 10
        assert list(member.lines())[:2] == [(1, b"a"), (2, b"b")]
        assert (member.path, member.found_at, member.size) == (PATH, PATH, 40)


def test_streams_run_once() -> None:
    for member in members_of(b"text of some length\n"):
        assert b"".join(member.chunks()) == b"text of some length\n"
        with pytest.raises(Consumed):
            member.read()


def test_content_is_gone_after_the_pass_moved_on() -> None:
    seen = [member for _, member in opened(nested()).members()]
    with pytest.raises(Consumed):
        next(member for member in seen if member.path.endswith("journal.log")).read()


def test_a_held_stream_does_not_give_the_bytes_of_the_next_member() -> None:
    bundle = opened(nested())
    running = bundle.members()
    _, member = next(running)
    while member.path != PATH:
        _, member = next(running)
    chunks = member.chunks()
    next(chunks)
    next(running)
    with pytest.raises(Consumed):
        next(chunks)


@given(st.lists(st.sampled_from([b"", b"x", b"long " * 9, b"\xff\x00", b"a\rb"])), st.booleans())
def test_lines_as_split_gives_them(lines: list[bytes], ends: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
    want = data.split(b"\n")
    if want[-1] == b"":
        want.pop()
    for member in members_of(data):
        assert list(member.lines()) == list(enumerate(want, 1))


def test_lines_over_piece_borders() -> None:
    lines = [b"%d %s" % (n, b"x" * (n % 97)) for n in range(60_000)]
    for member in members_of(b"\r\n".join(lines) + b"\r\n"):
        assert [line for _, line in member.lines()] == lines


def test_long_line_is_cut_and_told() -> None:
    data = b"first\n" + b"y" * 3_000_000 + b"\nlast"
    bundle = opened(
        tar_of({"nodes/n1.tar.gz": gz(tar_of({"kubelet/journal.log": data}))}),
        limits=Limits(max_line_bytes=1000),
    )
    for _, member in bundle.members():
        lines = list(member.lines())
        assert [(number, len(line)) for number, line in lines] == [(1, 5), (2, 1000), (3, 4)]
    state = bundle.finish().state(PATH)
    assert state.presence == "truncated"
    assert "line 2 is cut" in state.note


def test_whole_reads_are_bounded() -> None:
    data = b"0123456789" * 100
    for member in members_of(data, Limits(max_member_bytes=256)):
        assert member.read() == data[:256]
        assert member.truncated
    for member in members_of(data, Limits(max_member_bytes=256)):
        assert b"".join(member.chunks()) == data
        assert not member.truncated
