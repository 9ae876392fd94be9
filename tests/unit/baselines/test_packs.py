"""Data packs: the same bytes, checked on opening, read like a folder, never unpacked."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from analyzer.baselines import catalogue, packs
from analyzer.baselines.capture import load_captured
from analyzer.baselines.packs import CARD, SUMS, PackError, data_names, open_data, pack
from analyzer.bugs import load_bugs
from analyzer.ownership.table import load_table
from analyzer.policy.pack import available, load_pack

COMPONENT = """\
schema: 1
as_of: "2026-10-01"
components:
- id: site-agent
  name: site-agent
  kind: DaemonSet
  category: misc
  what: An agent of the site that runs on every node.
  when: {scope: always}
"""
CAPTURED = """\
schema: 1
as_of: "2026-09-01"
objects:
- {kind: Deployment, namespace: kube-system, name: coredns, state: {spec: {x: 1}}}
"""
BUGS = "schema: 1\nas_of: '2026-09-03'\nbugs: []\n"
POLICY = """\
schema: 1
date: 2026-11-01
title: The site's reading
extends: 2026-06-09
source: {title: Site rules, url: "https://site.example/rules"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for name, text in (
        ("baselines/site.yaml", COMPONENT),
        ("baselines/mine.yaml", CAPTURED),
        ("bugs/none.yaml", BUGS),
        ("ownership/none.yaml", "rows: []\n"),
        ("baselines/notes.txt", "not data"),
        ("other/x.yaml", "schema: 1\n"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / "site.tar.gz"
    path.write_bytes(pack(folder, "demarc 0").data)
    return path


def rewritten(source: Path, **changes: bytes | None) -> Path:
    """The pack with members replaced, added, or (None) left out; sums as they were."""
    members: dict[str, bytes | None] = {}
    with tarfile.open(source) as archive:
        for entry in archive:
            stream = archive.extractfile(entry)
            assert stream is not None
            members[entry.name] = stream.read()
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, content in {**members, **changes}.items():
            if content is not None:
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    target = source.with_name("changed.tar.gz")
    target.write_bytes(gzip.compress(plain.getvalue()))
    return target


def test_a_pack_holds_the_data_alone_and_is_the_same_each_time(folder: Path) -> None:
    first = pack(folder, "demarc 0")
    assert pack(folder, "demarc 0").data == first.data
    assert (first.files, first.as_of) == (4, "2026-10-01")
    assert first.sha256 == hashlib.sha256(first.data).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(first.data)) as archive:
        names = archive.getnames()
        assert {(e.mtime, e.uid, e.uname) for e in archive.getmembers()} == {(0, 0, "")}
    assert names == [CARD, SUMS, *data_names(folder)]


def test_every_loader_reads_a_pack_like_the_folder(folder: Path, packed: Path) -> None:
    inside = open_data(packed)
    assert open_data(inside) is inside
    assert data_names(inside) == data_names(folder)
    assert catalogue.load((inside,)).get("site-agent").kind == "DaemonSet"
    assert catalogue.load((inside,)).as_of == "2026-10-01"
    assert load_captured((inside,)) == load_captured((folder,))
    assert load_bugs((inside,)).as_of == load_bugs((folder,)).as_of
    assert load_table((inside,)) == load_table((folder,))
    assert sorted(item.name for item in inside.iterdir())[:2] == [SUMS, "baselines"]
    with pytest.raises(FileNotFoundError, match="no such file in the pack"):
        (inside / "baselines" / "other.yaml").read_text(encoding="utf-8")
    assert not packed.with_suffix("").exists()
    assert sorted(path.name for path in packed.parent.iterdir()) == ["data", "site.tar.gz"]


def test_policy_packs_of_a_site_travel_too(folder: Path, tmp_path: Path) -> None:
    card = folder / "policy" / "2026-11-01" / "pack.yaml"
    card.parent.mkdir(parents=True)
    card.write_text(POLICY, encoding="utf-8")
    expected = available((folder,))
    path = tmp_path / "policy.tar.gz"
    path.write_bytes(pack(folder, "demarc 0").data)
    inside = open_data(path)
    assert available((inside,)) == expected
    assert load_pack(expected[-1], (inside,)) == load_pack(expected[-1], (folder,))


def test_mistakes_name_the_file_inside_the_pack(folder: Path, tmp_path: Path) -> None:
    (folder / "baselines" / "site.yaml").write_text(
        COMPONENT.replace("kind: DaemonSet", "colour: red"), encoding="utf-8"
    )
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(pack(folder, "demarc 0").data)
    with pytest.raises(ValueError, match=r"bad\.tar\.gz.baselines.site\.yaml:\d+: "):
        catalogue.load((open_data(path),))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("baselines/site.yaml", COMPONENT.encode() + b"#", "does not match its checksum"),
        ("baselines/more.yaml", b"schema: 1\n", "is not listed in SHA256SUMS"),
        ("bugs/none.yaml", None, "is listed in SHA256SUMS and missing"),
        (CARD, b"schema: 2\nas_of: ''\n", "data of schema version 2; this demarc reads 1"),
        (CARD, None, "no pack.yaml and SHA256SUMS in it"),
        (CARD, b"\xff\xfe", "cannot be read"),
        (CARD, b"- 1\n", "must be a mapping at the top"),
        (SUMS, b"\xff\n", "cannot be read"),
        (SUMS, None, "no pack.yaml and SHA256SUMS in it"),
        ("../evil.yaml", b"x", "does not belong into a data pack"),
        ("/etc/evil.yaml", b"x", "does not belong into a data pack"),
        ("bugs/run.sh", b"x", "does not belong into a data pack"),
        ("bugs/\x1b[31m.yaml", b"x", "does not belong into a data pack"),
        ("C:/x.yaml", b"x", "does not belong into a data pack"),
    ],
)
def test_what_is_wrong_with_a_pack_is_one_clear_line(
    packed: Path, name: str, content: bytes | None, message: str
) -> None:
    path = rewritten(packed, **{name: content})
    with pytest.raises(PackError) as caught:
        open_data(path)
    text = str(caught.value)
    assert message in text and "\n" not in text and text.isprintable()
    assert text.startswith(str(path))


def test_an_archive_that_is_no_pack(tmp_path: Path, packed: Path) -> None:
    plain = tmp_path / "mine.yaml"
    plain.write_text(CAPTURED, encoding="utf-8")
    with pytest.raises(PackError, match=r"neither a folder nor a data pack"):
        open_data(plain)
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes(packed.read_bytes()[:-40])
    with pytest.raises(PackError, match="cannot be read as a data pack"):
        open_data(torn)
    noise = tmp_path / "noise.tar.gz"
    noise.write_bytes(gzip.compress(b"no tar " * 400))
    with pytest.raises(PackError, match="cannot be read as a data pack"):
        open_data(noise)


def test_a_bomb_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packs, "MAX_BYTES", 1_000_000)
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("bugs/a.yaml")
        entry.size = 3_000_000
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    with pytest.raises(PackError, match="64 MiB when unpacked"):
        open_data(path)
    monkeypatch.setattr(packs, "MAX_FILE_BYTES", 1000)
    with pytest.raises(PackError, match="more than a pack may hold"):
        open_data(path)


def test_a_damaged_pack_is_refused_wherever_the_damage_is(packed: Path, tmp_path: Path) -> None:
    good = packed.read_bytes()
    inside = {
        name: (open_data(packed) / name).read_bytes() for name in data_names(open_data(packed))
    }
    refused = 0
    for position in range(0, len(good), 7):
        raw = bytearray(good)
        raw[position] ^= 0x5A
        path = tmp_path / "hurt.tar.gz"
        path.write_bytes(bytes(raw))
        try:
            root = open_data(path)
        except PackError as error:
            refused += 1
            assert str(error).isprintable()
        else:  # a byte that carries nothing: the header's, or padding
            assert {name: (root / name).read_bytes() for name in data_names(root)} == inside
    assert refused > len(good) // 7 * 0.8


def test_a_sparse_file_cannot_stand_for_more_than_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sparse.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("bugs/a.yaml")
        entry.pax_headers = {
            "GNU.sparse.size": "9000000", "GNU.sparse.numblocks": "1", "GNU.sparse.map": "0,1"
        }  # fmt: skip
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    with pytest.raises(PackError, match="does not belong"):
        open_data(path)


def test_a_link_in_a_pack_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "link.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("bugs/a.yaml")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(entry)
    with pytest.raises(PackError, match="does not belong"):
        open_data(path)


def test_an_unpacked_pack_is_checked_as_a_folder(packed: Path, tmp_path: Path) -> None:
    target = tmp_path / "unpacked"
    with tarfile.open(packed) as archive:
        archive.extractall(target, filter="data")
    assert open_data(target) == target
    with (target / "bugs" / "none.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")
    with pytest.raises(PackError, match="does not match its checksum"):
        open_data(target)
    (target / SUMS).unlink()
    (target / CARD).write_text("schema: 7\n", encoding="utf-8")
    with pytest.raises(PackError, match="data of schema version 7"):
        open_data(target)


def test_an_empty_folder_makes_no_pack(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="no data files"):
        pack(tmp_path, "demarc 0")
