"""The file ``.demarc.yaml``: options that a person or a project always gives.

::

    no-color: true
    analyze:
      data: [./our-data]        # relative to the file
      fail-on: high:customer

The order is: option, environment, file, default. Every key must be an option of its command; a
mistake is told with file and line.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli.adapt import settings_of
from analyzer.cli.errors import CommandError

if TYPE_CHECKING:
    import yaml

NAME = ".demarc.yaml"
_BYTES_MAX = 64 * 1024
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the file: as click takes it, as the file has it, and its line (from 1)."""

    value: Any
    text: str
    line: int


@dataclass(frozen=True)
class Settings:
    """A config file that was read. ``values`` are by command path and key."""

    path: Path | None = None
    values: Mapping[tuple[str, ...], Mapping[str, Setting]] = field(default_factory=dict)
    #: Keys of click parameters for the keys of the file.
    default_map: Mapping[str, Any] = field(default_factory=dict)

    def get(self, path: tuple[str, ...], key: str) -> Setting | None:
        """One setting, or None."""
        return self.values.get(path, {}).get(key)


def find(chosen: Path | None) -> Path | None:
    """The file that was named, or the one of this folder, or the one of the home folder."""
    if chosen is not None:
        if not chosen.is_file():
            raise CommandError(f"{chosen}: there is no such config file", "see: demarc config")
        return chosen
    places = [Path(NAME)]
    with contextlib.suppress(RuntimeError):  # no home folder is known
        places.append(Path.home() / NAME)
    return next((place for place in places if place.is_file()), None)


def load(path: Path, root: click.Group, ctx: click.Context) -> Settings:
    """Read and check a config file against the commands of ``root``.

    Raises:
        CommandError: it cannot be read, or a key or value is wrong; the text names file and line.
    """
    return _Reader(path, ctx).settings(root)


class _Reader:
    """One file; its errors name it."""

    def __init__(self, path: Path, ctx: click.Context) -> None:
        self.path = path
        self.ctx = ctx
        self.values: dict[tuple[str, ...], dict[str, Setting]] = {}

    def settings(self, root: click.Group) -> Settings:
        node = self._document()
        default_map = self._section(node, root, ()) if node is not None else {}
        return Settings(self.path, self.values, default_map)

    def _document(self) -> yaml.Node | None:
        import yaml

        try:
            text = self.path.read_bytes()
            if len(text) > _BYTES_MAX:
                raise self._error(1, f"is larger than {_BYTES_MAX // 1024} KiB")
            return yaml.compose(text.decode("utf-8"), Loader=yaml.BaseLoader)
        except OSError as error:
            raise CommandError(f"{self.path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise self._error(1, "is not UTF-8") from None
        except (yaml.YAMLError, RecursionError) as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "is not valid YAML"
            raise self._error(mark.line + 1 if mark else 1, str(problem)) from None

    def _section(
        self, node: yaml.Node, command: click.Command, path: tuple[str, ...]
    ) -> dict[str, Any]:
        options = dict(settings_of(command))
        found: dict[str, Any] = {}
        seen: set[str] = set()
        for key, line, value in self._pairs(node, path):
            if key in seen:
                raise self._error(line, f"'{key}' is there twice")
            seen.add(key)
            if key in options:
                setting = self._setting(options[key], value, path)
                self.values.setdefault(path, {})[key] = setting
                found[str(options[key].name)] = setting.value
                continue
            child = self._child(command, key)
            if child is None:
                known = [*options, *self._children(command)]
                raise self._error(line, self._unknown(key, path), _nearest(key, known))
            found[key] = self._section(value, child, (*path, key))
        return found

    def _pairs(
        self, node: yaml.Node, path: tuple[str, ...]
    ) -> Iterator[tuple[str, int, yaml.Node]]:
        import yaml

        if isinstance(node, yaml.ScalarNode) and not node.value:
            return  # a heading with nothing below
        if not isinstance(node, yaml.MappingNode):
            name = f"'{' '.join(path)}'" if path else "the file"
            raise self._error(node.start_mark.line + 1, f"{name} must hold keys and values")
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._error(key.start_mark.line + 1, "a key must be a word")
            yield str(key.value), key.start_mark.line + 1, value

    def _unknown(self, key: str, path: tuple[str, ...]) -> str:
        if not path:
            return f"'{key}' is neither a command nor an option of demarc"
        return f"'{key}' is no option of 'demarc {' '.join(path)}'"

    def _children(self, command: click.Command) -> list[str]:
        return command.list_commands(self.ctx) if isinstance(command, click.Group) else []

    def _child(self, command: click.Command, name: str) -> click.Command | None:
        if not isinstance(command, click.Group) or name not in self._children(command):
            return None
        return command.get_command(self.ctx, name)

    def _setting(self, option: click.Option, node: yaml.Node, path: tuple[str, ...]) -> Setting:
        """One value; what the option does not take is told with the way to its help."""
        try:
            return self._value(option, node)
        except CommandError as error:
            error.hint = error.hint or f"see: {' '.join(('demarc', *path))} --help"
            raise

    def _value(self, option: click.Option, node: yaml.Node) -> Setting:
        line = node.start_mark.line + 1
        texts = self._texts(node)
        if option.is_flag:
            return Setting(self._flag(texts, line), texts[0], line)
        if len(texts) != 1 and not option.multiple:
            raise self._error(line, "takes one value, not a list")
        values = [self._checked(option, text, line) for text in texts]
        return Setting(values if option.multiple else values[0], ", ".join(texts), line)

    def _texts(self, node: yaml.Node) -> list[str]:
        import yaml

        if isinstance(node, yaml.ScalarNode):
            return [str(node.value)]
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        if items and all(isinstance(item, yaml.ScalarNode) for item in items):
            return [str(item.value) for item in items]
        raise self._error(node.start_mark.line + 1, "takes a value, or a list of values")

    def _flag(self, texts: list[str], line: int) -> bool:
        word = texts[0].lower() if len(texts) == 1 else ""
        if word not in _TRUE | _FALSE:
            raise self._error(line, f"'{texts[0]}' is neither true nor false")
        return word in _TRUE

    def _checked(self, option: click.Option, text: str, line: int) -> str:
        """The value as text; paths are relative to the file."""
        try:
            if isinstance(option.type, click.Path):
                text = str(self.path.parent / Path(text).expanduser())
            option.type.convert(text, option, self.ctx)
        except click.BadParameter as error:
            raise self._error(line, error.message) from None
        except CommandError as error:
            raise self._error(line, error.message) from None
        return text

    def _error(self, line: int, what: str, hint: str = "") -> CommandError:
        return CommandError(f"{self.path}:{line}: {what}", hint)


def _nearest(key: str, known: list[str]) -> str:
    import difflib

    near = difflib.get_close_matches(key, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known here: {', '.join(known)}"
