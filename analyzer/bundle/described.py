"""``kubectl describe node``, read back as the node objects that it was written from.

Source of the form: kubernetes/kubectl, ``pkg/describe/describe.go`` (``NodeDescriber``). Pods and
events at its end are left out: their ages count from a moment that the text does not name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from analyzer.bundle.piece import Piece

_START = re.compile(rb"(?m)^Name:[ \t]+\S+[ \t]*\r?$")
_MARKS = (b"\nRoles:", b"\nConditions:", b"\nSystem Info:")
_KEY = re.compile(r"(?P<key>[A-Z][\w /-]*?):(?: +(?P<value>.*))?$")
_TAINT = re.compile(r"(?P<key>[^=:]+)(?:=(?P<value>[^:]*))?:(?P<effect>\w+)$")
_COLUMNS = re.compile(r" {2,}")
_INFO = {
    "Machine ID": "machineID",
    "System UUID": "systemUUID",
    "Boot ID": "bootID",
    "Kernel Version": "kernelVersion",
    "OS Image": "osImage",
    "Operating System": "operatingSystem",
    "Architecture": "architecture",
    "Container Runtime Version": "containerRuntimeVersion",
    "Kubelet Version": "kubeletVersion",
    "Kube-Proxy Version": "kubeProxyVersion",
}
_CONDITION = ("type", "status", "lastHeartbeatTime", "lastTransitionTime", "reason", "message")

Sections = dict[str, list[str]]


def describes_nodes(data: bytes) -> bool:
    """Tell the description of one or several nodes."""
    return bool(_START.match(data.lstrip())) and all(mark in data for mark in _MARKS)


def described_nodes(data: bytes) -> Iterator[Piece]:
    """One list of all nodes that the text describes."""
    starts = [found.start() for found in _START.finditer(data)]
    ends = [*starts[1:], len(data)][: len(starts)]
    nodes = [
        _node(_sections(data[start:end].decode("utf-8", "replace")))
        for start, end in zip(starts, ends, strict=True)
    ]
    document = {"kind": "NodeList", "apiVersion": "v1", "items": nodes}
    yield Piece("", "nodes.json", json.dumps(document, indent=1).encode("utf-8"))


def _sections(text: str) -> Sections:
    """Return the lines of each section; what follows the key on its line is the first one."""
    sections: Sections = {}
    lines: list[str] = []
    for line in text.splitlines():
        found = _KEY.match(line) if line[:1].isalpha() else None
        if found:
            lines = sections.setdefault(found["key"], [])
            if found["value"]:
                lines.append(found["value"].rstrip())
        elif line.strip():
            lines.append(line.rstrip())
    return sections


def _node(sections: Sections) -> dict[str, Any]:
    metadata = {
        "name": _one(sections, "Name"),
        "labels": dict(_pair(line, "=") for line in _given(sections, "Labels")),
        "annotations": _annotations(_given(sections, "Annotations")),
    }
    if created := _time(_one(sections, "CreationTimestamp")):
        metadata["creationTimestamp"] = created
    spec: dict[str, Any] = {}
    if provider := _one(sections, "ProviderID"):
        spec["providerID"] = provider
    if cidr := _one(sections, "PodCIDR"):
        spec["podCIDR"] = cidr
    if _one(sections, "Unschedulable") == "true":
        spec["unschedulable"] = True
    if taints := [taint for line in _given(sections, "Taints") if (taint := _taint(line))]:
        spec["taints"] = taints
    return {"kind": "Node", "apiVersion": "v1"} | {
        "metadata": metadata,
        "spec": spec,
        "status": _status(sections),
    }


def _status(sections: Sections) -> dict[str, Any]:
    info = dict(_pair(line, ":") for line in _given(sections, "System Info"))
    addresses = (_pair(line, ":") for line in _given(sections, "Addresses"))
    return {
        "conditions": _conditions(_given(sections, "Conditions")),
        "addresses": [{"type": kind, "address": address} for kind, address in addresses],
        "capacity": dict(_pair(line, ":") for line in _given(sections, "Capacity")),
        "allocatable": dict(_pair(line, ":") for line in _given(sections, "Allocatable")),
        "nodeInfo": {name: info.get(key, "") for key, name in _INFO.items()},
    }


def _given(sections: Sections, key: str) -> list[str]:
    return [line for line in sections.get(key, ()) if line.strip() not in ("<none>", "<unset>")]


def _one(sections: Sections, key: str) -> str:
    return next(iter(_given(sections, key)), "").strip()


def _pair(line: str, between: str) -> tuple[str, str]:
    key, _, value = line.strip().partition(between)
    return key.strip(), value.strip()


def _annotations(lines: list[str]) -> dict[str, str]:
    """Read ``key: value``; a long value stands alone on the next line, further in."""
    found: dict[str, str] = {}
    key = ""
    for line in lines:
        if key and not found[key] and line.lstrip().startswith(("{", "[")):
            found[key] = line.strip()
            continue
        key, value = _pair(line, ": ") if ": " in line else _pair(line, ":")
        found[key] = value
    return found


def _conditions(lines: list[str]) -> list[dict[str, str]]:
    conditions = []
    for line in lines:
        cells = _COLUMNS.split(line.strip(), maxsplit=len(_CONDITION) - 1)
        if len(cells) < 4 or cells[0] in ("Type", "----"):
            continue
        row = dict(zip(_CONDITION, cells, strict=False))
        for key in ("lastHeartbeatTime", "lastTransitionTime"):
            if time := _time(row.pop(key)):
                row[key] = time
        conditions.append(row)
    return conditions


def _taint(line: str) -> dict[str, str]:
    found = _TAINT.match(line.strip())
    return {name: text for name, text in found.groupdict().items() if text} if found else {}


def _time(text: str) -> str:
    """Return a time as ``Wed, 12 Mar 2025 10:42:11 -0700`` in RFC 3339; empty for any other."""
    try:
        return f"{parsedate_to_datetime(text).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, TypeError, OverflowError):
        return ""
