"""Options that several commands share, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import click

from analyzer.model.owner import Owner
from analyzer.model.severity import Severity

F = TypeVar("F", bound=Callable[..., Any])
SEVERITIES = [severity.value for severity in Severity]
OWNERS = [owner.value for owner in Owner]


class Judged(Protocol):
    """Anything with a severity and an owner."""

    @property
    def severity(self) -> Severity:
        """How bad it is."""

    @property
    def owner(self) -> Owner:
        """Whose it is."""


@dataclass(frozen=True, slots=True)
class FailOn:
    """``--fail-on SEVERITY[:OWNER]``; a severity of None for ``never``."""

    severity: Severity | None
    owner: Owner | None

    def met_by(self, findings: Iterable[Judged]) -> bool:
        """True if a finding is at least that bad (and that owner's, where one is named)."""
        if self.severity is None:
            return False
        return any(
            f.severity.rank <= self.severity.rank and self.owner in (None, f.owner)
            for f in findings
        )


class FailOnType(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4
    """``never``, or a severity with an owner after a colon if wanted."""

    name = "SEVERITY[:OWNER]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> FailOn:
        """Read the text.

        Raises:
            click.BadParameter: it is neither.
        """
        if isinstance(value, FailOn):
            return value
        if value == "never":
            return FailOn(None, None)
        severity, _, owner = str(value).partition(":")
        if severity not in SEVERITIES or (owner and owner not in OWNERS):
            self.fail(
                f"'{value}' is neither 'never' nor SEVERITY[:OWNER]; severities are "
                f"{', '.join(SEVERITIES)}, owners are {', '.join(OWNERS)}",
                param,
                ctx,
            )
        return FailOn(Severity(severity), Owner(owner) if owner else None)


def policies(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Dates of the packaged policies, for the shell's completion."""
    from analyzer.policy.pack import available

    return [date for date in available() if date.startswith(incomplete)]


policy_option = click.option(
    "--policy",
    metavar="DATE",
    shell_complete=policies,
    help="Support policy of that date (default: the newest).",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Processes for node archives (default: one per core).",
)
quiet_option = click.option("-q", "--quiet", is_flag=True, help="No summary, no progress.")
min_severity_option = click.option(
    "--min-severity",
    type=click.Choice(SEVERITIES),
    default="info",
    show_default=True,
    help="Show findings of this severity and worse.",
)
owner_option = click.option(
    "--owner",
    "owners",
    multiple=True,
    type=click.Choice(OWNERS),
    help="Show findings of this owner only. May be repeated.",
)
require_complete_option = click.option(
    "--require-complete", is_flag=True, help="Exit with 3 if the bundle is incomplete."
)


def fail_on_option(help_text: str) -> Callable[[F], F]:
    """``--fail-on`` with the words that fit the command."""
    return click.option(
        "--fail-on",
        type=FailOnType(),
        default="never",
        metavar="SEVERITY[:OWNER]|never",
        help=help_text,
    )
