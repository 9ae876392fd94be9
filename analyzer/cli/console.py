"""Colour and progress: results to standard output, progress to standard error on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console

from analyzer.facts.load import OnStep


def output_console(ctx: click.Context) -> Console:
    """The console for results, without colour where none is wanted."""
    plain = ctx.color is False
    return Console(no_color=plain, highlight=False, soft_wrap=False, force_terminal=None)


@contextmanager
def progress(*, quiet: bool) -> Iterator[OnStep]:
    """Draw the stages on standard error if it is a terminal; do nothing otherwise."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda stage, done, total: None
        return
    with console.status("Opening the bundle") as status:

        def show(stage: str, done: int, total: int) -> None:
            status.update(f"{stage} {done:,} of {total:,} parts" if total > 1 else stage)

        yield show


def prepare_streams() -> None:
    """Write UTF-8 whatever the console's code page is: names come from other people's clusters."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
