"""Reads a YAML file of policy data, keeping the line of every value.

Every scalar stays text (a plain ``null`` is None): the models decide what it means, so a date
stays as it was written. Building values from the parser's events is several times faster than
PyYAML's constructors, gives the lines without a second pass, and bounds the depth: PyYAML's C
composer overruns the stack on a file that is nested deeply enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analyzer.policy.errors import PolicyError

_Parser: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
#: The version of the layout of data files; a file of another version is refused.
SCHEMA_VERSION = "1"
#: Our files are five deep.
MAX_DEPTH = 16


@dataclass(frozen=True, slots=True)
class _Node:
    """A value with its line (from 1); below a key it is the key's line."""

    line: int
    plain: Any
    inner: dict[str, _Node] | list[_Node] | None = None

    def at(self, part: int | str) -> _Node | None:
        """The value below a key or position, if there is one."""
        if isinstance(self.inner, dict) and isinstance(part, str):
            return self.inner.get(part)
        if isinstance(self.inner, list) and isinstance(part, int) and part < len(self.inner):
            return self.inner[part]
        return None


@dataclass(frozen=True, slots=True)
class DataFile:
    """A parsed file: the mapping at its top, and where each value stands."""

    name: str
    content: dict[str, Any]
    root: _Node

    def error(self, what: str, place: Iterable[int | str] = ()) -> PolicyError:
        """The error to raise for a problem at ``place`` (keys and positions from the top)."""
        return PolicyError(what, self.name, self.line_of(place))

    def refusal(self, error: ValidationError, place: tuple[int | str, ...] = ()) -> PolicyError:
        """The error to raise when the value at ``place`` does not fit its model."""
        problem = error.errors(include_url=False)[0]
        loc = problem["loc"]
        field = ".".join(str(part) for part in loc)
        what = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            what = "unknown key"
        return self.error(f"{field}: {what}" if field else what, (*place, *loc))

    def line_of(self, place: Iterable[int | str]) -> int:
        """The line (from 1) of the value at ``place``, or of the nearest thing around it."""
        node = self.root
        for part in place:
            step = node.at(part)
            if step is None:
                break
            node = step
        return node.line


def read_data(source: Traversable | Path, name: str) -> DataFile:
    """Read one file; ``name`` is what errors call it.

    Raises:
        PolicyError: not readable, not YAML, not a mapping, a key twice, or another schema version.
    """
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot be read: {error}", name) from error
    root = _parse(text, name)
    if not isinstance(root.inner, dict):
        raise PolicyError("must be a mapping at the top", name, 1)
    file = DataFile(name, root.plain, root)
    if root.plain.get("schema") != SCHEMA_VERSION:
        raise file.error(f"schema must be {SCHEMA_VERSION}", ("schema",))
    return file


def _parse(text: str, name: str) -> _Node:
    """The one document of a text; an empty text is an empty value."""
    try:
        parser = _Parser(text)
        try:
            return _document(parser, name)
        finally:
            parser.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        if "nesting depth" in str(error.problem):  # newer parsers have a limit of their own
            raise PolicyError("nested too deeply", name, line) from error
        raise PolicyError(f"not valid YAML: {error.problem}", name, line) from error
    except yaml.YAMLError as error:
        raise PolicyError(f"not valid YAML: {error}", name) from error


def _document(parser: Any, name: str) -> _Node:
    parser.get_event()  # start of the stream
    if parser.check_event(yaml.StreamEndEvent):
        return _Node(1, None)
    parser.get_event()  # start of the document
    root = _value(parser, parser.get_event(), name, 1)
    parser.get_event()  # end of the document
    if not parser.check_event(yaml.StreamEndEvent):
        line = parser.peek_event().start_mark.line + 1
        raise PolicyError("not valid YAML: a second document in the file", name, line)
    return root


def _value(parser: Any, event: Any, name: str, depth: int) -> _Node:
    """The value that starts with ``event``."""
    line = event.start_mark.line + 1
    if isinstance(event, yaml.ScalarEvent):
        bare = event.implicit[0] and event.value in ("null", "~", "")
        return _Node(line, None if bare else event.value)
    if isinstance(event, yaml.AliasEvent):
        raise PolicyError("aliases are not used here", name, line)
    if depth > MAX_DEPTH:
        raise PolicyError("nested too deeply", name, line)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[_Node] = []
        while not isinstance(event := parser.get_event(), yaml.SequenceEndEvent):
            items.append(_value(parser, event, name, depth + 1))
        return _Node(line, [item.plain for item in items], items)
    return _mapping(parser, line, name, depth)


def _mapping(parser: Any, line: int, name: str, depth: int) -> _Node:
    inner: dict[str, _Node] = {}
    while not isinstance(event := parser.get_event(), yaml.MappingEndEvent):
        key_line = event.start_mark.line + 1
        if not isinstance(event, yaml.ScalarEvent):
            raise PolicyError("a key must be text", name, key_line)
        if event.value in inner:
            raise PolicyError(f"{event.value} stands twice", name, key_line)
        value = _value(parser, parser.get_event(), name, depth + 1)
        inner[event.value] = _Node(key_line, value.plain, value.inner)
    return _Node(line, {key: node.plain for key, node in inner.items()}, inner)
