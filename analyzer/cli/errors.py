"""Errors as one clear line: what, where, what to do. A bug of our own leaves a crash file."""

from __future__ import annotations

import sys
import traceback

import click

from analyzer.cli import verbosity
from analyzer.cli.exits import Exit
from analyzer.version import VERSION

#: Since click 8.2 the help of a command without arguments comes as an error.
_NO_ARGUMENTS: tuple[type[Exception], ...] = tuple(
    filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)])
)
#: Words of a stage's error, and what to do about it where the stage does not say.
_HINTS = (
    ("no such file", "check the path; the collector prints the name of the bundle that it wrote"),
    ("is empty", "copy it again, and compare its size with that of the original"),
    ("cannot be read", "check who may read it, or copy it to a folder of your own"),
)


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
    if isinstance(error, _NO_ARGUMENTS):
        # Nothing was asked for yet: the help alone, and no word of an error.
        click.echo(error.format_message())
    elif isinstance(error, click.UsageError):
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
    if isinstance(error, ModuleNotFoundError) and error.name and error.name[:8] != "analyzer":
        hint = f"install demarc with what it needs (pip install aks-demarc) for {sys.executable}"
        return f"the Python package '{error.name}' is missing", hint
    if not type(error).__module__.startswith("analyzer."):
        return None
    from analyzer.bundle.errors import BundleError

    if isinstance(error, BundleError):
        told = f"{error.where}: {error.what}" if error.where else error.what
        return " ".join(told.split()), error.hint or _usual_hint(error.what, error.where)
    what, hint = getattr(error, "what", ""), getattr(error, "hint", "")
    if what and hint and not hasattr(error, "where"):
        return str(what), str(hint)
    return (str(error), "") if what or isinstance(error, ValueError) else None


def _usual_hint(what: str, where: str) -> str:
    """What to do about an input that is named wrong or did not arrive whole."""
    if "://" in where:
        return "demarc opens no connection: download the file, and name it here"
    return next((hint for words, hint in _HINTS if words in what), "")


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else "(no message)"
