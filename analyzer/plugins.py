"""Plugins: rules and layouts that other distributions bring, found by their entry points.

A distribution that is installed beside demarc names its parts in its metadata, under the groups
below. What cannot be loaded is told and left out: a plugin never stops an analysis.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

#: Groups of entry points: rules (modules, or packages of them), and layouts of bundles.
RULES = "demarc.rules"
LAYOUTS = "demarc.layouts"

#: Where skipped plugins are told; a warning goes to standard error unless the caller listens.
LOG = logging.getLogger("demarc.plugins")


@dataclass(frozen=True, slots=True)
class Plugin:
    """Something that was loaded: ``origin`` is the distribution with its version."""

    origin: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Loaded:
    """The plugins of a group, sorted by distribution and name, and why others were left out."""

    plugins: tuple[Plugin, ...] = ()
    problems: tuple[str, ...] = ()


@cache
def loaded(group: str) -> Loaded:
    """Load all plugins of a group, once; each problem is told once too."""
    return load_all(entry_points(group=group))


def load_all(points: Iterable[EntryPoint]) -> Loaded:
    """Load entry points; whatever goes wrong in one is its own problem."""
    plugins: list[Plugin] = []
    problems: list[str] = []
    for point in sorted(points, key=lambda point: (origin_of(point), point.name, point.value)):
        try:
            plugins.append(Plugin(origin_of(point), point.name, point.load()))
        except (Exception, SystemExit) as error:
            problems.append(skipped(origin_of(point), point.name, error))
    return Loaded(tuple(plugins), tuple(problems))


def origin_of(point: EntryPoint) -> str:
    """The distribution of an entry point with its version, as ``acme-rules 1.0``."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"


def skipped(origin: str, name: str, error: BaseException | str) -> str:
    """Tell that a plugin is left out, and return the sentence."""
    why = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    first = why.splitlines()[0].strip() if why.strip() else "no reason given"
    sentence = f"Plugin '{name}' of {origin} was left out: {first}"
    LOG.warning("%s", sentence)
    return sentence
