"""How a run can end: crashes with a file, interrupts, readers that leave, outputs all or none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.cli import interrupt, run
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.files import write_all

Out = pytest.CaptureFixture[str]
PROGRAM = [sys.executable, "-m", "analyzer"]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An analysis with a bug; gives the folder of temporary files."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a bug with AccountKey=hunter2swordfish==")

    monkeypatch.setattr("analyzer.pipeline.run_stages", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_a_bug_leaves_a_crash_file_and_no_traceback(
    broken: Path, bundle: Path, capsys: Out
) -> None:
    assert run(["analyze", str(bundle), "--no-report"]) == Exit.FAILED
    error = capsys.readouterr().err
    (crash,) = broken.glob("demarc-crash-*.txt")
    assert str(crash) in error and "a bug" in error and "Traceback" not in error
    text = crash.read_text(encoding="utf-8")
    assert "Traceback" in text and "demarc analyze" in text and "hunter2" not in text


def test_very_verbose_shows_the_traceback(broken: Path, bundle: Path, capsys: Out) -> None:
    for command in (["-vv", "analyze", str(bundle)], ["analyze", str(bundle), "-vv"]):
        assert run(command) == Exit.FAILED
        assert "Traceback" in capsys.readouterr().err


def test_without_a_place_for_the_file_it_is_told_all_the_same(
    broken: Path, bundle: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(broken / "absent"))
    assert run(["analyze", str(bundle)]) == Exit.FAILED
    assert "-vv" in capsys.readouterr().err


def test_verbose_tells_the_stages_and_quiet_does_not(bundle: Path, capsys: Out) -> None:
    assert run(["-v", "analyze", str(bundle), "--no-report"]) == Exit.DONE
    error = capsys.readouterr().err
    assert "Reading" in error and "Explaining" in error and " s  " in error
    assert run(["-v", "analyze", str(bundle), "--no-report", "-q"]) == Exit.DONE
    assert capsys.readouterr().err == ""


def test_progress_tells_parts_and_bytes(bundle: Path) -> None:
    from analyzer.cli.console import _Drawn

    class Status:
        shown: list[str] = []

        def update(self, text: str) -> None:
            self.shown.append(text)

    from analyzer.bundle import open_bundle

    total = len(open_bundle(bundle).parts())
    drawn = _Drawn(Status(), str(bundle))  # type: ignore[arg-type]
    drawn.step("Reading", 1, total)
    drawn.step("Reading", total, total)
    drawn.step("Comparing", 0, 1)
    assert Status.shown[0].startswith(f"Reading 1 of {total} parts, ")
    done, _, whole = Status.shown[1].split(", ")[1].partition(" of ")
    assert f"{done} MiB" == whole
    assert Status.shown[2] == "Comparing"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupt_ends_with_130_and_no_output(bundle: Path, tmp_path: Path) -> None:
    # The tests themselves may run where the signal is ignored: the program is started as by hand.
    start = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from analyzer.cli import main; main(['analyze', '-', '-o', 'r.html', '-o', 'r.json'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", start], cwd=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        # More than a pipe holds: when it is written, the program is at work; soon after that it
        # waits for the rest.
        process.stdin.write(bundle.read_bytes()[:1000] + bytes(200_000))
        process.stdin.flush()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            code = process.wait(timeout=20)
        finally:
            process.kill()
        assert process.stderr is not None
        error = process.stderr.read()
    assert code == Exit.INTERRUPTED
    assert error.strip() == b"interrupted"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_that_a_library_swallowed_still_counts(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.setitem(interrupt._STATE, "seen", True)
    target = tmp_path / "r.html"
    assert run(["analyze", str(bundle), "-o", str(target)]) == Exit.INTERRUPTED
    assert not target.exists() and "interrupted" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a POSIX pipe")
def test_a_reader_that_leaves_is_no_error() -> None:
    command = f"{sys.executable} -m analyzer list bugs | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1


def test_files_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_all({one: b"1", two: b"2"}, force=False)
    assert (one.read_bytes(), two.read_bytes()) == (b"1", b"2")
    write_all({one: b"1"}, force=False)
    with pytest.raises(CommandError, match="other content"):
        write_all({tmp_path / "three": b"3", one: b"changed"}, force=False)
    assert not (tmp_path / "three").exists()
    write_all({one: b"changed"}, force=True)
    assert one.read_bytes() == b"changed"

    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if "four" in self.name:
            real(self, data[:1])
            raise OSError(28, "No space left on device", str(self))
        return real(self, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CommandError, match="No space left"):
        write_all({tmp_path / "zero": b"0", tmp_path / "four": b"44"}, force=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="is a folder"):
        write_all({tmp_path: b""}, force=True)
    with pytest.raises(CommandError, match="no folder") as caught:
        write_all({tmp_path / "absent" / "x": b""}, force=False)
    assert caught.value.hint.startswith("mkdir ")


@pytest.mark.skipif(os.name == "nt", reason="a POSIX terminal")
def test_no_colour_by_option_and_by_variable() -> None:
    def on_a_terminal(arguments: list[str], **more: str) -> bytes:
        import pty

        ours, theirs = pty.openpty()
        plain = {k: v for k, v in os.environ.items() if not k.endswith("NO_COLOR")}
        environment = plain | {"TERM": "xterm-256color"} | more
        command = [*PROGRAM, *arguments]
        subprocess.run(command, env=environment, stdout=theirs, check=True)
        os.close(theirs)
        return os.read(ours, 4000)

    assert b"\x1b[1m" in on_a_terminal(["explain", "AKS-NODE-001"])
    assert b"\x1b" not in on_a_terminal(["--no-color", "explain", "AKS-NODE-001"])
    assert b"\x1b" not in on_a_terminal(["explain", "AKS-NODE-001"], NO_COLOR="1")
