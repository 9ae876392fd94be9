"""Errors as one clear line: what, where, what to do. A bug of our own leaves a crash file."""

from __future__ import annotations

import traceback

import click

from analyzer.cli import verbosity
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
        tell(self.message, self.hint)


def show(error: click.ClickException) -> None:
    """Any error of the command line in one form; after wrong usage the way to the help."""
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "demarc"
        tell(error.format_message(), f"see: {path} --help")
    else:
        error.show()


def tell(message: str, hint: str = "") -> None:
    """One error on standard error, with what to do about it."""
    click.echo(f"error: {message}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)


def report_error(error: Exception, arguments: list[str]) -> int:
    """Tell an error that left a command, and return the exit code.

    Errors that a user can mend are one line and a hint; anything else is a bug of demarc, and its
    details go into a crash file. With ``-vv`` the traceback is shown in any case.
    """
    if verbosity.level() >= 2:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    told = _known(error)
    if told is not None:
        tell(*told)
        return Exit.FAILED
    from analyzer.cli.crash import write_crash_file

    tell(f"demarc {VERSION} failed: {type(error).__name__}: {_first_line(error)}")
    path = write_crash_file(error, arguments)
    if path is None:
        click.echo("  This is a bug of demarc; run it again with -vv to see where.", err=True)
        return Exit.FAILED
    click.echo(f"  This is a bug of demarc. What happened where is in {path}", err=True)
    click.echo("  Read it, then attach it to a report of the bug.", err=True)
    return Exit.FAILED


def _known(error: Exception) -> tuple[str, str] | None:
    """Message and hint of an error that is none of ours; None for a bug.

    The stages' own errors have ``what`` (and their text says where); data files raise ValueErrors
    of their own classes. A bare ValueError comes from no user's mistake.
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory", "use --jobs 1, or a machine with more memory"
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}", ""
    if not type(error).__module__.startswith("analyzer."):
        return None
    what, hint = getattr(error, "what", ""), getattr(error, "hint", "")
    if what and hint and not hasattr(error, "where"):
        return str(what), str(hint)
    return (str(error), "") if what or isinstance(error, ValueError) else None


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else "(no message)"
