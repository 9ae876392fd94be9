"""A rule that was found: its card, its function, what it asks for, and its documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from analyzer.model.hit import Hit
from analyzer.model.severity import Severity
from analyzer.rules.api import Rule, RuleDoc, parse_doc


@dataclass(frozen=True)
class Need:
    """A parameter of a rule: its type, and whether the rule copes without it."""

    name: str
    kind: type[Any]
    optional: bool


@dataclass(frozen=True)
class Registered:
    """A rule with its function, its needs and its documentation.

    ``plugin`` is the distribution with its version for a rule that a plugin brings; ``severity``
    are the plugin's own rows (variant → severity). Packaged rules have theirs in the data files.
    """

    rule: Rule
    check: Callable[..., Iterator[Hit]]
    needs: tuple[Need, ...]
    doc: RuleDoc
    module: str
    plugin: str = ""
    severity: Mapping[str, Severity] | None = None


def register(module: Any) -> Registered:
    """Read a rule's module.

    Raises:
        ValueError: its docstring lacks a section.
        AttributeError: it has no ``RULE`` or no ``check``.
    """
    try:
        doc = parse_doc(module.__doc__ or "")
    except ValueError as error:
        raise ValueError(f"{module.__name__}: {error}") from None
    return Registered(module.RULE, module.check, _needs(module.check), doc, module.__name__)


def _needs(check: Callable[..., Any]) -> tuple[Need, ...]:
    needs = []
    for name, hint in get_type_hints(check).items():
        if name == "return":
            continue
        options = [a for a in get_args(hint) if a is not type(None)]
        optional = type(None) in get_args(hint)
        needs.append(Need(name, options[0] if optional else hint, optional))
    return tuple(needs)
