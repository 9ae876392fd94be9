"""The items that a bundle of format 1 may hold: ``data/items.yaml``, read and checked once."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

PartKind = Literal["cluster", "node", "azure"]


class Item(BaseModel):
    """One item: path or pattern relative to its part, and what it is in a few words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    what: str
    #: Many clusters rightly lack it: it is no gap where nobody asked for it.
    optional: bool = False

    @field_validator("path")
    @classmethod
    def _relative(cls, path: str) -> str:
        if not path or path.startswith("/") or ".." in path.split("/") or path.endswith("/"):
            raise ValueError("a path is relative to its part and names a file")
        return path


class Items(BaseModel):
    """All items of the format, by kind of part."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1]
    parts: dict[PartKind, str]
    cluster: tuple[Item, ...]
    node: tuple[Item, ...]
    azure: tuple[Item, ...]

    def of(self, kind: PartKind) -> tuple[Item, ...]:
        """Return the items of a kind of part."""
        return {"cluster": self.cluster, "node": self.node, "azure": self.azure}[kind]


@lru_cache(maxsize=1)
def expected_items() -> Items:
    """Read the packaged list.

    Raises:
        pydantic.ValidationError: the data file is wrong (a mistake of this package).
    """
    text = files("analyzer.bundle").joinpath("data/items.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Items.model_validate(yaml.load(text, Loader=loader))


def kind_of(part: str) -> PartKind | None:
    """Return the kind of a part by its name; None for a part that this format does not know."""
    if part == "cluster":
        return "cluster"
    if part == "azure":
        return "azure"
    return "node" if part.startswith("nodes/") and part.count("/") == 1 else None


def part_of(path: str) -> tuple[str, str]:
    """Split a canonical path (or pattern) into part and rest; the part is empty at the root."""
    first, _, rest = path.partition("/")
    if first != "nodes":
        return (first, rest) if rest or first in ("cluster", "azure") else ("", path)
    node, _, inner = rest.partition("/")
    return f"nodes/{node}", inner
