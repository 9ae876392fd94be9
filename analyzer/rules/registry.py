"""All rules, found by walking the families; a module that fails to import fails the run."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_type_hints

import analyzer.rules
from analyzer.model.hit import Hit
from analyzer.model.owner import Actor
from analyzer.rules.api import Rule, RuleDoc, parse_doc


@dataclass(frozen=True)
class Need:
    """A parameter of a rule: its type, and whether the rule copes without it."""

    name: str
    kind: type[Any]
    optional: bool


@dataclass(frozen=True)
class Registered:
    """A rule with its function, its needs and its documentation."""

    rule: Rule
    check: Callable[..., Iterator[Hit]]
    needs: tuple[Need, ...]
    doc: RuleDoc
    module: str


@cache
def all_rules() -> tuple[Registered, ...]:
    """Every rule, sorted by id.

    Raises:
        ValueError: an id is used twice, or a docstring lacks a section.
    """
    found: dict[str, Registered] = {}
    for name in _module_names():
        module = importlib.import_module(name)
        registered = _register(module)
        other = found.setdefault(registered.rule.id, registered)
        if other is not registered:
            raise ValueError(f"{registered.rule.id} is both {other.module} and {name}")
    return tuple(found[rule_id] for rule_id in sorted(found))


def instructions() -> dict[str, dict[Actor, str]]:
    """What each rule tells each actor to do, by rule id."""
    return {registered.rule.id: dict(registered.doc.do) for registered in all_rules()}


def _module_names() -> list[str]:
    names = []
    for family in pkgutil.iter_modules(analyzer.rules.__path__, "analyzer.rules."):
        if family.ispkg:
            package = importlib.import_module(family.name)
            names += [m.name for m in pkgutil.iter_modules(package.__path__, f"{family.name}.")]
    return sorted(n for n in names if not n.rsplit(".", 1)[-1].startswith("_"))


def _register(module: Any) -> Registered:
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
