"""Colour and progress: results to standard output, progress to standard error on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.status import Status

from analyzer.cli import verbosity

if TYPE_CHECKING:
    from analyzer.facts.load import OnStep

_MIB = 1024 * 1024


def output_console(ctx: click.Context) -> Console:
    """The console for results, without colour where none is wanted."""
    plain = ctx.color is False
    return Console(no_color=plain, highlight=False, soft_wrap=False, force_terminal=None)


@contextmanager
def progress(*, quiet: bool, bundle: str = "") -> Iterator[OnStep]:
    """Draw the stages on standard error if it is a terminal; with -v as lines anywhere.

    ``bundle`` is the path whose parts are read: their sizes tell how much is done.
    """
    console = Console(stderr=True)
    if verbosity.level() and not quiet:
        with _told() as step:
            yield step
    elif quiet or not console.is_terminal:
        yield lambda stage, done, total: None
    else:
        with console.status("Opening the bundle") as status:
            yield _Drawn(status, bundle).step


class _Drawn:
    """One line that is drawn anew: the stage, and how much of the bundle is read."""

    def __init__(self, status: Status, bundle: str) -> None:
        self._status = status
        self._bundle = bundle
        self._sums: list[int] | None = None

    def step(self, stage: str, done: int, total: int) -> None:
        """Show a step; ``done`` of ``total`` are parts of the bundle."""
        text = stage
        if total > 1:
            text = f"{stage} {done:,} of {total:,} parts"
            sums = self._sizes(total)
            if sums and done <= total:
                text += f", {_mib(sums[done])} of {_mib(sums[-1])} MiB"
        self._status.update(text)

    def _sizes(self, total: int) -> list[int]:
        """Bytes of the first n parts, in the order in which they are read."""
        if self._sums is None:
            self._sums = _part_sums(self._bundle)
        return self._sums if len(self._sums) == total + 1 else []


def _part_sums(bundle: str) -> list[int]:
    """The cluster's parts are read before those of the nodes, each in the order of their names."""
    if bundle in ("", "-"):
        return []
    from analyzer.bundle import BundleError, open_bundle

    try:
        parts = open_bundle(bundle).parts()
    except (BundleError, OSError):
        return []
    sums = [0]
    for part in sorted(parts, key=lambda p: p.name.startswith("nodes/")):
        sums.append(sums[-1] + part.size_bytes)
    return sums


def _mib(count: int) -> str:
    return f"{count / _MIB:,.1f}" if count < 100 * _MIB else f"{count / _MIB:,.0f}"


@contextmanager
def _told() -> Iterator[OnStep]:
    """Stages as lines on standard error, each with the seconds since the start."""
    start = time.monotonic()
    last = ""

    def step(stage: str, done: int, total: int) -> None:
        nonlocal last
        if stage != last:
            last = stage
            parts = f" {total:,} parts" if total > 1 else ""
            click.echo(f"{time.monotonic() - start:7.2f} s  {stage}{parts}", err=True)

    yield step
    click.echo(f"{time.monotonic() - start:7.2f} s  Done", err=True)


def prepare_streams() -> None:
    """Write UTF-8 whatever the console's code page is: names come from other people's clusters."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
