"""What the shell completes beside commands and options: ids of the catalogues."""

from __future__ import annotations

from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem


def complete_id(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Ids of rules, clauses, components, rows and bugs that begin like ``incomplete``.

    Upper and lower case are the same, as they are for ``demarc explain``. Data that cannot be read
    completes nothing: the command itself will tell.
    """
    begin = incomplete.lower()
    try:
        known = list(_known())
    except Exception:  # a half-typed command line is no place for errors
        return []
    return [
        CompletionItem(name, help=text[:80])
        for name, text in known
        if name.lower().startswith(begin)
    ]


def _known() -> Iterator[tuple[str, str]]:
    from analyzer.baselines.catalogue import load
    from analyzer.bugs import load_bugs
    from analyzer.ownership.table import load_table
    from analyzer.policy.pack import load_pack
    from analyzer.rules.registry import all_rules

    yield from ((r.rule.id, r.rule.title) for r in all_rules())
    yield from ((name, clause.says) for name, clause in load_pack(None, ()).clauses.items())
    yield from ((component.id, component.what) for component in load(()).components)
    yield from ((row.id, row.says) for row in load_table(()).rows)
    yield from ((bug.id, bug.title) for bug in load_bugs(()))
