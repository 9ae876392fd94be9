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
class TimelineMark:
    """One thing that happened, or several in a row; ``owner`` where a finding stands for it."""

    x: float
    y: int
    width: float
    height: int
    full: str
    owner: OwnerMark | None = None


@dataclass(frozen=True, slots=True)
class TimelineChange:
    """A change or an upgrade, drawn above the lanes with a line through them."""

    x: float
    y: int
    text: str
    full: str


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One line of the table beside the drawing."""

    seen: str
    lane: str
    kind: str
    what: str
    owner: OwnerMark | None
    link: Link | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened when, a lane per component or node pool.

    ``band`` is the incident window as left edge and width; ``top`` is where the lanes begin.
    """

    label: str
    width: int
    height: int
    top: int
    band: tuple[float, float] | None
    band_text: str
    lanes: tuple[GridLabel, ...]
    ticks: tuple[GridLabel, ...]
    changes: tuple[TimelineChange, ...]
    marks: tuple[TimelineMark, ...]
    rows: tuple[TimelineRow, ...]
    rows_label: str
    note: str
