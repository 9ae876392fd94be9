"""Sources that cannot be read at all: one clear line each, never a traceback."""

from __future__ import annotations

import bz2
import io
import lzma
import os
import random
import sys
from pathlib import Path

import pytest

from analyzer.bundle import BundleError, Limits, open_bundle
from tests.unit.bundle.tarballs import (
    flat,
    gz,
    nested,
    nested_files,
    opened,
    read_all,
    tar_of,
    write_folder,
    zst,
)


@pytest.mark.parametrize(
    ("data", "what", "hint"),
    [
        (b"", "empty", ""),
        (b"\0", "no archive", ".tar.gz"),
        (bytes(5_000), "no archive", ".tar.gz"),
        (b"some text\n" * 100, "no archive", ".tar.gz"),
        (b'{"kind": "List"}', "no archive", "output of kubectl or az"),
        (random.Random(1).randbytes(4_000), "no archive", ".tar.gz"),
        (lzma.compress(b"text\n" * 500), "holds no files", "no tar archive"),
        (bz2.compress(nested())[:60], "holds no files", "cut off"),
        (b"PK\x03\x04" + b"x" * 600, "the .zip archive cannot be read", "again"),
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 600, "a .7z archive", "unpack it"),
        (gz(b""), "holds no files of a diagnostics bundle", ""),
        (gz(b"text\n" * 500), "holds no files", "no tar archive"),
        (gz(nested())[:20], "holds no files", "cut off"),
        (gz(tar_of({})), "holds no files", ""),
        (zst(b"text\n" * 500), "holds no files", "no tar archive"),
        (tar_of({"README.md": b"hello"}), "holds no files", ""),
        (nested()[:300], "holds no files", "end mark"),
    ],
)
def test_one_clear_line(data: bytes, what: str, hint: str, tmp_path: Path) -> None:
    path = tmp_path / "input.bin"
    path.write_bytes(data)
    for source in (path, io.BytesIO(data)):
        with pytest.raises(BundleError) as caught:
            open_bundle(source, name="input.bin")
        error = caught.value
        assert what in error.what
        assert hint in error.hint
        assert "\n" not in str(error)
        assert "input.bin" in str(error)
        assert str(error).count("input.bin") == 1


def test_missing_path(tmp_path: Path) -> None:
    for source in (tmp_path / "none.tar", str(tmp_path / "none.tar"), tmp_path / "a\0b"):
        with pytest.raises(BundleError):
            open_bundle(source)
    with pytest.raises(BundleError, match="no such file"):
        open_bundle(tmp_path / "none.tar")


def test_folders_that_are_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="the folder is empty"):
        open_bundle(tmp_path)
    write_folder(tmp_path, {"notes.txt": b"x", "src/main.py": b"y"})
    with pytest.raises(BundleError, match="holds no files of a diagnostics bundle"):
        open_bundle(tmp_path)
    (tmp_path / "demarc-c1.tar").write_bytes(nested())
    with pytest.raises(BundleError, match=r"such as demarc-c1\.tar"):
        open_bundle(tmp_path)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user"
)
def test_no_permission(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "b", nested_files(top=""))
    folder.chmod(0)
    try:
        with pytest.raises(BundleError, match="cannot be read"):
            open_bundle(folder)
    finally:
        folder.chmod(0o755)


class Refused:
    """Stands for a folder or file of somebody else, where the tests run as root."""

    def __call__(self, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")


def test_no_permission_as_the_system_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "b", nested_files(top=""))
    archive = tmp_path / "b.tar"
    archive.write_bytes(nested())
    monkeypatch.setattr(os, "scandir", Refused())
    monkeypatch.setattr(Path, "open", Refused())
    for source in (folder, archive):
        with pytest.raises(BundleError, match="Permission denied"):
            open_bundle(source)


def test_too_much_on_standard_input() -> None:
    with pytest.raises(BundleError, match="write it to a file"):
        opened(nested(), limits=Limits(max_stdin_bytes=1_000))


def test_readable_start_of_a_cut_archive_is_used() -> None:
    for data in (nested(), flat(), gz(flat())):
        members, inventory = read_all(data[: len(data) * 2 // 3])
        assert members
        assert not inventory.complete
        assert inventory.gaps()


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="no such device here")
def test_named_pipe(tmp_path: Path) -> None:
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(nested(),))
    writer.start()
    try:
        assert open_bundle(path).layout == "demarc-1"
    finally:
        writer.join()
