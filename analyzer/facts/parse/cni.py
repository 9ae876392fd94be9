"""CNI configuration lists (``/etc/cni/net.d``), as the nodes' archives hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from analyzer.facts.node_files import TextFile
from analyzer.model.evidence import EvidenceRef


@dataclass(frozen=True, slots=True)
class Conflist:
    """One configuration: plugin types in order, IPAM type and mode of the first that has one."""

    file_name: str
    name: str
    plugins: tuple[str, ...]
    ipam: str
    ipam_mode: str
    readable: bool
    where: EvidenceRef


def parse_conflist(item: str, file: TextFile) -> Conflist:
    """Read a ``.conf`` or ``.conflist``; a torn file is told as not readable, with its name.

    Source of the form: the CNI specification (containernetworking/cni, SPEC.md).
    """
    file_name = item.rsplit("/", 1)[-1]
    try:
        document = json.loads(file.text)
    except (ValueError, RecursionError):
        return Conflist(file_name, "", (), "", "", False, file.at(1, what=f"CNI file {file_name}"))
    document = document if isinstance(document, dict) else {}
    raw = document.get("plugins", [document])
    plugins = [p for p in raw if isinstance(p, dict)] if isinstance(raw, list) else []
    ipam: dict[str, Any] = next((p["ipam"] for p in plugins if isinstance(p.get("ipam"), dict)), {})
    types = tuple(str(p.get("type") or "") for p in plugins)
    place = file.find(r'"type"', what=f"CNI file {file_name}: {', '.join(types)}")
    return Conflist(
        file_name=file_name,
        name=_text(document.get("name")),
        plugins=types,
        ipam=_text(ipam.get("type")),
        ipam_mode=_text(ipam.get("mode")),
        readable=bool(types),
        where=place or file.at(1, what=f"CNI file {file_name}"),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
