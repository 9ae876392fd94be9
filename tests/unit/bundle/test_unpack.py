"""Decompression as a stream, with both engines for gzip."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.bundle import unpack
from analyzer.bundle.errors import Damage
from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.streams import Memory
from analyzer.bundle.unpack import PIECE, Gunzip, Unzstd
from tests.unit.bundle.tarballs import expected_members, gz, nested, read_all, zst


@pytest.fixture(params=["isal", "zlib"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "zlib":
        monkeypatch.setattr(unpack, "_igzip", None)
    elif unpack._igzip is None:
        pytest.skip("isal has no wheel here")
    return str(request.param)


def unpack_all(data: bytes, kind: type[Gunzip] | type[Unzstd] = Gunzip) -> tuple[bytes, str]:
    stream = kind(Memory(data), Budget(Limits()))
    out = []
    try:
        while piece := stream.piece():
            assert len(piece) <= PIECE
            out.append(piece)
    except Damage as damage:
        return b"".join(out), str(damage)
    return b"".join(out), ""


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 1_000_000])
def test_sizes(engine: str, size: int) -> None:
    data = bytes(range(251)) * (size // 251 + 1)
    assert unpack_all(gz(data[:size])) == (data[:size], "")
    assert unpack_all(gz(bytes(size))) == (bytes(size), "")


def test_members_padding_and_what_follows(engine: str) -> None:
    whole = gz(b"a" * 70_000) + gz(b"") + gz(b"b")
    for tail in (b"", bytes(600), b"\x1f", b"trailing text"):
        assert unpack_all(whole + tail) == (b"a" * 70_000 + b"b", "")


def test_cut_streams_give_their_start(engine: str) -> None:
    data = b"".join(b"%d line of text\n" % n for n in range(40_000))
    packed = gz(data)
    for cut in (1, 9, 11, 500, len(packed) // 2, len(packed) - 9, len(packed) - 1):
        found, damage = unpack_all(packed[:cut])
        assert data.startswith(found)
        assert len(found) >= len(data) * cut // len(packed) * 0.8 - PIECE
        assert "cut off" in damage or "broken" in damage


def test_wrong_sum_is_told(engine: str) -> None:
    packed = bytearray(gz(b"text\n" * 50_000))
    packed[-8] ^= 1
    found, damage = unpack_all(bytes(packed))
    assert "broken" in damage
    assert len(found) >= 250_000 - PIECE


@given(st.binary(max_size=2_000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes(engine: str, data: bytes) -> None:
    unpack_all(data)
    unpack_all(b"\x1f\x8b\x08\0" + data)
    unpack_all(data, Unzstd)


def test_whole_bundle(engine: str) -> None:
    assert read_all(gz(nested()))[0] == expected_members()


def test_other_levels_and_headers(engine: str) -> None:
    data = nested()
    stored = zlib.compressobj(0, zlib.DEFLATED, 31)
    assert unpack_all(stored.compress(data) + stored.flush()) == (data, "")
    assert unpack_all(gzip.compress(data, 9)) == (data, "")


def test_zstd_frames_and_cuts() -> None:
    data = nested()
    assert unpack_all(zst(data) + zst(data), Unzstd) == (data + data, "")
    found, _ = unpack_all(zst(data)[:-20], Unzstd)
    assert data.startswith(found)


def test_zstd_with_a_huge_window_is_refused() -> None:
    frame = b"\x28\xb5\x2f\xfd" + b"\x00" + b"\xa8" + b"\x01\x00\x00"
    assert "broken" in unpack_all(frame, Unzstd)[1]
