"""States that no single text shows: two disks on one LUN, a process that never ends.

A signature names one of them as ``computed``; ``object`` and ``check`` say it in words.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from analyzer.facts.facts import Facts
from analyzer.facts.listings import VolumeAttachments
from analyzer.facts.objects import VolumeAttachment
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject

_STUCK_MINUTES = 10
_LARGE_KIB = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """An object in the state, and the place that shows it. It has the form of a state text."""

    subject: Subject
    where: EvidenceRef
    node: str | None = None
    since: datetime | None = None


def _two_disks_on_one_lun(facts: Facts) -> Iterator[Shown]:
    """Source of the field: azuredisk-csi-driver writes the LUN into attachmentMetadata."""
    places: dict[tuple[str, str], list[VolumeAttachment]] = defaultdict(list)
    for one in facts.of(VolumeAttachments).items:
        lun = one.status.attachment_metadata.get("LUN")
        if one.status.attached and lun and not one.metadata.deletion_timestamp:
            places[(one.spec.node_name, lun)].append(one)
    for (node, lun), found in sorted(places.items()):
        volumes = {str(one.spec.source.get("persistentVolumeName") or one.name) for one in found}
        if len(volumes) > 1:
            what = f"LUN {lun} of {node} has {len(volumes)} volumes: {', '.join(sorted(volumes))}"
            where = found[1].where("attachmentMetadata", f"LUN: {lun}", what=what)
            yield Shown(Subject(kind="Node", name=node), where, node)


def _runc_that_never_ends(facts: Facts) -> Iterator[Shown]:
    for node, table in sorted(facts.usage.tables.items()):
        for process in table.runtime:
            words = process.command.split()
            old = process.minutes is not None and process.minutes >= _STUCK_MINUTES
            if old and words[0].endswith("runc") and {"exec", "init"} & set(words[1:]):
                yield Shown(Subject(kind="Node", name=node), process.where, node)
                break


def _large_containerd(facts: Facts) -> Iterator[Shown]:
    for node, table in sorted(facts.usage.tables.items()):
        for process in table.runtime:
            program = process.command.split()[0].rpartition("/")[2]
            if program == "containerd" and (process.rss_kib or 0) > _LARGE_KIB:
                yield Shown(Subject(kind="Node", name=node), process.where, node)


#: The states by the names that signatures use.
COMPUTED: Mapping[str, Callable[[Facts], Iterator[Shown]]] = MappingProxyType(
    {
        "two-disks-on-one-lun": _two_disks_on_one_lun,
        "runc-that-never-ends": _runc_that_never_ends,
        "large-containerd": _large_containerd,
    }
)
