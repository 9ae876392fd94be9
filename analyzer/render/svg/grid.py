"""The node grid: a cell per node, grouped by pool, one path per class of cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analyzer.model.diagnosis import NodeInfo
from analyzer.model.finding import Finding
from analyzer.model.severity import Severity
from analyzer.render.pictures import Grid, GridLabel, GridPath
from analyzer.render.text import clip, count, listed
from analyzer.render.words import OWNER_NAMES, OWNER_ORDER

CELL, STEP, PER_ROW = 11, 14, 62
LABEL_HEIGHT, POOL_GAP, LABEL_WIDTH = 18, 10, 480
_SHAPES = {
    Severity.CRITICAL: "cut",
    Severity.HIGH: "full",
    Severity.MEDIUM: "half",
    Severity.LOW: "strip",
    Severity.INFO: "strip",
}
_OUTLINES = {
    # A corner cut off, a full square, the lower half, a strip at the foot.
    "cut": f"h{CELL - 5}l5 5v{CELL - 5}h-{CELL}z",
    "full": f"h{CELL}v{CELL}h-{CELL}z",
    "half": f"m0 5h{CELL}v{CELL - 5}h-{CELL}z",
    "strip": f"m0 8h{CELL}v{CELL - 8}h-{CELL}z",
    "healthy": f"h{CELL}v{CELL}h-{CELL}z",
    "silent": f"h{CELL - 1}v{CELL - 1}h-{CELL - 1}z",
}


def build_grid(nodes: Sequence[NodeInfo], worst: Mapping[str, Finding]) -> Grid | None:
    """Draw the nodes; ``worst`` leads from a node's name to its worst finding."""
    if not nodes:
        return None
    pools: dict[str, list[NodeInfo]] = {}
    for node in nodes:
        pools.setdefault(node.pool, []).append(node)
    paths: dict[tuple[int, str, str], list[str]] = {}
    labels: list[GridLabel] = []
    y = 0
    for pool in sorted(pools):
        members = sorted(pools[pool], key=lambda node: node.name)
        issues = sum(node.name in worst for node in members)
        text = (
            f"{clip(pool, 28) or 'no pool'}: {count(len(members), 'node')}, {issues:,} with issues"
        )
        labels.append(GridLabel(0, y + 12, text))
        y += LABEL_HEIGHT
        for position, node in enumerate(members):
            place = (position % PER_ROW) * STEP, y + position // PER_ROW * STEP
            _add_cell(paths, node, worst.get(node.name), *place)
        y += -(-len(members) // PER_ROW) * STEP + POOL_GAP
    width = min(PER_ROW, max(len(members) for members in pools.values())) * STEP
    return Grid(
        label=_label(nodes, worst),
        width=max(width, LABEL_WIDTH),
        height=y,
        labels=tuple(labels),
        paths=tuple(
            GridPath(owner, shape, "".join(cells))
            for (_, owner, shape), cells in sorted(paths.items())
        ),
        legend=(
            "Colour: owner of the worst finding on the node.",
            "Critical: corner cut off. High: full. Medium: half. Low and info: a strip. "
            "Outline: sent nothing. Faint: no issue.",
        ),
    )


def _add_cell(
    paths: dict[tuple[int, str, str], list[str]],
    node: NodeInfo,
    finding: Finding | None,
    x: int,
    y: int,
) -> None:
    if finding is not None:
        shape, owner, order = (
            _SHAPES[finding.severity],
            finding.owner.value,
            OWNER_ORDER[finding.owner],
        )
    else:
        shape, owner, order = ("healthy" if node.has_archive else "silent"), "", -1
    # The outline is drawn around its middle line, half a pixel inside the cell.
    start = f"M{x}.5 {y}.5" if shape == "silent" else f"M{x} {y}"
    paths.setdefault((order, owner, shape), []).append(start + _OUTLINES[shape])


def _label(nodes: Sequence[NodeInfo], worst: Mapping[str, Finding]) -> str:
    counts: dict[tuple[int, int, str], int] = {}
    clear = silent = 0
    for node in nodes:
        if finding := worst.get(node.name):
            words = f"{finding.severity.value} of {OWNER_NAMES[finding.owner]}"
            key = (finding.severity.rank, OWNER_ORDER[finding.owner], words)
            counts[key] = counts.get(key, 0) + 1
        elif node.has_archive:
            clear += 1
        else:
            silent += 1
    parts = [f"{number:,} {words}" for (_, _, words), number in sorted(counts.items())]
    parts += [f"{clear:,} without issues"] if clear else []
    parts += [f"{silent:,} sent nothing"] if silent else []
    return f"{count(len(nodes), 'node')} by worst finding: {listed(parts, 30)}."
