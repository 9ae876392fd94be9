"""Users' clauses: added, replaced, and refused with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.policy import PolicyError, available, load_pack

CLAUSE = """\
schema: 1
section: Shared responsibility
clauses:
  - id: {id}
    says: A sentence of our own.
    who: customer
    stance: {stance}
    class: customer
    evidence:
      api: [some object]
    decides: full
    rule: How to decide.
    confidence: high
"""
CARD = """\
schema: 1
date: 2027-01-15
title: A newer pack
{extends}
source:
  title: Some document
  url: https://example.com/policy
"""


def write(root: Path, name: str, text: str) -> Path:
    path = root / "policy" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def clause(id_: str = "OWN-01", stance: str = "best-effort") -> str:
    return CLAUSE.format(id=id_, stance=stance)


def refusal(root: Path, date: str | None = None) -> PolicyError:
    with pytest.raises(PolicyError) as caught:
        load_pack(date, [root])
    return caught.value


def test_a_new_clause_is_added_to_every_pack(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", clause())
    for date in available():
        pack = load_pack(date, [tmp_path])
        assert pack.clauses["OWN-01"].says == "A sentence of our own."
        assert pack.clauses["OWN-01"].source == pack.source
        assert list(pack.clauses) == sorted(pack.clauses)
        assert "OWN-01" not in load_pack(date).clauses


def test_the_same_id_replaces(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", clause("IMG-02", "supported"))
    assert load_pack(None, [tmp_path]).clauses["IMG-02"].stance == "supported"
    assert load_pack().clauses["IMG-02"].stance == "not-supported"


def test_the_policy_folder_itself_will_do(tmp_path: Path) -> None:
    write(tmp_path, "own.yaml", clause())
    assert "OWN-01" in load_pack(None, [tmp_path / "policy"]).clauses


def test_later_folders_win(tmp_path: Path) -> None:
    for name, stance in (("a", "supported"), ("b", "not-supported")):
        write(tmp_path / name, "own.yaml", clause("OWN-01", stance))
    assert load_pack(None, [tmp_path / "a", tmp_path / "b"]).clauses["OWN-01"].stance == (
        "not-supported"
    )


def test_a_folder_without_policy_data_adds_nothing(tmp_path: Path) -> None:
    (tmp_path / "bugs").mkdir()
    assert load_pack(None, [tmp_path, tmp_path / "absent"]) == load_pack()


def test_a_dated_folder_adds_to_that_pack_and_to_later_ones(tmp_path: Path) -> None:
    write(tmp_path, "2026-06-09/own.yaml", clause("IMG-02", "best-effort"))
    write(tmp_path, "2023-08-28/own.yaml", clause("UNS-17", "supported"))
    newer, older = load_pack("2026-06-09", [tmp_path]), load_pack("2023-08-28", [tmp_path])
    assert newer.clauses["IMG-02"].stance == "best-effort"
    assert older.clauses["IMG-02"] == load_pack("2023-08-28").clauses["IMG-02"]
    assert older.clauses["UNS-17"].stance == "supported"
    assert newer.clauses["UNS-17"] == load_pack("2026-06-09").clauses["UNS-17"]


def test_a_new_pack_extends_a_packaged_one(tmp_path: Path) -> None:
    write(tmp_path, "2027-01-15/pack.yaml", CARD.format(extends="extends: 2026-06-09"))
    write(tmp_path, "2027-01-15/a.yaml", clause("IMG-02", "supported"))
    write(
        tmp_path,
        "2027-01-15/b.yaml",
        "schema: 1\nsection: Other heading\nmoves: [UNS-17]\n",
    )
    assert available([tmp_path])[-1] == "2027-01-15"
    pack = load_pack(None, [tmp_path])
    assert (pack.date, pack.title) == ("2027-01-15", "A newer pack")
    assert set(pack.clauses) == set(load_pack().clauses)
    assert pack.clauses["IMG-02"].stance == "supported"
    moved, before = pack.clauses["UNS-17"], load_pack().clauses["UNS-17"]
    assert moved.section == "Other heading"
    assert moved.source.url == "https://example.com/policy"
    assert (moved.says, moved.stance) == (before.says, before.stance)
    assert pack.clauses["VER-01"].source == load_pack().clauses["VER-01"].source


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("stance: best-effort", "stance: maybe", 7, "stance: Input should be 'supported'"),
        ("    who: customer\n", "", 4, "who: Field required"),
        ("decides: full", "decides: full\n    owner: me", 12, "owner: unknown key"),
        ("id: OWN-01", "id: own-1", 4, "id: String should match"),
        ("api: [some object]", "api: [some object, x]", 10, "evidence.api.1: "),
        ("decides: full", "decides: arm-only", 4, "decides arm-only needs settles"),
        ("decides: full", "decides: full\n    settles: az aks show", 4, "nothing to settle"),
        ("decides: full", "decides: partial\n    settles: curl x", 4, "must be an az command"),
        ("confidence: high", "confidence: high\n    who: shared", 14, "who stands twice"),
        ("  - id: OWN-01\n    says", "  - says", 4, "a clause needs an id"),
        ("schema: 1", "schema: 2", 1, "schema must be 1"),
        ("section: Shared", "sektion: Shared", 2, "sektion: unknown key"),
        ("[some object]", "[some object", 11, "not valid YAML"),
        ("section: Shared responsibility\n", "", 3, "section: Field required"),
        ("[some object]", "[&a some object, *a]", 10, "aliases are not used"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int, what: str
) -> None:
    assert old in clause()
    path = write(tmp_path, "own.yaml", clause().replace(old, new))
    error = refusal(tmp_path)
    assert what in str(error)
    assert str(error).startswith(f"{path}:{line}: ")
    assert (error.file, error.line) == (str(path), line)


def test_an_id_twice_names_both_places(tmp_path: Path) -> None:
    first, second = (write(tmp_path, name, clause()) for name in ("a.yaml", "b.yaml"))
    assert str(refusal(tmp_path)) == f"{second}:4: OWN-01 stands twice, first at {first}:4"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "must be a mapping"),
        ("- a\n", "must be a mapping"),
        ("schema: 1\nclauses: {a: b}\n", ":2: clauses must be a list"),
        ("schema: 1\nclauses: [a]\n", ":2: a clause must be a mapping"),
        ("schema: 1\nmoves: [UNS-17]\n", ":2: moves needs a section"),
        ("schema: 1\nsection: Some\nmoves: [XX-99]\n", ":3: XX-99 is not a clause"),
        ("schema: 1\n? [a]\n: b\n", ":2: a key must be text"),
        ("schema: 1\n---\nschema: 1\n", "not valid YAML"),
        ("a: \x01\n", "not valid YAML"),
        ("[" * 50_000, ":1: nested too deeply"),
        ("- " * 50_000, ":1: nested too deeply"),
        ("schema: 1\nclauses: &a [*a]\n", ":2: aliases are not used"),
    ],
)
def test_other_shapes_are_refused(tmp_path: Path, text: str, what: str) -> None:
    path = write(tmp_path, "own.yaml", text)
    error = refusal(tmp_path)
    assert what in str(error)
    assert error.file == str(path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "own.yaml", "")
    path.write_bytes(b"schema: 1\n# \xff\n")
    assert "cannot be read" in str(refusal(tmp_path))


def test_a_pack_cannot_extend_itself_or_a_later_one(tmp_path: Path) -> None:
    path = write(tmp_path, "2027-01-15/pack.yaml", CARD.format(extends="extends: 2027-01-15"))
    assert str(refusal(tmp_path)).startswith(f"{path}:4: extends 2027-01-15, which is not earlier")


def test_extending_an_unknown_pack_names_those_there_are(tmp_path: Path) -> None:
    path = write(tmp_path, "2027-01-15/pack.yaml", CARD.format(extends="extends: 2024-01-01"))
    error = refusal(tmp_path)
    assert (error.file, error.line) == (str(path), 4)
    assert "there are 2023-08-28, 2026-06-09, 2027-01-15" in str(error)


def test_a_card_of_another_date_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "2027-02-01/pack.yaml", CARD.format(extends=""))
    assert str(refusal(tmp_path)).startswith(f"{path}:2: date is 2027-01-15")


def test_clauses_for_a_pack_that_is_not_there_are_not_dropped(tmp_path: Path) -> None:
    write(tmp_path, "2030-01-01/own.yaml", clause())
    assert "no policy pack of 2030-01-01, and no pack.yaml" in str(refusal(tmp_path))


def test_a_folder_that_is_no_date_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "newest/own.yaml", clause())
    assert "not named by a date" in str(refusal(tmp_path))
