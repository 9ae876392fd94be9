"""``demarc config``: every setting with its value and where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import click

from analyzer.cli.adapt import settings_of, variable
from analyzer.cli.config_file import Settings
from analyzer.cli.console import output_console, prepare_streams
from analyzer.cli.errors import CommandError


@dataclass(frozen=True, slots=True)
class Row:
    """One option: its command, its key, the value that holds, and its source."""

    command: str
    key: str
    value: str
    source: str


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from analyzer.cli import COMMANDS

    return [name for name in COMMANDS if name.startswith(incomplete)]


@click.command()
@click.argument("command", nargs=-1, shell_complete=_names)
@click.option("--all", "every", is_flag=True, help="Options that have their default too.")
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
@click.pass_context
def config(ctx: click.Context, command: tuple[str, ...], every: bool, as_json: bool) -> None:
    """Show every setting and where it comes from.

    A value is taken from the option, else from the environment (DEMARC_<COMMAND>_<OPTION>), else
    from the file .demarc.yaml of this folder or of the home folder, else it is the default. Without
    COMMAND only what differs from the defaults is shown.

    \b
    Examples:
      demarc config
      demarc config analyze
      DEMARC_DIFF_FAIL_ON=high demarc config diff
    """
    prepare_streams()
    settings = ctx.obj if isinstance(ctx.obj, Settings) else Settings()
    rows = list(_rows(ctx, settings, command))
    if not (command or every):
        rows = [row for row in rows if row.source != "default"]
    if as_json:
        import json

        fields = ("command", "key", "value", "source")
        document = [{name: getattr(row, name) for name in fields} for row in rows]
        click.echo(json.dumps(document, indent=2))
        return
    click.echo(f"Config file: {settings.path}" if settings.path else "Config file: none")
    if not rows:
        click.echo("Every option has its default (all of them: demarc config --all).")
        return
    _print(ctx, rows)


def _rows(ctx: click.Context, settings: Settings, chosen: tuple[str, ...]) -> Iterator[Row]:
    root = ctx.find_root().command
    if not chosen:
        yield from _of_command(root, (), settings)
    for path, command in _commands(root, ctx, ()):
        if path[: len(chosen)] == chosen:
            yield from _of_command(command, path, settings)
    known = {path for path, _ in _commands(root, ctx, ())}
    if chosen and not any(path[: len(chosen)] == chosen for path in known):
        names = ", ".join(sorted({path[0] for path in known}))
        raise CommandError(f"there is no command '{' '.join(chosen)}'", f"there are: {names}")


def _commands(
    group: click.Command, ctx: click.Context, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(group, click.Group):
        return
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None:
            yield (*path, name), command
            yield from _commands(command, ctx, (*path, name))


def _of_command(command: click.Command, path: tuple[str, ...], settings: Settings) -> Iterator[Row]:
    for key, option in settings_of(command):
        name = variable(path, key)
        setting = settings.get(path, key)
        if os.environ.get(name):
            value, source = os.environ[name], f"environment {name}"
        elif setting is not None:
            value, source = setting.text, f"{settings.path}:{setting.line}"
        else:
            value, source = _default(option), "default"
        yield Row(" ".join(path) or "demarc", key, value, source)


def _default(option: click.Option) -> str:
    value: Any = option.to_info_dict().get("default")
    if option.is_flag:
        return "true" if value is True else "false"
    if value is None or value == () or callable(value):
        return ""
    return str(value)


def _print(ctx: click.Context, rows: list[Row]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("Command", "Option", "Value", "From"):
        table.add_column(title, overflow="fold")
    for row in rows:
        cells = (row.command, row.key, row.value, row.source)
        table.add_row(*(Text(cell) for cell in cells))
    output_console(ctx).print(table)
