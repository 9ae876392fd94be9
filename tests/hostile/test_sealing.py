"""Sealed bundles: what is sealed here opens with the real ``age``, and the other way round."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.bundle import BundleError, open_bundle
from analyzer.cli import run
from analyzer.cli.exits import Exit
from tests.needs import package, require
from tests.unit.bundle.tarballs import nested

pyrage = package("pyrage")
Out = pytest.CaptureFixture[str]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.tar"
    path.write_bytes(nested() * 40)
    return path


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A private key in a file as age-keygen writes it, and the public key."""
    identity = pyrage.x25519.Identity.generate()
    path = tmp_path / "key.txt"
    public = str(identity.to_public())
    path.write_text(f"# created: 2026-03-01\n# public key: {public}\n{identity}\n")
    return path, public


def test_the_real_tool_opens_what_was_sealed(bundle: Path, key: tuple[Path, str]) -> None:
    require("age")
    path, public = key
    assert run(["seal", str(bundle), "-r", public]) == Exit.DONE
    command = ["age", "-d", "-i", str(path), f"{bundle}.age"]
    assert subprocess.run(command, check=True, capture_output=True).stdout == bundle.read_bytes()


@pytest.mark.parametrize("armour", [[], ["-a"]])
def test_what_the_real_tool_sealed_is_opened(
    bundle: Path, key: tuple[Path, str], armour: list[str]
) -> None:
    require("age")
    path, public = key
    sealed = bundle.with_name("other.age")
    subprocess.run(["age", *armour, "-r", public, "-o", str(sealed), str(bundle)], check=True)
    assert run(["unseal", str(sealed), "-i", str(path)]) == Exit.DONE
    assert bundle.with_name("other").read_bytes() == bundle.read_bytes()


def test_keys_of_ssh(bundle: Path, tmp_path: Path) -> None:
    require("ssh-keygen")
    own = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(own)], check=True)
    assert run(["seal", str(bundle), "-R", f"{own}.pub", "-o", str(tmp_path / "s.age")]) == 0
    assert run(["unseal", str(tmp_path / "s.age"), "-i", str(own), "-o", str(tmp_path / "o")]) == 0
    assert (tmp_path / "o").read_bytes() == bundle.read_bytes()


def test_wrong_keys_cut_and_changed_files_leave_nothing(
    bundle: Path, key: tuple[Path, str], tmp_path: Path, capsys: Out
) -> None:
    path, public = key
    assert run(["seal", str(bundle), "-r", public]) == Exit.DONE
    sealed = Path(f"{bundle}.age")
    whole = sealed.read_bytes()
    other = tmp_path / "other.txt"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    target = tmp_path / "out.tar"
    flipped = whole[:-70_000] + bytes([whole[-70_000] ^ 1]) + whole[-69_999:]
    for data, which in ((whole, other), (whole[:-9], path), (whole[:300], path), (flipped, path)):
        sealed.write_bytes(data)
        before = sorted(tmp_path.iterdir())
        assert run(["unseal", str(sealed), "-i", str(which), "-o", str(target)]) == Exit.FAILED
        assert "cannot be opened" in capsys.readouterr().err
        assert sorted(tmp_path.iterdir()) == before


def test_every_command_says_that_it_is_sealed_and_how_to_open_it(
    bundle: Path, key: tuple[Path, str], capsys: Out, tmp_path: Path
) -> None:
    assert run(["seal", str(bundle), "-r", key[1]]) == Exit.DONE
    sealed = f"{bundle}.age"
    for command in (
        ["analyze"],
        ["inspect"],
        ["verify"],
        ["redact", "-o", str(tmp_path / "r.tar")],
    ):
        assert run([*command, sealed]) == Exit.FAILED
        error = capsys.readouterr().err
        assert "sealed with age" in error and "demarc unseal bundle.tar.age" in error
    for head in (b"age-encryption.org/v1\n", b"-----BEGIN AGE ENCRYPTED FILE-----\n"):
        with pytest.raises(BundleError, match="sealed with age"):
            open_bundle(io.BytesIO(head + b"x" * 900))


def test_mistakes_are_one_line_and_keys_are_not_repeated(
    bundle: Path, key: tuple[Path, str], tmp_path: Path, capsys: Out
) -> None:
    path, public = key
    secret = path.read_text().split()[-1]
    broken = tmp_path / "broken.txt"
    broken.write_text(secret[:-3] + "\n")
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    for arguments in (
        ["seal", str(bundle)],
        ["seal", str(bundle), "-r", "age1nonsense"],
        ["seal", str(bundle), "-r", secret],
        ["seal", str(bundle), "-R", str(bundle)],
        ["seal", str(bundle), "-r", public, "-o", str(bundle), "--force"],
        ["unseal", str(bundle), "-i", str(path), "-o", str(tmp_path / "x")],
        ["unseal", str(bundle), "-i", str(path)],
        ["unseal", str(bundle), "-i", str(broken), "-o", str(tmp_path / "x")],
        ["unseal", str(bundle), "-i", str(empty), "-o", str(tmp_path / "x")],
    ):
        assert run(arguments) == Exit.FAILED, arguments
        out, error = capsys.readouterr()
        assert error.startswith("error: ") and "Traceback" not in error
        assert secret[20:40] not in out + error
    assert run(["seal", str(bundle), "-r", public]) == Exit.DONE
    assert run(["seal", str(bundle), "-r", public]) == Exit.FAILED, "it is there already"
    assert run(["seal", f"{bundle}.age", "-r", public]) == Exit.FAILED, "it is sealed already"


def test_without_the_extra_the_way_on_is_told(
    bundle: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    assert run(["seal", str(bundle), "-r", "age1x"]) == Exit.FAILED
    assert "aks-demarc[seal]" in capsys.readouterr().err
