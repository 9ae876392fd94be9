"""Commands that texts show: they must exist, with the options that are shown."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from analyzer.cli import demarc

_FENCE = re.compile(r"^```(?:sh|bash|console)?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`(demarc [^`]+)`")
_END = {"|", "||", "&&", ">", "<", ";", "2>"}


def shown(page: str) -> Iterator[str]:
    """Command lines of a Markdown page: in blocks without a language, and inline."""
    for block in _FENCE.finditer(page):
        yield from in_script(block["text"])
    for match in _INLINE.finditer(page):
        if not re.search(r"[|…]|\bCOMMAND\b", match[1]):
            yield match[1]


def in_script(text: str) -> Iterator[str]:
    """Lines of a script that call demarc, also behind another program (``podman run … demarc``)."""
    for line in text.replace("\\\n", " ").splitlines():
        found = re.search(r"(?:^|\s|/)demarc (?=[a-z-])(?P<rest>.*)$", line.split(" #")[0])
        if (
            found
            and not line.lstrip().startswith(("pipx", "uv", "_DEMARC"))
            and "build" not in line
        ):
            yield f"demarc {found['rest']}"


def check(line: str) -> None:
    """Parse a command line as demarc would, without running it.

    Raises:
        click.UsageError: there is no such command, or no such option.
    """
    words = shlex.split(line)[1:]
    end = next((i for i, word in enumerate(words) if word in _END), len(words))
    words = words[:end]
    command: click.Command = demarc
    context = click.Context(demarc, info_name="demarc")
    if words and words[0] in ("--version", "--help"):
        return
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(context, name)
        if found is None:
            raise click.UsageError(f"no command '{name}' in: {line}")
        command = found
    if "--help" not in words:
        own = click.Context(command, info_name=command.name)
        command.make_parser(own).parse_args(words)
