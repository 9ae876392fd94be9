"""Layouts of plugins: tried after our own and before other tools', never trusted to be sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from analyzer.bundle.layouts.base import Layout, Mapping, Place
from analyzer.bundle.layouts.demarc import DemarcLayout, OnePartLayout
from analyzer.plugins import LAYOUTS, Plugin, loaded, skipped


class PluggedLayout:
    """A plugin's layout. What goes wrong while it looks at a listing is told, and is no match."""

    def __init__(self, plugin: Plugin) -> None:
        """Take the layout itself, or make it where the plugin names its class."""
        value = plugin.value
        self._plugin = plugin
        self._layout: Layout = value() if isinstance(value, type) else value
        if not callable(getattr(self._layout, "match", None)):
            raise TypeError("it is no layout: it has no method match")

    def match(self, names: Sequence[str], label: str) -> Mapping | None:
        """Recognise a listing, and try the mapping on all of it before it is believed."""
        try:
            mapping = self._layout.match(tuple(names), label)
            if mapping is not None:
                _try(mapping, names)
        except Exception as error:
            skipped(self._plugin.origin, self._plugin.name, error)
            return None
        return mapping


def with_plugged(layouts: Sequence[Layout]) -> tuple[Layout, ...]:
    """The packaged layouts with those of the plugins that are installed.

    A bundle of our own is nobody else's; but who installs an importer wants it asked before the
    broad looks at loose files.
    """
    plugged = _plugged()[0]
    own = tuple(x for x in layouts if isinstance(x, DemarcLayout | OnePartLayout))
    return (*own, *plugged, *(x for x in layouts if x not in own)) if plugged else tuple(layouts)


def layout_problems() -> tuple[str, ...]:
    """Why plugins' layouts were left out when they were loaded."""
    return _plugged()[1]


@cache
def _plugged() -> tuple[tuple[Layout, ...], tuple[str, ...]]:
    found = loaded(LAYOUTS)
    layouts, problems = take(found.plugins)
    return layouts, found.problems + problems


def take(plugins: Iterable[Plugin]) -> tuple[tuple[Layout, ...], tuple[str, ...]]:
    """Make the layouts of plugins; one that is not fit is left out and told."""
    layouts: list[Layout] = []
    problems: list[str] = []
    for plugin in plugins:
        try:
            layouts.append(PluggedLayout(plugin))
        except Exception as error:
            problems.append(skipped(plugin.origin, plugin.name, error))
    return tuple(layouts), tuple(problems)


def _try(mapping: Mapping, names: Sequence[str]) -> None:
    """Ask the mapping what a bundle's reader will ask.

    Raises:
        TypeError: an answer is not of the kind that the reader needs. Also whatever it raises.
    """
    kinds = (("layout", str), ("format", int), ("certain", bool))
    wrong = [name for name, kind in kinds if not isinstance(getattr(mapping, name), kind)]
    for name in names:
        for answer, kind in (
            (mapping.place(name), Place | None),
            (mapping.beside(name), Place | None),
            (mapping.refused(name), str),
        ):
            if not isinstance(answer, kind):
                wrong.append(f"the answer for {name}")
    mapping.holds("cluster/resources/core/nodes.json")
    if wrong:
        raise TypeError(f"its mapping is not sound: {wrong[0]}")
