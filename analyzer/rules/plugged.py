"""Rules of plugins: held to what packaged rules are held to, and left out where they fall short.

A plugin's rule is a module like a packaged one, with one thing more: ``SEVERITY``, a mapping of
variant to severity that has ``default``.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

from analyzer.model.hit import Hit
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.plugins import RULES, Plugin, loaded, skipped
from analyzer.rules.api import Rule
from analyzer.rules.registered import Registered, register

#: Ids that a plugin may take: capital letters of its own, a family, a number.
_ID = re.compile(r"[A-Z][A-Z0-9]{0,15}-[A-Z][A-Z0-9]{0,15}-\d{3}")


@dataclass(frozen=True)
class Plugged:
    """The rules of plugins, in the order of their ids, and why others were left out."""

    rules: tuple[Registered, ...] = ()
    problems: tuple[str, ...] = ()


def plugged_rules(taken: Collection[str]) -> Plugged:
    """Rules of all plugins that are installed; an id in ``taken`` is never replaced."""
    found = loaded(RULES)
    plugged = take(found.plugins, taken)
    return Plugged(plugged.rules, found.problems + plugged.problems)


def take(plugins: Collection[Plugin], taken: Collection[str]) -> Plugged:
    """Register the rules of plugins; one that is not fit costs itself and no other."""
    rules: dict[str, Registered] = {}
    problems: list[str] = []
    for plugin in plugins:
        for name in _modules(plugin.value):
            try:
                registered = _fit(_module(name), plugin, {*taken, *rules})
            except (Exception, SystemExit) as error:
                label = plugin.name if name is plugin.value else str(name)
                problems.append(skipped(plugin.origin, label, error))
            else:
                rules[registered.rule.id] = registered
    return Plugged(tuple(rules[rule_id] for rule_id in sorted(rules)), tuple(problems))


def _modules(value: Any) -> list[Any]:
    """The module itself; for a package without a rule of its own, the names of its modules."""
    if (
        not isinstance(value, ModuleType)
        or hasattr(value, "RULE")
        or not hasattr(value, "__path__")
    ):
        return [value]
    names = [found.name for found in pkgutil.iter_modules(value.__path__, f"{value.__name__}.")]
    return sorted(name for name in names if not name.rsplit(".", 1)[-1].startswith("_"))


def _module(name: Any) -> Any:
    return importlib.import_module(name) if isinstance(name, str) else name


def _fit(module: Any, plugin: Plugin, taken: Collection[str]) -> Registered:
    """Register one module.

    Raises:
        ValueError: it is no rule, or a rule that could not be shown or told apart.
    """
    if not isinstance(getattr(module, "RULE", None), Rule):
        raise ValueError("it is no rule: the module has no RULE = Rule(…)")
    if not callable(getattr(module, "check", None)):
        raise ValueError("the module has no function check")
    registered = register(module)
    rule_id = registered.rule.id
    if not _ID.fullmatch(rule_id):
        raise ValueError(f"the id '{rule_id}' is not of the form ACME-DNS-001")
    if rule_id in taken:
        raise ValueError(f"the id {rule_id} is taken")
    severity = {str(k): Severity(v) for k, v in dict(getattr(module, "SEVERITY", {})).items()}
    if "default" not in severity:
        raise ValueError("the module has no SEVERITY = {'default': …}")
    check = _watched(registered.check, frozenset(severity))
    return replace(registered, check=check, plugin=plugin.origin, severity=severity)


def _watched(check: Callable[..., Any], variants: frozenset[str]) -> Callable[..., Iterator[Hit]]:
    """The same check; what would break later stages ends it here, as a crash of this rule."""

    def watched(**facts: Any) -> Iterator[Hit]:
        for hit in check(**facts) or ():
            if not isinstance(hit, Hit) or not isinstance(hit.subject, Subject):
                raise TypeError(f"check yields {type(hit).__name__}, not a Hit on a Subject")
            if hit.variant not in variants:
                raise ValueError(f"SEVERITY has no variant '{hit.variant}'")
            yield hit

    return watched
