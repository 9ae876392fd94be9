"""Reads the bug data: the packaged files, and users' ``DIR/bugs/*.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analyzer.bugs.computed import COMPUTED
from analyzer.bugs.places import OBJECT_PLACES, PLACES, UNSEEN_PLACES, kinds_of
from analyzer.bugs.schema import Bug
from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import Pattern, PatternSet

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
SCHEMA_VERSION = 1
#: A text of the node's cgroup item that tells the version; kept as a pattern like any other.
CGROUP_V2 = "fact/cgroup-v2"
_NEAR_MISSES = 2


class BugDataError(ValueError):
    """A data file that cannot be used: what is wrong, in which file, on which line (from 1)."""

    def __init__(self, file: str, line: int | None, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}" if line else f"{file}: {what}")
        self.file = file
        self.line = line
        self.what = what


@dataclass(frozen=True)
class BugCatalogue:
    """All known bugs, by id. ``as_of`` is the newest date of the data (``YYYY-MM-DD``)."""

    bugs: tuple[Bug, ...]
    as_of: str = ""

    def __len__(self) -> int:
        return len(self.bugs)

    def __iter__(self) -> Iterator[Bug]:
        return iter(self.bugs)

    @cached_property
    def by_id(self) -> dict[str, Bug]:
        """The bugs by id."""
        return {bug.id: bug for bug in self.bugs}

    def get(self, bug_id: str) -> Bug:
        """The bug of that id.

        Raises:
            KeyError: there is none.
        """
        return self.by_id[bug_id]

    def patterns(self) -> PatternSet:
        """Every expression that the scanner can look for; ids are ``bug/signature``."""
        return self._patterns

    @cached_property
    def _patterns(self) -> PatternSet:
        found = [
            Pattern(f"{bug.id}/{one.id}", kinds, one.regex, one.literals)
            for bug in self.bugs
            for one in bug.signatures
            if one.regex is not None and (kinds := kinds_of(one.where))
        ]
        marker = Pattern(CGROUP_V2, frozenset({LogKind.CGROUPS}), r"^cgroup2fs\b")
        return PatternSet((*found, marker))


def load_bugs(data_dirs: Iterable[Path] = ()) -> BugCatalogue:
    """The packaged bugs and those of ``DIR/bugs/*.yaml``, in order; the same id replaces.

    Raises:
        BugDataError: a file is not valid; the message names file and line.
    """
    own = _packaged()
    bugs = {bug.id: bug for bug in own.bugs}
    dates = [own.as_of]
    for folder in data_dirs:
        for path in sorted((folder / "bugs").glob("*.yaml")):
            found, as_of = _read(path, str(path))
            dates.append(as_of)
            bugs |= {bug.id: bug for bug in found}
    return BugCatalogue(tuple(bugs[key] for key in sorted(bugs)), max(dates))


@lru_cache(maxsize=1)
def _packaged() -> BugCatalogue:
    """The packaged files; every expression of them has an example and two near misses.

    Raises:
        BugDataError: a file is not valid, or an id is there twice.
    """
    bugs: dict[str, Bug] = {}
    dates = []
    folder = files("analyzer.bugs") / "data"
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not item.name.endswith(".yaml"):
            continue
        found, as_of = _read(item, item.name)
        dates.append(as_of)
        for bug in found:
            if bug.id in bugs:
                raise BugDataError(item.name, None, f"{bug.id} is there twice")
            _hold_to_more(bug, item.name)
            bugs[bug.id] = bug
    return BugCatalogue(tuple(bugs[key] for key in sorted(bugs)), max(dates, default=""))


def _hold_to_more(bug: Bug, name: str) -> None:
    for one in bug.signatures:
        if one.regex and (not one.example or len(one.near_misses) < _NEAR_MISSES):
            what = f"{bug.id}/{one.id}: an example and two near misses are needed"
            raise BugDataError(name, None, what)


def _read(source: Traversable | Path, name: str) -> tuple[list[Bug], str]:
    try:
        text = source.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise BugDataError(name, None, f"cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BugDataError(name, line, f"not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BugDataError(name, None, f"not valid YAML: {error}") from error
    rows, place = content, []
    if isinstance(content, dict):
        if content.get("schema") != SCHEMA_VERSION:
            raise BugDataError(name, 1, f"schema must be {SCHEMA_VERSION}")
        rows, place = content.get("bugs"), ["bugs"]
    if not isinstance(rows, list):
        raise BugDataError(name, 1, "must be a list of bugs, or a mapping with schema and bugs")
    as_of = str(content.get("as_of") or "") if isinstance(content, dict) else ""
    return [_bug(row, i, text, name, place) for i, row in enumerate(rows)], as_of


def _bug(row: Any, index: int, text: str, name: str, place: Sequence[str]) -> Bug:
    try:
        bug = Bug.model_validate(row)
        for position, one in enumerate(bug.signatures):
            _check_signature(bug, position, one.where)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        path = (*place, index, *problem["loc"])
        field = ".".join(str(step) for step in problem["loc"])
        what = "unknown key" if problem["type"] == "extra_forbidden" else problem["msg"]
        raise BugDataError(name, _line(text, path), f"{field}: {what}") from error
    except _Refused as refused:
        path = (*place, index, "signatures", refused.position)
        raise BugDataError(name, _line(text, path), str(refused)) from refused
    return bug


class _Refused(ValueError):
    def __init__(self, position: int, what: str) -> None:
        super().__init__(what)
        self.position = position


def _check_signature(bug: Bug, position: int, where: tuple[str, ...]) -> None:
    """Refuse unknown places, and expressions that the scanner could not run."""
    unknown = sorted(set(where) - PLACES.keys() - OBJECT_PLACES - UNSEEN_PLACES)
    if unknown:
        raise _Refused(position, f"unknown place: {', '.join(unknown)}")
    one = bug.signatures[position]
    if one.computed is not None and one.computed not in COMPUTED:
        raise _Refused(position, f"unknown computed state: {one.computed}")
    if one.regex is not None and (kinds := kinds_of(where)):
        try:
            Pattern(f"{bug.id}/{one.id}", kinds, one.regex, one.literals)
        except ValueError as error:
            raise _Refused(position, str(error)) from error


def _line(text: str, path: Sequence[str | int]) -> int | None:
    """The line (from 1) of a value, by keys and list positions; of the nearest known parent."""
    node = yaml.compose(text, Loader=_Loader)
    line = None
    for step in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        elif isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(step)]
            if not pairs:
                break
            node = pairs[0][1]
            line = int(pairs[0][0].start_mark.line) + 1
            continue
        else:
            break
        line = int(node.start_mark.line) + 1
    return line
