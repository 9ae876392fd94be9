"""``demarc list``: the catalogues that an analysis uses."""

from __future__ import annotations

from pathlib import Path

import click

from analyzer.cli.choices import policy_option
from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.data_option import data_option

KINDS = ["rules", "clauses", "components", "bugs"]


@click.command("list")
@click.argument("what", type=click.Choice(KINDS))
@policy_option
@data_option
@click.pass_context
def list_(ctx: click.Context, what: str, policy: str | None, data_dirs: tuple[Path, ...]) -> None:
    """List the rules, clauses, components or bugs, with a line each.

    \b
    Examples:
      demarc list rules
      demarc list clauses --policy 2023-08-28
    """
    from rich.table import Table
    from rich.text import Text

    prepare_streams()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for name, text in _rows(what, policy, data_dirs):
        table.add_row(Text(name), Text(text))
    output_console(ctx).print(table)


def _rows(what: str, policy: str | None, data_dirs: tuple[Path, ...]) -> list[tuple[str, str]]:
    if what == "rules":
        from analyzer.rules.registry import all_rules

        return [
            (r.rule.id, f"{r.rule.title} ({r.plugin})" if r.plugin else r.rule.title)
            for r in all_rules()
        ]
    if what == "clauses":
        from analyzer.policy.pack import load_pack

        clauses = load_pack(policy, data_dirs).clauses
        return [(name, clause.says) for name, clause in clauses.items()]
    if what == "components":
        from analyzer.baselines.catalogue import load

        return [(c.id, c.what) for c in load(data_dirs).components]
    from analyzer.bugs import load_bugs

    return [(bug.id, bug.title) for bug in load_bugs(data_dirs)]
