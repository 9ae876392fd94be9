"""The small files of a bundle: collection.tsv, manifest.json; and the list of expected items."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analyzer.bundle import CollectionRow, Manifest
from analyzer.bundle.collection import NOTE_WORDS, parse_collection
from analyzer.bundle.globs import pattern
from analyzer.bundle.items import Item, expected_items, kind_of, part_of
from analyzer.bundle.manifest import parse_manifest
from analyzer.model.gap import Presence
from tests.unit.bundle.tarballs import HEADER, SAMPLES, manifest, read_all, row


def rows(text: str) -> list[CollectionRow]:
    found = list(parse_collection(text.encode()))
    assert all(isinstance(item, CollectionRow) for item in found), found
    return found  # type: ignore[return-value]


def test_full_row() -> None:
    line = row("host/df", item="df", command="df -P", exit=3, ms=17, bytes=99, note="failed: no")
    (one,) = rows(HEADER + line)
    assert one == CollectionRow(
        item="df",
        path="host/df",
        command="df -P",
        exit=3,
        started=datetime(2026, 3, 1, 10, tzinfo=UTC),
        ms=17,
        bytes=99,
        note="failed: no",
    )
    assert one.word == "failed"
    assert one.missing is Presence.FAILED


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        ("1", True),
        ("0", False),
        ("yes", True),
        ("no", False),
        ("TRUE", True),
        ("", False),
        ("x", False),
    ],
)
def test_flags(cell: str, flag: bool) -> None:
    assert rows(HEADER + row("a", truncated=cell))[0].truncated is flag


def test_masked_may_be_a_count() -> None:
    assert [r.masked for r in rows(HEADER + row("a", masked=6) + row("b", masked="yes"))] == [6, 1]


def test_missing_columns_other_order_and_new_columns() -> None:
    (one,) = rows("path\tnote\tcolour\thost\nhost/df\tabsent\tred\tx\n")
    assert (one.path, one.item, one.note, one.exit) == ("host/df", "host/df", "absent", None)
    assert one.missing is Presence.ABSENT


def test_no_header_row() -> None:
    (one,) = rows(row("host/df"))
    assert one.path == "host/df"


def test_short_rows_line_ends_and_mark() -> None:
    text = "\ufeff" + HEADER.replace("\n", "\r\n") + "df\thost/df\r\n\r\nno-path\t\tcmd\r\n"
    assert [r.path for r in rows(text)] == ["host/df", "no-path"]


def test_bad_rows_are_told_and_the_others_stay() -> None:
    found = list(parse_collection((HEADER + "junk\n" + row("a") + "\t\t\n").encode() + b"\xff\n"))
    assert [item.path for item in found if isinstance(item, CollectionRow)] == ["a"]
    assert len([item for item in found if isinstance(item, str)]) == 2


@pytest.mark.parametrize(
    "cell", ["", "now", "--5", "٣-", "2026-13-45T00:00:00Z", "9" * 400, "-", "1e3"]
)
def test_odd_numbers_and_times_stay_empty(cell: str) -> None:
    (one,) = rows(HEADER + row("a", exit=cell, ms=cell, bytes=cell, started=cell))
    assert (one.exit, one.ms, one.bytes, one.started) == (None, None, None, None)


def test_lines_of_a_table_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.bundle.collection.MAX_ROWS", 5)
    found = list(parse_collection((HEADER + row("a") * 50).encode()))
    assert [isinstance(item, str) for item in found] == [False] * 4 + [True]


def test_times_are_utc() -> None:
    (one,) = rows(HEADER + row("a", started="2026-03-01T12:00:00+02:00"))
    assert one.started == datetime(2026, 3, 1, 10, tzinfo=UTC)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_table(data: bytes) -> None:
    list(parse_collection(data))
    list(parse_collection(HEADER.encode() + data))


def test_every_word_of_the_format_is_known() -> None:
    words = "missing-tool timeout forbidden absent failed deadline no-space not-asked"
    assert set(NOTE_WORDS) == set(words.split())


def test_manifest_fields() -> None:
    parsed = parse_manifest(manifest(masked={"b": 2, "a": 1}, unknown={"x": 1}))
    assert isinstance(parsed, Manifest)
    assert parsed.finished == datetime(2026, 3, 1, 10, 9, tzinfo=UTC)
    assert list(parsed.masked) == ["a", "b"]


@pytest.mark.parametrize("field", sorted(Manifest.model_fields))
@pytest.mark.parametrize("odd", [None, 7, "text", [], ["x", 1, None], {"a": []}, True, 1e300])
def test_an_odd_field_does_not_cost_the_manifest(field: str, odd: object) -> None:
    parsed = parse_manifest(manifest(**{field: odd}))
    assert isinstance(parsed, Manifest)
    if field != "cluster":
        assert parsed.cluster.name == "c1"


def test_lone_surrogates_become_text() -> None:
    parsed = parse_manifest(b'{"cluster": {"name": "a\\ud800b"}, "options": {"\\udfff": "x"}}')
    assert isinstance(parsed, Manifest)
    parsed.model_dump_json().encode()


@pytest.mark.parametrize("data", [b"", b"[]", b"nul", b"\xff", b"[" * 100_000, b"1" * 10_000])
def test_no_manifest(data: bytes) -> None:
    assert isinstance(parse_manifest(data), str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda s: (
            st.lists(s)
            | st.dictionaries(
                st.sampled_from(["format", "nodes", "missing", "members", "finished", "path", "x"]),
                s,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_a_manifest_or_a_reason(value: object) -> None:
    parsed = parse_manifest(json.dumps(value).encode())
    assert isinstance(parsed, Manifest | str)


def test_items_are_unique_and_documented() -> None:
    items = expected_items()
    for kind in ("cluster", "node", "azure"):
        paths = [item.path for item in items.of(kind)]  # type: ignore[arg-type]
        assert len(paths) == len(set(paths))
        assert all(item.what for item in items.of(kind))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["", "/abs", "a/../b", "folder/"])
def test_items_refuse_odd_paths(path: str) -> None:
    with pytest.raises(ValidationError):
        Item(path=path, what="x")


@pytest.mark.parametrize(
    ("path", "want"),
    [
        ("cluster/a/b", ("cluster", "a/b")),
        ("nodes/n1/host/df", ("nodes/n1", "host/df")),
        ("nodes/*/host/*", ("nodes/*", "host/*")),
        ("nodes/n1", ("nodes/n1", "")),
        ("azure", ("azure", "")),
        ("manifest.json", ("", "manifest.json")),
    ],
)
def test_part_of(path: str, want: tuple[str, str]) -> None:
    assert part_of(path) == want


def test_kind_of() -> None:
    assert [kind_of(p) for p in ("cluster", "azure", "nodes/x", "nodes", "other")] == [
        "cluster",
        "azure",
        "node",
        None,
        None,
    ]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample bundles are not here")
def test_sample_files_are_all_items_of_the_format() -> None:
    unknown = set()
    for path in sorted((SAMPLES / "12-bundles-format-1").glob("*.tar")):
        for name, part in read_all(path)[1].parts.items():
            items = expected_items().of(kind_of(name))  # type: ignore[arg-type]
            known = [pattern(item.path).fullmatch for item in items]
            unknown |= {rel for rel in part.files if not any(match(rel) for match in known)}
    assert {rel.split("/")[0] for rel in unknown} <= {"collection.tsv", "resources"}
