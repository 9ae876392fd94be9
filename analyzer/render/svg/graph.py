"""The graph of root causes: one drawing per connected group of findings."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass

from analyzer.render.index import Index, mark, title
from analyzer.render.marks import OwnerMark
from analyzer.render.pictures import Box, Graph
from analyzer.render.svg.layout import components, layers, without_implied
from analyzer.render.text import CUT, count

BOX_WIDTH, BOX_HEIGHT = 212, 66
GAP_X, GAP_Y, MARGIN = 58, 18, 6
BOXES_MAX = 24
#: More drawings than these would be a heap; the list has all of it.
GRAPHS_MAX = 8
#: So many symptoms of one rule share a box even in a small drawing.
_FOLD_FROM = 4
#: At 27 characters the widest usual fallback font ran out of the box.
LABEL_CHARACTERS = 25
_HEAD = 7
#: Half of the coloured spine stands out of the box.
_SPINE = 3


@dataclass(frozen=True, slots=True)
class _Node:
    """One box to be: a finding, or several symptoms of one rule folded together."""

    key: str
    title: str
    rule: str
    href: str
    owner: OwnerMark
    number: int


def build_graphs(index: Index) -> tuple[Graph, ...]:
    """Drawings for the first groups of two or more findings, in the order of their roots."""
    keys = [finding.id for finding in index.findings]
    groups = components(keys, index.symptoms)
    linked = [group for group in groups if len(group) > 1]
    return tuple(_draw(group, index) for group in linked[:GRAPHS_MAX])


def _draw(group: tuple[str, ...], index: Index) -> Graph:
    nodes, onward = _folded(group, index)
    columns = layers(list(nodes), without_implied(onward))
    kept = [key for column in columns for key in column][:BOXES_MAX]
    left_out = len(nodes) - len(kept)
    place = _places([[key for key in column if key in kept] for column in columns])
    edges, heads = [], []
    for key, targets in sorted(without_implied(onward).items()):
        for target in targets:
            if key in place and target in place:
                edge, head = _edge(place[key], place[target])
                edges.append(edge)
                heads.append(head)
    first = nodes[kept[0]]
    return Graph(
        label=(
            f"Cause graph of {count(len(group), 'finding')}, starting at: {first.title}. "
            "The list below says the same."
        ),
        width=max(x for x, _ in place.values()) + BOX_WIDTH + MARGIN,
        height=max(y for _, y in place.values()) + BOX_HEIGHT + MARGIN,
        boxes=tuple(_box(nodes[key], *place[key]) for key in kept),
        edges=tuple(edges),
        heads=tuple(heads),
        note=f"{count(left_out, 'more finding')} only in the list." if left_out else "",
    )


def _folded(
    group: tuple[str, ...], index: Index
) -> tuple[dict[str, _Node], dict[str, tuple[str, ...]]]:
    """Symptoms of one rule with the same causes share a box where there are many of them."""
    shared: dict[str, tuple[str, tuple[str, ...]]] = {}
    members: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for key in group:
        leaf = index.causes[key] and not index.symptoms[key]
        shared[key] = (index.finding(key).rule, index.causes[key]) if leaf else (key, ())
        members[shared[key]] += 1
    smallest = 2 if len(group) > BOXES_MAX else _FOLD_FROM
    stands_for: dict[str, str] = {}
    first_of: dict[tuple[str, tuple[str, ...]], str] = {}
    number: Counter[str] = Counter()
    for key in group:
        fold = members[shared[key]] >= smallest
        stands_for[key] = first_of.setdefault(shared[key], key) if fold else key
        number[stands_for[key]] += 1
    nodes = {}
    for key in number:
        finding = index.finding(key)
        href = f"#{index.anchors[key]}"
        nodes[key] = _Node(
            key, title(finding), finding.rule, href, mark(finding.owner), number[key]
        )
    onward = {
        key: tuple(dict.fromkeys(stands_for[symptom] for symptom in index.symptoms[key]))
        for key in nodes
    }
    return nodes, onward


def _places(columns: list[list[str]]) -> dict[str, tuple[int, int]]:
    tallest = max(len(column) for column in columns)
    place: dict[str, tuple[int, int]] = {}
    for position, column in enumerate(columns):
        top = MARGIN + (tallest - len(column)) * (BOX_HEIGHT + GAP_Y) // 2
        for row, key in enumerate(column):
            x = MARGIN + position * (BOX_WIDTH + GAP_X)
            place[key] = (x, top + row * (BOX_HEIGHT + GAP_Y))
    return place


def _edge(start: tuple[int, int], end: tuple[int, int]) -> tuple[str, str]:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT // 2
    x2, y2 = end[0] - _HEAD - _SPINE, end[1] + BOX_HEIGHT // 2
    bend = min(GAP_X, (x2 - x1)) // 2
    # A long edge bends in the gaps beside its ends and runs level between them.
    curve = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return curve, f"M{x2} {y2 - 4}l{_HEAD} 4l-{_HEAD} 4z"


def _box(node: _Node, x: int, y: int) -> Box:
    times = f" ({node.number:,} findings)" if node.number > 1 else ""
    caption = f"{node.owner.glyph} {node.owner.name}" + (
        f" ×{node.number:,}" if node.number > 1 else ""
    )
    full = f"{node.title}{times}. {node.owner.name}, {node.rule}"
    return Box(x, y, wrap_label(node.title), caption, full, node.href, node.owner)


def wrap_label(text: str) -> tuple[str, ...]:
    """At most two lines of :data:`LABEL_CHARACTERS`; what is cut ends in an ellipsis."""
    lines = textwrap.wrap(text, LABEL_CHARACTERS, break_long_words=True) or [""]
    if len(lines) <= 2:
        return tuple(lines)
    second = lines[1][: LABEL_CHARACTERS - 1].rstrip() + CUT
    return lines[0], second
