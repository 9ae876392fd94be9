"""Run an analysis for a command: from a path or standard input, with progress."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from analyzer.bundle.limits import DEFAULT_LIMITS, Limits
from analyzer.cli import interrupt
from analyzer.cli.config_file import Settings
from analyzer.cli.console import progress
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit

if TYPE_CHECKING:
    from analyzer.analysis import Analysis

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the options of a run come to."""

    policy: str | None = None
    data_dirs: tuple[Path, ...] = ()
    jobs: int = 0
    quiet: bool = False
    limits: Limits = DEFAULT_LIMITS


def sources_of(bundles: str | Sequence[str]) -> str | BinaryIO | list[str | BinaryIO]:
    """What to open: a path each, standard input for '-', one or several.

    Raises:
        CommandError: standard input is named twice.
    """
    named = [bundles] if isinstance(bundles, str) else list(bundles)
    if named.count(STDIN) > 1:
        raise CommandError("standard input can be read only once", "name the other input by a path")
    opened: list[str | BinaryIO] = [sys.stdin.buffer if b == STDIN else b for b in named]
    return opened[0] if len(opened) == 1 else opened


def run_analysis(bundle: str | Sequence[str], choices: Choices) -> Analysis:
    """All stages over a bundle: a path, or '-' for standard input; several are read together.

    Raises:
        analyzer.bundle.BundleError: it cannot be read at all.
        ValueError: a user's data file is not valid; the text names file and line.
    """
    from analyzer.options import Options
    from analyzer.pipeline import run_stages

    _tell_settings(choices)
    # The process ends with the report: walking millions of facts for cycles frees nothing.
    gc.disable()
    source = sources_of(bundle)
    single = bundle if isinstance(bundle, str) else bundle[0] if len(bundle) == 1 else ""
    options = Options(
        limits=choices.limits,
        policy=choices.policy,
        data_dirs=choices.data_dirs,
        jobs=choices.jobs,
        bundle_name="standard-input.tar" if single == STDIN else None,
    )
    with progress(quiet=choices.quiet, bundle=single) as show:

        def step(stage: str, done: int, total: int) -> None:
            interrupt.check()
            show(stage, done, total)

        return run_stages(source, options, step)


def _tell_settings(choices: Choices) -> None:
    """Say that a config file has a part in this: it may lie in a folder of other people."""
    context = click.get_current_context(silent=True)
    settings = context.obj if context is not None else None
    if choices.quiet or context is None or not isinstance(settings, Settings):
        return
    if settings.values.get((str(context.info_name),)):
        click.echo(f"settings are taken from {settings.path} (demarc config shows them)", err=True)


class IncompleteError(CommandError):
    """The bundle is incomplete, and ``--require-complete`` was given."""

    exit_code = Exit.INCOMPLETE

    def __init__(self, name: str) -> None:
        hint = "see what is missing: in the report, or with 'demarc inspect'"
        super().__init__(f"{name} is incomplete", hint)
