"""Help that teaches, and what the shell completes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from analyzer.cli import COMMANDS, demarc, run
from analyzer.cli.exits import Exit

Out = pytest.CaptureFixture[str]


def _commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(demarc)
    for name in COMMANDS:
        command = demarc.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {child}", c) for child, c in command.commands.items())


ALL = dict(_commands())


@pytest.mark.parametrize("name", ALL)
def test_every_command_teaches_with_two_examples(name: str) -> None:
    text = ALL[name].help or ""
    examples = re.findall(r"^ +(?:\S+=\S+ )?demarc .*$", text, re.MULTILINE)
    assert len(examples) >= 2, text
    assert any(f"demarc {name}" in example for example in examples), text
    assert text.splitlines()[0].endswith((".", "?"))


@pytest.mark.parametrize("name", ALL)
def test_every_option_says_what_it_does(name: str) -> None:
    for option in ALL[name].params:
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_no_arguments_show_the_help_and_no_error(capsys: Out) -> None:
    run([])
    out, err = capsys.readouterr()
    assert "Usage: demarc" in out and "Examples:" in out
    assert err == ""


def test_both_forms_of_help_work(capsys: Out) -> None:
    for command in ([], ["ticket"], ["baseline", "show"]):
        assert run([*command, "-h"]) == Exit.DONE
        short = capsys.readouterr().out
        assert run([*command, "--help"]) == Exit.DONE
        assert capsys.readouterr().out == short and "Example" in short


def test_wrong_commands_and_options_are_met_with_the_right_ones(capsys: Out) -> None:
    for wrong, right in (
        (["analyse", "x"], "'analyze'"),
        (["tiket"], "'ticket'"),
        (["analyze", "x", "--no-reprot"], "--no-report"),
    ):
        assert run(wrong) == Exit.FAILED
        assert right in capsys.readouterr().err
    assert run(["frobnicate"]) == Exit.FAILED
    assert "analyze" in capsys.readouterr().err


def complete(*words: str) -> list[str]:
    environment = os.environ | {
        "_DEMARC_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(("demarc", *words)),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "analyzer"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [line.split(",", 1)[1] for line in done.stdout.splitlines()]


def test_the_shell_completes_commands_options_values_and_ids() -> None:
    assert complete("an") == ["analyze"]
    assert complete("analyze", "--owner", "up") == ["upstream"]
    assert complete("explain", "aks-node-001") == ["AKS-NODE-001"]
    assert complete("analyze", "--min") == ["--min-severity"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_get_their_script(shell: str, capsys: Out) -> None:
    command = [sys.executable, "-m", "analyzer"]
    environment = os.environ | {"_DEMARC_COMPLETE": f"{shell}_source"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "_DEMARC_COMPLETE" in done.stdout
