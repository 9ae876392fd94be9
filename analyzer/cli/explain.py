"""``demarc explain``: a rule, clause, component, bug or decision row, from the data in use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import fill

import click

from analyzer.cli.choices import policy_option
from analyzer.cli.completion import complete_id
from analyzer.cli.console import prepare_streams
from analyzer.cli.data_option import data_option
from analyzer.cli.errors import CommandError

#: A paragraph of an explanation: its heading and its text.
Paragraph = tuple[str, str]
#: The names that a catalogue knows, and how it explains one of them.
Source = tuple[list[str], Callable[[str], Iterator[Paragraph]]]


@click.command()
@click.argument("name", metavar="ID", shell_complete=complete_id)
@policy_option
@data_option
def explain(name: str, policy: str | None, data_dirs: tuple[Path, ...]) -> None:
    """Explain a rule, a clause, a component, a bug or a row of the decision table.

    Of a rule that a plugin brought, the plugin is named with its version.

    \b
    Examples:
      demarc explain AKS-NODE-001
      demarc explain MGD-05
      demarc explain coredns
      demarc explain O-3-byocni-cni
    """
    prepare_streams()
    known: list[str] = []
    for names, paragraphs in _sources(policy, data_dirs):
        by_lower = {entry.lower(): entry for entry in names}
        if name.lower() in by_lower:
            _print(paragraphs(by_lower[name.lower()]))
            return
        known += names
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "see: demarc list rules"
    raise CommandError(f"nothing is known under the name '{name}'", hint)


def _print(paragraphs: Iterator[Paragraph]) -> None:
    for number, (heading, text) in enumerate(paragraphs):
        if not text:
            continue
        if number:
            click.echo()
        click.echo(click.style(heading, bold=True))
        for line in text.splitlines():
            click.echo(fill(line, width=88, initial_indent="  ", subsequent_indent="  "))


def _sources(policy: str | None, data_dirs: tuple[Path, ...]) -> Iterator[Source]:
    from analyzer.cli import explanations as e

    yield e.rule_ids(), e.rule
    yield e.clause_ids(policy, data_dirs), lambda name: e.clause(name, policy, data_dirs)
    yield e.component_ids(data_dirs), lambda name: e.component(name, data_dirs)
    yield e.row_ids(data_dirs), lambda name: e.row(name, data_dirs)
    yield e.bug_ids(data_dirs), lambda name: e.bug(name, data_dirs)
