"""Errors as one clear line: what, where, what to do."""

from __future__ import annotations

import os
import traceback

import click

from analyzer.cli.exits import Exit
from analyzer.version import VERSION


class CommandError(click.ClickException):
    """The work could not be done. Shown as ``error: …`` and, where there is one, a hint."""

    exit_code = Exit.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: object = None) -> None:
        """Write to standard error."""
        click.echo(f"error: {self.message}", err=True)
        if self.hint:
            click.echo(f"  {self.hint}", err=True)


def report_unexpected(error: Exception, arguments: list[str]) -> int:
    """Tell known kinds of errors plainly, and an internal one with a line on how to report it."""
    from analyzer.bundle import BundleError

    if isinstance(error, BundleError):
        click.echo(f"error: {error}", err=True)
        return Exit.FAILED
    hint = getattr(error, "hint", "")
    if hint and (what := getattr(error, "what", "")):
        click.echo(f"error: {what}", err=True)
        click.echo(f"  {hint}", err=True)
        return Exit.FAILED
    if isinstance(error, (ValueError, OSError)) and not os.environ.get("DEMARC_TRACEBACK"):
        click.echo(f"error: {error}", err=True)
        return Exit.FAILED
    if os.environ.get("DEMARC_TRACEBACK"):
        click.echo(traceback.format_exc(), err=True)
    click.echo(f"error: demarc {VERSION} failed: {type(error).__name__}: {error}", err=True)
    click.echo(
        "  This is a bug of demarc. Run it again with DEMARC_TRACEBACK=1 and report the output "
        f"with the command: demarc {' '.join(arguments)}",
        err=True,
    )
    return Exit.FAILED
