"""Reads the data files of this stage; a mistake is reported with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: The version of the layout of data files; a file of another version is refused.
SCHEMA_VERSION = 1


class Data(BaseModel):
    """A record of a data file: frozen, and unknown keys are a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=BaseModel)
Source = Traversable | Path


class DataFileError(ValueError):
    """A data file that cannot be used: what is wrong, in which file, on which line (from 1)."""

    def __init__(self, file: str, line: int | None, what: str) -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {what}")
        self.file = file
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class DataFile:
    """A parsed file: its top-level mapping, and its text for the search of line numbers."""

    name: str
    text: str
    content: Mapping[str, Any]

    @property
    def as_of(self) -> str:
        """The date of the facts in it (``YYYY-MM-DD``); empty if it carries none."""
        value = self.content.get("as_of")
        return str(value) if isinstance(value, str | date) else ""

    def records(self, key: str, model: type[M]) -> tuple[M, ...]:
        """The list below ``key`` as records.

        Raises:
            DataFileError: it is no list, or a record is not valid.
        """
        rows = self.content.get(key, [])
        if not isinstance(rows, list):
            raise DataFileError(self.name, self.line_of(key), f"{key} must be a list")
        return tuple(self._record(key, i, row, model) for i, row in enumerate(rows))

    def record(self, key: str, model: type[M]) -> M:
        """The mapping below ``key`` as one record.

        Raises:
            DataFileError: it is not valid.
        """
        try:
            return model.model_validate(self.content.get(key) or {})
        except ValidationError as error:
            raise DataFileError(self.name, self.line_of(key), _first(error)) from error

    def _record(self, key: str, index: int, row: Any, model: type[M]) -> M:
        try:
            return model.model_validate(row)
        except ValidationError as error:
            place = (key, index, *error.errors(include_url=False)[0]["loc"])
            raise DataFileError(self.name, self.line_of(*place), _first(error)) from error

    def line_of(self, *path: str | int) -> int | None:
        """The line (from 1) of a value, by keys and list positions; of the nearest known parent."""
        node = yaml.compose(self.text, Loader=_Loader)
        line = None
        for step in path:
            node = _child(node, step)
            if node is None:
                break
            line = int(node.start_mark.line) + 1
        return line


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    return None


def packaged(name: str) -> DataFile:
    """A file of ``analyzer/baselines/data``, by its path there.

    Raises:
        DataFileError: it cannot be read.
    """
    return read_data(files("analyzer.baselines") / "data" / name, name)


def packaged_folder(name: str) -> Iterator[DataFile]:
    """The YAML files of a folder of ``analyzer/baselines/data``, in the order of their names."""
    folder = files("analyzer.baselines") / "data" / name
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.name.endswith(".yaml"):
            yield read_data(item, f"{name}/{item.name}")


def extra(folders: Iterable[Path]) -> Iterator[DataFile]:
    """The YAML files of a user's ``DIR/baselines`` folders, in the order of their names."""
    for folder in folders:
        for path in sorted((folder / "baselines").glob("*.yaml")):
            yield read_data(path, str(path))


def read_data(source: Source, name: str, *, any_schema: bool = False) -> DataFile:
    """Read and parse one file; with ``any_schema`` whatever its schema version is.

    Raises:
        DataFileError: not readable, not YAML, not a mapping, or of another schema version.
    """
    try:
        text = source.read_text(encoding="utf-8")
        content = yaml.load(text, Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(name, None, f"cannot be read: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise DataFileError(name, line, f"not valid YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what = " ".join(str(error).split())
        raise DataFileError(name, None, f"not valid YAML: {what}") from error
    if not isinstance(content, dict):
        raise DataFileError(name, 1, "must be a mapping at the top")
    if not any_schema and content.get("schema") != SCHEMA_VERSION:
        raise DataFileError(name, 1, f"schema must be {SCHEMA_VERSION}")
    return DataFile(name, text, content)


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])
