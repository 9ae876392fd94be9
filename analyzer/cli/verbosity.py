"""How much a run tells of itself: 0 nothing more, 1 the stages, 2 tracebacks too."""

from __future__ import annotations

import click

_STATE = {"level": 0}


def reset() -> None:
    """Start a run with nothing more than its results."""
    _STATE["level"] = 0


def level() -> int:
    """The level that this run was given."""
    return _STATE["level"]


def raise_to(value: int) -> None:
    """Take the higher of what stands before and after the name of the command."""
    _STATE["level"] = max(_STATE["level"], value)


def _told(ctx: click.Context, param: click.Parameter, value: int) -> None:
    raise_to(value)


def verbose_option() -> click.Option:
    """``-v`` and ``-vv``: understood before and after the name of a command."""
    return click.Option(
        ["-v", "--verbose"],
        count=True,
        expose_value=False,
        is_eager=True,
        callback=_told,
        help="Tell the stages with their times; twice: tracebacks too.",
    )
