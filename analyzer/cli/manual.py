"""The manual page of the command line, generated from the commands themselves.

``python -m analyzer.cli.manual docs/cli.md`` writes it; a test holds the file to what this gives.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from analyzer.cli import COMMANDS, demarc
from analyzer.cli.adapt import setting_key, variable
from analyzer.cli.exits import Exit

_EXITS = {
    Exit.DONE: "done; a partial bundle too, with a notice",
    Exit.FINDINGS: "done, and something at or above `--fail-on` was found (`diff`: appeared)",
    Exit.FAILED: "the work could not be done: wrong usage, an unreadable bundle, a bad data or "
    "config file, or a bug of demarc (a crash file is named)",
    Exit.INCOMPLETE: "done, the bundle is incomplete, and `--require-complete` was given",
    Exit.INTERRUPTED: "interrupted; no output is left half written",
}
_HEAD = """\
# Command line

This page is made from the commands themselves (`make docs`); `demarc COMMAND --help` says the same.

Results go to standard output, everything else to standard error. Progress is drawn on a terminal
only. Files are written whole or not at all, and never replaced without `--force`. Colour is used on
a terminal only, means nothing by itself, and is switched off by `--no-color` or `NO_COLOR`.
"""
_ERRORS = """\
## Errors

An error is one line that says what and where, and a line that says what to do. `-v` tells the
stages with their times, `-vv` shows tracebacks too; both may stand before or after the name of the
command. After a bug of demarc the path of a crash file is printed: it holds version, platform,
command and traceback, with secrets masked. Read it before you send it.
"""
_SETTINGS = """\
## Settings

Every option with a long name can be set in four places; the first that tells wins:

1. the option itself,
2. the environment: `DEMARC_<COMMAND>_<OPTION>`, for example `DEMARC_ANALYZE_FAIL_ON=high:customer`,
3. the file `.demarc.yaml` of the current folder, else of the home folder (another one with
   `--config FILE` or `DEMARC_CONFIG`, none with `--no-config`),
4. the default.

```yaml
# .demarc.yaml
no-color: true
analyze:
  data: [./our-data]          # paths are relative to the file
  min-severity: low
  fail-on: high:customer
baseline:
  show:
    data: [./our-data]
```

An unknown key or a value that the option does not take is an error that names file and line.
`demarc config` prints what is set and where it comes from; `demarc config analyze` all options of a
command.

## Completion in the shell

Commands, options and their values complete, and for `demarc explain` the ids of rules, clauses,
components, rows and bugs.

| shell | do once |
| --- | --- |
| bash (4.4 or newer) | `_DEMARC_COMPLETE=bash_source demarc > ~/.demarc-complete.bash`, and in `~/.bashrc`: `. ~/.demarc-complete.bash` |
| zsh | `_DEMARC_COMPLETE=zsh_source demarc > ~/.demarc-complete.zsh`, and in `~/.zshrc`: `. ~/.demarc-complete.zsh` |
| fish | `_DEMARC_COMPLETE=fish_source demarc > ~/.config/fish/completions/demarc.fish` |
"""  # noqa: E501


def manual() -> str:
    """The whole page as Markdown; the same commands give the same text."""
    parts = [_HEAD, _exit_codes(), _ERRORS, _SETTINGS, _overview()]
    context = click.Context(demarc, info_name="demarc")
    parts.append("## All commands\n\n" + "\n".join(_options(demarc, ())) + "\n")
    for name in COMMANDS:
        command = demarc.get_command(context, name)
        assert command is not None
        parts += _command(command, (name,))
    return "\n".join(parts)


def _exit_codes() -> str:
    rows = [f"| {int(code)} | {text} |" for code, text in _EXITS.items()]
    return "\n".join(["## Exit codes", "", "| code | means |", "| --- | --- |", *rows, ""])


def _overview() -> str:
    rows = [
        f"| [`demarc {name}`](#demarc-{name}) | {text} |" for name, (_, text) in COMMANDS.items()
    ]
    return "\n".join(["## Commands", "", "| command | does |", "| --- | --- |", *rows, ""])


def _command(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    level = "#" * (1 + len(path))
    text = inspect.cleandoc(command.help or "").replace("\b", "")
    prose, _, examples = text.partition("Examples:")
    if not examples:
        prose, _, examples = text.partition("Example:")
    words = " ".join(("demarc", *path, *_usage(command)))
    lines = [f"{level} demarc {' '.join(path)}", "", prose.strip(), "", "```", words, "```", ""]
    if examples.strip():
        shown = inspect.cleandoc(examples.strip("\n")).splitlines()
        lines += ["Examples:", "", "```", *(line.strip() for line in shown), "```", ""]
    rows = list(_options(command, path))
    yield "\n".join([*lines, *rows, ""] if rows else lines)
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _command(command.commands[name], (*path, name))


def _usage(command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        yield "COMMAND"
        return
    if any(isinstance(param, click.Option) for param in command.params):
        yield "[OPTIONS]"
    for param in command.params:
        if isinstance(param, click.Argument):
            word = (param.metavar or str(param.name).upper()).removesuffix("...")
            word += "..." if param.nargs == -1 else ""
            yield word if param.required else f"[{word}]"


def _options(command: click.Command, path: tuple[str, ...]) -> Iterator[str]:
    options = [p for p in command.params if isinstance(p, click.Option) and p.name != "verbose"]
    if not options:
        return
    yield "| option | does | environment |"
    yield "| --- | --- | --- |"
    for option in options:
        names = ", ".join(f"`{name}`" for name in option.opts)
        value = _value(option)
        key = setting_key(option)
        env = f"`{variable(path, key)}`" if key is not None else ""
        yield f"| {names}{f' {value}' if value else ''} | {_help(option)} | {env} |"


def _value(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice) and not option.metavar:
        return "`" + "\\|".join(str(choice) for choice in option.type.choices) + "`"
    return "`" + (option.metavar or option.type.name.upper()).replace("|", "\\|") + "`"


def _help(option: click.Option) -> str:
    text = " ".join((option.help or "").split()).replace("|", "\\|")
    if option.show_default and not option.is_flag:
        text += f" Default: {option.to_info_dict().get('default')}."
    return text


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(manual(), encoding="utf-8", newline="\n")
