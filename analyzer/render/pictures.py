"""Drawings as geometry, in SVG units: the cause graph, the node grid, the timeline."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.render.marks import Link, OwnerMark


@dataclass(frozen=True, slots=True)
class Box:
    """One box of the graph; coordinates in SVG units."""

    x: int
    y: int
    lines: tuple[str, ...]
    caption: str
    full: str
    href: str
    owner: OwnerMark


@dataclass(frozen=True, slots=True)
class Graph:
    """One connected group of causes: boxes and the paths of its edges and arrow heads."""

    label: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[str, ...]
    heads: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class GridPath:
    """All cells of one class as a single path; ``owner`` is a key or empty, ``shape`` a class."""

    owner: str
    shape: str
    d: str


@dataclass(frozen=True, slots=True)
class GridLabel:
    """A pool's name above its cells."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The nodes as a picture; ``label`` states the counts for those who do not see it."""

    label: str
    width: int
    height: int
    labels: tuple[GridLabel, ...]
    paths: tuple[GridPath, ...]
    legend: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """From the first to the last sighting of one finding."""

    x: float
    y: int
    width: float
    owner: OwnerMark
    href: str
    full: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """When findings were seen, a lane per component."""

    label: str
    width: int
    height: int
    lanes: tuple[GridLabel, ...]
    ticks: tuple[GridLabel, ...]
    bars: tuple[TimelineBar, ...]
    rows: tuple[tuple[str, OwnerMark, Link], ...]
    note: str
