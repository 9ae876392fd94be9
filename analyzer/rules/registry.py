"""All rules, found by walking the families; a module that fails to import fails the run.

Plugins' rules (:mod:`analyzer.rules.plugged`) come after; theirs are told and left out instead.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

import analyzer.rules
from analyzer.model.owner import Actor
from analyzer.rules.plugged import Plugged, plugged_rules
from analyzer.rules.registered import Need, Registered, register

__all__ = ["Need", "Registered", "all_rules", "instructions", "packaged_rules", "plugin_notices"]


@cache
def packaged_rules() -> tuple[Registered, ...]:
    """Every rule of demarc itself, sorted by id.

    Raises:
        ValueError: an id is used twice, or a docstring lacks a section.
    """
    found: dict[str, Registered] = {}
    for name in _module_names():
        module = importlib.import_module(name)
        registered = register(module)
        other = found.setdefault(registered.rule.id, registered)
        if other is not registered:
            raise ValueError(f"{registered.rule.id} is both {other.module} and {name}")
    return tuple(found[rule_id] for rule_id in sorted(found))


@cache
def all_rules() -> tuple[Registered, ...]:
    """Every rule, those of plugins too, sorted by id. Raises as :func:`packaged_rules` does."""
    return tuple(sorted(packaged_rules() + _plugged().rules, key=lambda found: found.rule.id))


def plugin_notices() -> tuple[str, ...]:
    """What a reader must know of the plugins that are installed; nothing where there are none."""
    origins: dict[str, int] = {}
    for registered in _plugged().rules:
        origins[registered.plugin] = origins.get(registered.plugin, 0) + 1
    told = [f"Rules of {origin} took part: {count}." for origin, count in sorted(origins.items())]
    return (*told, *_plugged().problems)


@cache
def _plugged() -> Plugged:
    return plugged_rules({registered.rule.id for registered in packaged_rules()})


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
