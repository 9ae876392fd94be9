"""Small host files of a node: disk, memory, pressure, kernel settings, probes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from analyzer.facts.kube import Time
from analyzer.facts.node_files import TextFile
from analyzer.model.evidence import EvidenceRef


@dataclass(frozen=True, slots=True)
class Filesystem:
    """A row of ``df -P`` or ``df -Pi``: size, used and free in 1 KiB blocks (or inodes)."""

    device: str
    mount: str
    size: int
    used: int
    used_percent: int
    where: EvidenceRef


def parse_df(file: TextFile) -> tuple[Filesystem, ...]:
    """Read ``df`` output; rows that are not rows are left out."""
    rows = []
    for number, line in file.lines():
        cells = line.split(None, 5)
        if len(cells) == 6 and cells[4].rstrip("%").isdecimal() and cells[1].isdecimal():
            used = int(cells[2]) if cells[2].isdecimal() else 0
            rows.append(
                Filesystem(
                    cells[0],
                    cells[5],
                    int(cells[1]),
                    used,
                    int(cells[4].rstrip("%")),
                    file.at(number),
                )
            )
    return tuple(rows)


def parse_key_values(file: TextFile, separator: str) -> dict[str, tuple[str, EvidenceRef]]:
    """Read ``key SEP value`` lines (sysctl, os-release, meminfo): key → value and place."""
    values = {}
    for number, line in file.lines():
        key, found, value = line.partition(separator)
        if found and key.strip():
            values[key.strip()] = (value.strip().strip('"'), file.at(number))
    return values


@dataclass(frozen=True, slots=True)
class Pressure:
    """A line of ``/proc/pressure``: share of time (percent) in which tasks stalled."""

    resource: str
    kind: str
    avg10: float
    avg60: float
    avg300: float
    where: EvidenceRef


#: Source: docs.kernel.org/accounting/psi.html
_PSI = re.compile(
    r"^(?P<resource>cpu|memory|io)?\s*(?P<kind>some|full)\s+avg10=(?P<a10>[\d.]+)\s+"
    r"avg60=(?P<a60>[\d.]+)\s+avg300=(?P<a300>[\d.]+)"
)


def parse_pressure(file: TextFile) -> tuple[Pressure, ...]:
    """Read pressure stall information with the resource's name before each line."""
    return tuple(
        Pressure(
            m["resource"] or "", m["kind"], float(m["a10"]), float(m["a60"]), float(m["a300"]),
            file.at(number),
        )
        for number, line in file.lines()
        if (m := _PSI.match(line.strip()))
    )  # fmt: skip


class Probe(BaseModel):
    """One connection test of ``probes/*.json``, from the node's own network.

    ``result`` is ``ok``, ``timeout``, ``refused``, ``nxdomain``, ``reset``, ``tls`` or ``error``;
    ``ms`` are milliseconds.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = ""
    address: str | None = None
    port: int | None = None
    protocol: str = "tcp"
    result: str = ""
    ms: float | None = None
    at: Time | None = None
    detail: str = ""
    server: str | None = None

    @property
    def failed(self) -> bool:
        """True where an answer was expected and none (or a bad one) came."""
        return self.result not in ("ok", "")


_PROBES = TypeAdapter(tuple[Probe, ...])


def parse_probes(file: TextFile) -> tuple[tuple[Probe, EvidenceRef], ...]:
    """Read a list of probes; one bad entry does not lose the others."""
    try:
        raw = json.loads(file.text)
    except (ValueError, RecursionError):
        return ()
    rows = []
    for entry in raw if isinstance(raw, list) else []:
        try:
            probe = Probe.model_validate(entry)
        except ValidationError:
            continue
        rows.append((probe, _probe_place(file, probe)))
    return tuple(rows)


def _probe_place(file: TextFile, probe: Probe) -> EvidenceRef:
    what = f"probe of {probe.name}: {probe.result}"
    anchors = (f"name: {probe.name}", f"result: {probe.result}")
    return EvidenceRef(path=file.path, what=what, anchors=anchors)


def parse_json(file: TextFile) -> Any:
    """Read a JSON document, or None if it is not one (a torn file, an error text)."""
    try:
        return json.loads(file.text)
    except (ValueError, RecursionError):
        return None


def parse_failed_units(file: TextFile) -> tuple[tuple[str, EvidenceRef], ...]:
    """Read ``systemctl --failed`` output: unit names with their places."""
    units = []
    for number, line in file.lines():
        match = re.match(
            r"^[●*\s]*(?P<unit>\S+\.(?:service|timer|mount|socket|slice|path))\s", line
        )
        if match:
            units.append((match["unit"], file.at(number, what=f"failed unit {match['unit']}")))
    return tuple(units)
