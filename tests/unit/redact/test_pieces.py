"""Large members are cut where no secret is cut in two, and what is no text is seen."""

from __future__ import annotations

import io

import pytest

from analyzer.bundle import Limits, Member
from analyzer.redact import pieces as cutting
from analyzer.redact.mask import mask_text
from analyzer.redact.pieces import MIB, is_binary, pieces


class Bytes(io.BytesIO):
    """Content of a member from memory."""

    damage = ""

    def drain(self) -> int:
        return 0


def member(data: bytes) -> Member:
    return Member("p/x", "p/x", len(data), Bytes(data), lambda *_: None, Limits())


def test_pieces_are_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_WHOLE", 1000)
    data = b"".join(b"line %d of a log\n" % n for n in range(300_000))
    found = list(pieces(member(data)))
    assert b"".join(found) == data and len(found) > 3
    assert all(piece.endswith(b"\n") for piece in found)


def test_a_name_is_never_cut_from_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_WHOLE", 1000)
    entry = b'{\n "name": "DB_PASSWORD",\n "value": "swordfish42"\n},\n'
    for shift in range(0, len(entry), 3):
        data = b"x" * shift + b"\n" + entry * (2 * MIB // len(entry))
        found = list(pieces(member(data)))
        assert len(found) > 1
        assert all(piece.count(b"PASSWORD") == piece.count(b"swordfish42") for piece in found)


def test_a_line_without_an_end_is_cut_between_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "_WHOLE", 1000)
    monkeypatch.setattr(cutting, "_LONGEST", 100_000)
    data = b"[" + b'{"name":"A_PASSWORD","value":"swordfish42"},' * 60_000 + b"{}]"
    found = list(pieces(member(data)))
    assert b"".join(found) == data and len(found) > 2
    assert all(b"swordfish42" not in mask_text(piece.decode()).encode() for piece in found)


def test_what_is_no_text_is_seen() -> None:
    assert is_binary(member(b"\x7fELF\0\0\1"))
    assert not is_binary(member("Ünïcode text".encode()))
    assert not is_binary(member("from Windows".encode("utf-16")))
    assert list(pieces(member("from Windows".encode("utf-16")))) == [b"from Windows"]
    assert list(pieces(member(b"\0" * (9 * MIB)))) == []
