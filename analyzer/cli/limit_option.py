"""The option ``--limit``, which all commands share that read a bundle."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import click

from analyzer.bundle.limits import DEFAULT_LIMITS, GIB, KIB, MIB, NAMES, Limits

_UNITS = {"": 1, "kib": KIB, "mib": MIB, "gib": GIB, "kb": 10**3, "mb": 10**6, "gb": 10**9}
_VALUE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,6})?) ?(?P<unit>[A-Za-z]{0,3})")
#: Limits that count bytes; only these take a unit.
_BYTES = frozenset(n for n in NAMES if n.endswith("-bytes")) | {"memory"}
_LARGEST = 2**60
#: Fields that take parts of one.
_FRACTIONS = frozenset({"max_rule_seconds"})


class LimitType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """``NAME=VALUE``: a number, for sizes with a unit (KiB, MiB, GiB, kB, MB, GB)."""

    name = "NAME=VALUE"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, float]:
        """Read the text as field of ``Limits`` and number.

        Raises:
            click.BadParameter: there is no such limit, or the value is none.
        """
        if isinstance(value, tuple):
            return value[0], value[1]
        name, _, text = str(value).partition("=")
        if name not in NAMES:
            known = ", ".join(NAMES)
            self.fail(f"'{name}' is no limit; there are: {known}", param, ctx)
        number = _number(name, text.strip())
        if number is None:
            example = "20GiB" if name in _BYTES else "500"
            self.fail(f"'{text}' is no value; write {name}={example}", param, ctx)
        return NAMES[name], number

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[Any]:
        """Names of the limits."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(f"{name}=") for name in NAMES if name.startswith(incomplete)]


def _number(name: str, text: str) -> float | None:
    match = _VALUE.fullmatch(text)
    unit = _UNITS.get(match["unit"].lower()) if match else None
    if match is None or unit is None or (match["unit"] and name not in _BYTES):
        return None
    number = float(match["number"]) * unit
    whole = number == int(number) or name in _BYTES
    fits = 0 < number <= _LARGEST and (whole or name == "rule-seconds")
    return number if fits else None


def limits_of(chosen: Iterable[tuple[str, float]]) -> Limits:
    """Return the limits of a run: the defaults, and what was chosen instead (the last counts)."""
    values = {name: value if name in _FRACTIONS else int(value) for name, value in chosen}
    return replace(DEFAULT_LIMITS, **values)  # type: ignore[arg-type]  # ints where ints belong


limit_option = click.option(
    "--limit",
    "limits",
    multiple=True,
    type=LimitType(),
    metavar="NAME=VALUE",
    help="Raise or lower a limit, such as total-bytes=200GiB or rule-seconds=120. May be repeated. "
    f"Limits: {', '.join(NAMES)}.",
)
