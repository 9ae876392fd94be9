"""The process table of a node: how many processes there are, and the largest of them.

Sources: ps(1) of procps (state letters, elapsed time) and of busybox.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.evidence import EvidenceRef

#: Consumers kept of each kind; the totals cover the rest.
KEPT = 10
_MAX_ROWS = 200_000
_ELAPSED = re.compile(r"^(?:(?:(\d+)-)?(\d{1,2}):)?(\d{1,2}):(\d{2})$")
_RUNTIME = re.compile(r"^(?:/\S{1,80}/)?(?:runc|containerd)(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Process:
    """A row of ``ps``. ``rss_kib`` is None where the table has no such column."""

    pid: int
    user: str
    state: str
    cpu_percent: float | None
    memory_percent: float | None
    rss_kib: int | None
    elapsed: str
    command: str
    where: EvidenceRef

    @property
    def minutes(self) -> float | None:
        """How long it has run, from ``[[days-]hours:]minutes:seconds``; None where not told."""
        match = _ELAPSED.match(self.elapsed)
        if match is None:
            return None
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return days * 1440 + hours * 60 + minutes + seconds / 60


@dataclass(frozen=True, slots=True)
class NodeProcesses:
    """One node's process table: how many there are by state, and the largest.

    ``states`` counts by the first letter (``R``, ``S``, ``D``, ``Z``, …); ``stuck`` are processes
    in uninterruptible sleep (``D``), ``runtime`` those of runc and containerd themselves; the
    first ten of each.
    """

    node: str
    total: int
    states: Mapping[str, int]
    by_memory: tuple[Process, ...]
    by_cpu: tuple[Process, ...]
    stuck: tuple[Process, ...]
    runtime: tuple[Process, ...]
    path: str


def parse_ps(node: str, text: str, cite: str) -> NodeProcesses | None:
    """Read a process table by its header; None where there is no header with PID and a command."""
    lines = text.splitlines()[:_MAX_ROWS]
    names = lines[0].split() if lines else []
    if "PID" not in names or not names[-1].startswith(("COMMAND", "CMD", "ARGS")):
        return None
    rows = [
        row
        for number, line in enumerate(lines[1:], start=2)
        if (row := _process(names, line, number, cite)) is not None
    ]
    states = Counter(row.state[:1] or "?" for row in rows)
    by_memory = sorted(rows, key=lambda r: (-(r.rss_kib or 0), -(r.memory_percent or 0.0), r.pid))
    by_cpu = sorted(rows, key=lambda r: (-(r.cpu_percent or 0.0), r.pid))
    return NodeProcesses(
        node=node,
        total=len(rows),
        states=dict(sorted(states.items())),
        by_memory=tuple(by_memory[:KEPT]),
        by_cpu=tuple(by_cpu[:KEPT]),
        stuck=tuple(row for row in rows if row.state.startswith("D"))[:KEPT],
        runtime=tuple(row for row in rows if _RUNTIME.match(row.command))[:KEPT],
        path=cite,
    )


def _process(names: list[str], line: str, number: int, cite: str) -> Process | None:
    cells = line.split(None, len(names) - 1)
    row = dict(zip(names, cells, strict=False))
    if len(cells) < len(names) or not row["PID"].isdecimal():
        return None
    command = cells[-1]
    rss = row.get("RSS", "")
    return Process(
        pid=int(row["PID"]),
        user=row.get("USER", ""),
        state=row.get("STAT", row.get("S", "")),
        cpu_percent=_float(row.get("%CPU")),
        memory_percent=_float(row.get("%MEM")),
        rss_kib=int(rss) if rss.isdecimal() else None,
        elapsed=row.get("ELAPSED", ""),
        command=command[:400],
        where=EvidenceRef(path=cite, what=f"process {row['PID']}", line=number, excerpt=line[:400]),
    )


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
