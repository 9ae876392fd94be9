"""The key file, and what it turns back."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from analyzer.redact.addresses import AddressMap
from analyzer.redact.key import BadKey, Key, load_key, new_key, save_key
from analyzer.redact.stand_ins import StandIns
from analyzer.redact.unmask import unmask

SECRET = "ab" * 32


def test_a_key_comes_back_as_it_was_written(tmp_path: Path) -> None:
    key = Key(secret=SECRET, networks=("10.66.0.0/16",), names={"b": "a", "dé": "ü"})
    save_key(tmp_path / "k.json", key)
    assert load_key(tmp_path / "k.json") == key
    assert [path.name for path in tmp_path.iterdir()] == ["k.json"]
    if os.name == "posix":
        assert (tmp_path / "k.json").stat().st_mode & 0o077 == 0


def test_every_new_key_is_another() -> None:
    assert new_key().secret != new_key().secret


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"secret": "zz"}', '{"format": 2}'])
def test_what_is_no_key_is_one_clear_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "k.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadKey, match=r"k\.json: is no key file") as told:
        load_key(path)
    assert "\n" not in str(told.value)
    with pytest.raises(BadKey, match="cannot be read"):
        load_key(tmp_path / "none.json")


def test_a_network_is_taken_in_only_if_no_stand_in_changes() -> None:
    empty = Key(secret=SECRET)
    assert empty.with_networks(["10.66.0.0/16", "no", "0.0.0.0/0"]).networks == ("10.66.0.0/16",)
    given = StandIns(empty.secret_bytes, AddressMap(empty.secret_bytes))
    for last in range(1, 30):
        given.ip(f"10.66.0.{last}")
    held = empty.with_names(given.originals)
    later = held.with_networks(["10.66.0.0/16", "172.20.0.0/16"])
    names = AddressMap(later.secret_bytes, later.networks)
    assert all(names.ip(old) == new for new, old in later.names.items())


def test_no_two_names_share_a_stand_in() -> None:
    names = StandIns(bytes(32), AddressMap(bytes(32)))
    made = {names.name(f"n{number}") for number in range(1000)}
    made |= {names.digits(f"{number:08d}") for number in range(10_000_000, 10_001_000)}
    assert len(made) == 2000


def test_a_known_name_keeps_the_stand_in_it_has() -> None:
    names = StandIns(bytes(32), AddressMap(bytes(32)), {"zuzu": "fabrikam"})
    assert names.name("fabrikam") == "zuzu"
    assert names.name("FABRIKAM") == "ZUZU"


def test_unmask_takes_whole_words_and_writes_as_the_file_needs() -> None:
    key = Key(secret=SECRET, names={"zuzu": 'a"<b>', "zuzu.example": "x.fabrikam.com"})
    text = b"zuzu zuzus zuzu.example zuzu.examples"
    assert unmask(text, key)[0] == b'a"<b> zuzus x.fabrikam.com a"<b>.examples'
    assert unmask(b"zuzu", key, ".html")[0] == b"a&quot;&lt;b&gt;"
    assert json.loads(b'"' + unmask(b"zuzu", key, ".json")[0] + b'"') == 'a"<b>'
    assert unmask(b"nothing", Key(secret=SECRET)) == (b"nothing", 0)
