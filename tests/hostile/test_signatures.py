"""Signatures, made by the real ``ssh-keygen``; broken ones never raise anything else."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.bundle.signatures import (
    NAMESPACE,
    SignatureError,
    check_signature,
)
from analyzer.bundle.signers import SignersError, fits, read_signers
from analyzer.cli import run
from analyzer.cli.exits import Exit
from tests.needs import require
from tests.unit.bundle.test_verify import listed, tar_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = ("ed25519", "ecdsa", "ecdsa-521", "rsa")
Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _real_tool() -> None:
    require("ssh-keygen")


class Signing:
    """A folder with a bundle, keys of every kind, and the file of those who may sign."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundle = folder / "bundle.tar"
        self.bundle.write_bytes(tar_of(listed()))
        self.signers = folder / "allowed_signers"
        lines = []
        for kind in KINDS:
            name, _, bits = kind.partition("-")
            command = [
                "ssh-keygen",
                "-q",
                "-t",
                name,
                "-N",
                "",
                "-C",
                "x",
                "-f",
                str(self.key(kind)),
            ]
            subprocess.run(command + (["-b", bits] if bits else []), check=True)
            public = self.key(kind).with_suffix(".pub").read_text().rsplit(" ", 1)[0]
            lines.append(f"{kind}@example.com {public}\n")
        self.signers.write_text("# who may sign\n\n" + "".join(lines))

    def key(self, kind: str) -> Path:
        return self.folder / kind

    def sign(self, kind: str, namespace: str = NAMESPACE) -> Path:
        path = self.bundle.with_name(f"{self.bundle.name}.sig")
        path.unlink(missing_ok=True)
        command = ["ssh-keygen", "-Y", "sign", "-n", namespace, "-f", str(self.key(kind))]
        subprocess.run([*command, str(self.bundle)], check=True, capture_output=True)
        return path

    def line(self, kind: str, options: str = "", names: str = "") -> str:
        public = self.key(kind).with_suffix(".pub").read_text().strip()
        return f"{names or kind + '@example.com'} {options} {public}\n"


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return Signing(tmp_path_factory.mktemp("signing"))


@pytest.mark.parametrize("kind", KINDS)
def test_good_signatures_of_the_real_tool(signing: Signing, kind: str, capsys: Out) -> None:
    path = signing.sign(kind)
    signers = ["--signers", str(signing.signers)]
    assert run(["verify", str(signing.bundle), *signers]) == Exit.DONE
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(signing.key(kind))],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()[1]
    out = capsys.readouterr().out
    assert f"signed by {kind}@example.com" in out and shown in out
    assert run(["verify", str(signing.bundle), *signers, "--signed-by", "eve@example.com"]) == 2
    other = signing.folder / "other.tar"
    other.write_bytes(signing.bundle.read_bytes()[:-1] + b"x")
    named = ["--signature", str(path)]
    assert run(["verify", str(other), *signers, *named]) == Exit.FAILED
    assert "was changed" in capsys.readouterr().err


def refused(signing: Signing, signers: str, kind: str = "ed25519", who: str = "") -> str:
    signature = signing.sign(kind).read_bytes()
    with pytest.raises(SignatureError) as caught:
        check_signature(signing.bundle, signature, read_signers(signers), who, NOW)
    return caught.value.what


def test_the_same_verdicts_as_the_real_tool(signing: Signing) -> None:
    """Options of the file of signers, each asked of both."""
    signature = signing.sign("ed25519").read_bytes()
    cases = {
        signing.line("ed25519"): True,
        signing.line("rsa"): False,
        signing.line("ed25519", f'namespaces="file,{NAMESPACE}"'): True,
        signing.line("ed25519", 'namespaces="file"'): False,
        signing.line("ed25519", 'namespaces="demarc-*"'): True,
        signing.line("ed25519", 'valid-after="20250101Z",valid-before="20270101Z"'): True,
        signing.line("ed25519", 'valid-before="20260101Z"'): False,
        signing.line("ed25519", 'valid-after="202603010001Z"'): False,
        signing.line("ed25519", "cert-authority"): False,
        signing.line("ed25519", names="*@example.com"): True,
        signing.line("ed25519", names="*@example.com,!ed25519@*"): False,
        signing.line("ed25519", names='"eve@example.com,ed25519@example.com"'): True,
    }
    who = "ed25519@example.com"
    for text, good in cases.items():
        file = signing.folder / "one"
        file.write_text(text)
        command = ["ssh-keygen", "-Y", "verify", "-f", str(file), "-I", who, "-n", NAMESPACE,
                   "-Overify-time=20260301000000Z", "-s", str(signing.bundle) + ".sig"]  # fmt: skip
        with signing.bundle.open("rb") as data:
            real = subprocess.run(command, stdin=data, check=False, capture_output=True)
        try:
            check_signature(signing.bundle, signature, read_signers(text), who, NOW)
            ours = True
        except SignatureError:
            ours = False
        assert ours == (real.returncode == 0) == good, (text, real.stderr)


def several(signing: Signing, *kinds: str) -> list[Path]:
    """A signature by each key, each in a file of its own."""
    made = []
    for kind in kinds:
        path = signing.folder / f"{kind}.sig"
        path.write_bytes(signing.sign(kind).read_bytes())
        made.append(path)
    return made


def test_several_signatures_all_count_and_each_is_named(signing: Signing, capsys: Out) -> None:
    first, second = several(signing, "ed25519", "rsa")
    signers = ["verify", str(signing.bundle), "--signers", str(signing.signers)]
    both = signing.bundle.with_name("bundle.tar.sig")
    both.write_bytes(first.read_bytes() + second.read_bytes())
    named = ["--signature", str(first), "--signature", str(second)]
    for arguments in (signers, signers + named):
        assert run(arguments) == Exit.DONE
        out = capsys.readouterr().out
        assert out.count("signed by ") == 2
        assert "signed by ed25519@example.com" in out and "signed by rsa@example.com" in out
    must = ["--signed-by", "rsa@example.com", "--signed-by"]
    assert run([*signers, *must, "ed25519@example.com"]) == Exit.DONE
    assert run([*signers, *must, "ecdsa@example.com"]) == Exit.FAILED
    assert "not by ecdsa@example.com" in capsys.readouterr().err


def test_one_bad_signature_among_two_is_told_by_its_place(signing: Signing, capsys: Out) -> None:
    first, second = several(signing, "ed25519", "ecdsa")
    both = signing.bundle.with_name("bundle.tar.sig")
    both.write_bytes(first.read_bytes() + b"\n" + second.read_bytes())
    one = signing.folder / "one"
    one.write_text(signing.line("ed25519"))
    assert run(["verify", str(signing.bundle), "--signers", str(one)]) == Exit.FAILED
    shown = capsys.readouterr()
    assert "signed by ed25519@example.com" in shown.out
    assert "signature 2 of 2: the key is not among those who may sign" in shown.err
    assert "1 of 2 signatures count, and all must" in shown.err
    other = signing.folder / "other.tar"
    other.write_bytes(signing.bundle.read_bytes() + b"x")
    arguments = ["verify", str(other), "--signers", str(signing.signers), "--signature", str(both)]
    assert run(arguments) == Exit.FAILED
    shown = capsys.readouterr()
    assert "0 of 2 signatures count" in shown.err and "signed by" not in shown.out
    assert "does not count: " in shown.out and shown.out.count("was changed") == 1
    both.write_bytes(first.read_bytes() + b"something else\n" + second.read_bytes())
    assert run(["verify", str(signing.bundle), "--signers", str(one)]) == Exit.FAILED
    assert "this is no SSH signature" in capsys.readouterr().err
    both.write_bytes(first.read_bytes() * 40)
    assert run(["verify", str(signing.bundle), "--signers", str(one)]) == Exit.FAILED
    assert "at most 32 are looked at" in capsys.readouterr().err


def test_refusals_say_why(signing: Signing) -> None:
    assert "not among those who may sign" in refused(signing, signing.line("rsa"))
    assert "not by eve" in refused(signing, signing.line("ed25519"), who="eve")
    assert "not at this time" in refused(
        signing, signing.line("ed25519", 'valid-before="20200101"')
    )
    with pytest.raises(SignatureError, match="made for 'file'"):
        signature = signing.sign("ed25519", "file").read_bytes()
        check_signature(signing.bundle, signature, read_signers(signing.line("ed25519")), "", NOW)


def test_a_signature_that_nobody_asked_about_is_mentioned(signing: Signing, capsys: Out) -> None:
    signing.sign("ed25519")
    assert run(["verify", str(signing.bundle)]) == Exit.DONE
    assert "was not checked" in capsys.readouterr().out
    assert run(["verify", str(signing.bundle), "--signed-by", "x"]) == Exit.FAILED
    assert run(["verify", "-", "--signers", str(signing.signers)]) == Exit.FAILED
    capsys.readouterr()


def test_without_the_extra_the_way_on_is_told(
    signing: Signing, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    signing.sign("ed25519")
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    arguments = ["verify", str(signing.bundle), "--signers", str(signing.signers)]
    assert run(arguments) == Exit.FAILED
    error = capsys.readouterr().err
    assert "aks-demarc[seal]" in error and "ssh-keygen" in error


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_broken_signatures_raise_nothing_else(signing: Signing, data: st.DataObject) -> None:
    path = signing.bundle.with_name("bundle.tar.sig")
    good = path.read_bytes() if path.exists() else signing.sign("ed25519").read_bytes()
    raw = bytearray(base64.b64decode(b"".join(good.splitlines()[1:-1])))
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(6, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    cut = bytes(raw[: data.draw(st.integers(6, len(raw)))])
    text = b"-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n"
    signers = read_signers(signing.signers.read_text())
    for signature in (text % base64.b64encode(cut), cut, good[: len(cut)]):
        with pytest.raises(SignatureError) as caught:
            check_signature(signing.bundle, signature, signers, "", NOW)
        assert caught.value.what.isprintable()


@given(st.text(max_size=300))
def test_any_text_as_signers(text: str) -> None:
    try:
        read_signers(text)
    except SignersError as error:
        assert str(error).startswith("line ")


def test_patterns_of_signers() -> None:
    assert fits("*@example.com", "a@example.com") and not fits("*@example.com", "a@example.org")
    assert fits("a?c", "abc") and not fits("a?c", "abbc")
    assert not fits("*,!b", "b") and not fits("!b", "a") and not fits("", "")
    assert fits("[a]", "[a]") and not fits("[a]", "a")
