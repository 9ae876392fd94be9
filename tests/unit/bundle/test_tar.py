"""The tar reader against the archives of ``tarfile`` and of the system's tar."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.streams import FileSlice, Memory, Reader
from analyzer.bundle.tar import TarWalk
from tests.unit.bundle.tarballs import Files, tar_of, write_folder

FORMS = [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT]
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=180)


def walk(data: bytes, skip: bool = False) -> tuple[Files, TarWalk, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    entries = TarWalk(Reader(Memory(data)), Budget(Limits()), lambda *what: told.append(what))
    found = {}
    for entry in entries:
        found[entry.name] = b"" if skip else entry.content.read(entry.size)
    return found, entries, told


@given(st.dictionaries(NAMES, st.binary(max_size=1_500), max_size=8), st.sampled_from(FORMS))
@settings(max_examples=150, deadline=None)
def test_same_as_tarfile(files: Files, form: int) -> None:
    try:
        data = tar_of(files, form=form)
    except ValueError:  # the name does not fit into this form
        return
    assert not any(name.endswith("/") for name in files)
    found, entries, told = walk(data)
    assert found == files
    assert not entries.tear
    assert told == []
    assert list(walk(data, skip=True)[0]) == list(files)


@pytest.mark.parametrize("form", FORMS)
def test_long_paths(form: int) -> None:
    files = {"a" * 90 + "/" + "b" * 60: b"1", "short": b"2"}
    assert walk(tar_of(files, form=form))[0] == files


@pytest.mark.skipif(sys.platform == "win32", reason="the file would not be sparse")
def test_large_sizes_of_pax_and_base_256(tmp_path: Path) -> None:
    size = 9 << 30
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        info = tarfile.TarInfo("big")
        info.size = size
        path = tmp_path / "t.tar"
        with path.open("wb") as file:
            head = info.tobuf(form)
            file.write(head)
            file.truncate(len(head) + size)
            file.seek(0, 2)
            file.write(tar_of({"next": b"x"}))
        entries = TarWalk(Reader(FileSlice(path)), Budget(Limits()), lambda *_: None)
        assert [(entry.name, entry.size) for entry in entries] == [("big", size), ("next", 1)]


TARS = [name for name in ("tar", "bsdtar", "busybox") if shutil.which(name)]


@pytest.mark.parametrize("tool", TARS)
def test_archives_of_the_system(tool: str, tmp_path: Path) -> None:
    files = {f"d/{'n' * n}": b"z" * n for n in (1, 99, 100, 101, 180)}
    write_folder(tmp_path / "in", files)
    out = tmp_path / "o.tar"
    command = ["busybox", "tar"] if tool == "busybox" else [tool]
    subprocess.run([*command, "-cf", str(out), "-C", str(tmp_path / "in"), "d"], check=True)
    found, entries, told = walk(out.read_bytes())
    assert found == files
    assert not entries.tear
    assert told == []


def test_cut_between_files_is_told() -> None:
    data = tar_of({"a": b"1", "b": b"2"})
    _, entries, _ = walk(data[:1024])
    assert "end mark" in entries.tear
    _, entries, _ = walk(data[:2048])
    assert "end mark" in entries.tear
    assert not walk(data[:2048] + bytes(512))[1].tear


@given(st.binary(max_size=3_000), st.lists(st.integers(1, 700), max_size=20))
def test_reader_gives_the_stream(data: bytes, counts: list[int]) -> None:
    reader = Reader(Memory(data))
    at = 0
    for position, count in enumerate(counts):
        want = data[at : at + count]
        if position % 4 == 0:
            assert reader.read(count) == want
        elif position % 4 == 1:
            assert reader.skip(count) == len(want)
        elif position % 4 == 2:
            assert reader.peek(count) == want
            continue
        else:
            want = reader.some(count)
            assert data[at:].startswith(want)
        at += len(want)
        assert reader.consumed == at
