"""What all commands share: names of environment variables and keys of the config file, and -v."""

from __future__ import annotations

from collections.abc import Iterator

import click

from analyzer.cli.verbosity import verbose_option

_NO_SETTING = frozenset({"help", "version", "verbose", "config", "no-config"})


def setting_key(option: click.Option) -> str | None:
    """The option's name in the config file: its long name without dashes; None if it has none."""
    names = [name for name in option.opts if name.startswith("--")]
    key = max(names, key=len).removeprefix("--") if names else None
    return None if key in _NO_SETTING else key


def settings_of(command: click.Command) -> Iterator[tuple[str, click.Option]]:
    """The options of a command that may be set by environment and config file, by their keys."""
    for param in command.params:
        if isinstance(param, click.Option) and (key := setting_key(param)) is not None:
            yield key, param


def variable(path: tuple[str, ...], key: str) -> str:
    """``DEMARC_<COMMAND>_<OPTION>``."""
    return "_".join(("demarc", *path, key)).upper().replace("-", "_")


def adapt(command: click.Command, path: tuple[str, ...]) -> click.Command:
    """Give a command its variables and -v; adapting twice changes nothing.

    A command that passes its arguments on (``collect``) is left alone.
    """
    if command.context_settings.get("ignore_unknown_options"):
        return command
    for key, option in settings_of(command):
        option.envvar = variable(path, key)
    if not any(param.name == "verbose" for param in command.params):
        command.params.append(verbose_option())
    if isinstance(command, click.Group) and path:
        for name, child in command.commands.items():
            adapt(child, (*path, name))
    return command
