"""The public Python interface as text: every name, parameter and field that others may use.

``python -m docs.site.interface`` prints it. A test holds it to the accepted text, so that no
change goes unseen.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel

#: Modules whose ``__all__`` is public, and for whom.
PUBLIC = {
    "analyzer": "for programs that analyse bundles",
    "analyzer.rules.api": "for rules of plugins",
    "analyzer.bundle.layouts": "for layouts of plugins",
}


def interface() -> str:
    """One line for each name, parameter list and field; the same code gives the same text."""
    parts: list[str] = []
    for module, purpose in PUBLIC.items():
        parts += [f"# {module}: {purpose}", ""]
        names = importlib.import_module(module).__all__
        for name in sorted(names):
            parts += [*describe(name, getattr(importlib.import_module(module), name)), ""]
    parts += ["# models that the above hold", ""]
    for model in sorted(_held(), key=lambda model: model.__name__):
        parts += [*describe(model.__name__, model), ""]
    return "\n".join(parts).rstrip() + "\n"


def describe(name: str, value: Any) -> Iterator[str]:
    """The lines of one name."""
    if not inspect.isclass(value):
        yield f"{name}{inspect.signature(value)}" if callable(value) else f"{name}: {_kind(value)}"
        return
    bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
    yield f"class {name}({bases})" if bases else f"class {name}"
    yield from (f"    {line}" for line in _members(value))


def _kind(value: Any) -> str:
    return type(value).__name__


def _members(kind: type[Any]) -> Iterator[str]:
    if issubclass(kind, Enum):
        yield from (f"{member.name} = {member.value!r}" for member in kind)
    elif issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            text = _annotation(kind, name)
            yield f"{name}: {text}" if field.is_required() else f"{name}: {text} = …"
    elif is_dataclass(kind):
        from dataclasses import MISSING

        for entry in fields(kind):
            required = entry.default is MISSING and entry.default_factory is MISSING
            yield f"{entry.name}: {entry.type}" if required else f"{entry.name}: {entry.type} = …"
    for name, member in sorted(vars(kind).items()):
        if not name.startswith("_") and inspect.isfunction(member):
            yield f"{name}{inspect.signature(member)}"
        elif not name.startswith("_") and isinstance(member, property):
            yield f"{name} (property)"


def _annotation(kind: type[Any], name: str) -> str:
    for base in kind.__mro__:
        annotations = inspect.get_annotations(base)
        if name in annotations:
            return str(annotations[name])
    return "Any"


def _held() -> set[type[BaseModel]]:
    """The models that a diagnosis holds, beside those that are public by name."""
    import analyzer

    found: set[type[BaseModel]] = set()
    waiting: list[Any] = [analyzer.Diagnosis]
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if inspect.isclass(kind) and issubclass(kind, BaseModel) and kind not in found:
            found.add(kind)
            waiting += [field.annotation for field in kind.model_fields.values()]
    return {model for model in found if model.__name__ not in analyzer.__all__}


if __name__ == "__main__":
    print(interface(), end="")
