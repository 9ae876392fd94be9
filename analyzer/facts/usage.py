"""What the kubelets and the process tables say of use: who fills a node's disk and memory.

The members are large (every pod of every node), so they are read at once and only the largest
consumers are kept. Sources: the kubelet's Summary API, k8s.io/kubelet/pkg/apis/stats/v1alpha1, as
https://kubernetes.io/docs/reference/instrumentation/node-metrics/ has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from analyzer.facts.kube import Time
from analyzer.facts.processes import KEPT, NodeProcesses, parse_ps
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence

_MAX_BYTES = 32 * 1024 * 1024
_SUMMARY = re.compile(r"^cluster/kubelet/(?P<node>[^/]+)/stats-summary\.json$")
_PS = re.compile(r"^nodes/(?P<node>[^/]+)/host/ps$")


class _Stats(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class FilesystemUse(_Stats):
    """Bytes and inodes of a file system; None where the kubelet does not tell."""

    time: Time | None = None
    capacity_bytes: int | None = None
    available_bytes: int | None = None
    used_bytes: int | None = None
    inodes: int | None = None
    inodes_free: int | None = None
    inodes_used: int | None = None


class MemoryUse(_Stats):
    """Bytes of memory; ``working_set_bytes`` is what evictions go by."""

    time: Time | None = None
    available_bytes: int | None = None
    working_set_bytes: int | None = None
    rss_bytes: int | None = None


class ProcessLimit(_Stats):
    """Process ids: how many there may be and how many there are."""

    maxpid: int | None = None
    curproc: int | None = None


class _PodRef(_Stats):
    name: str = ""
    namespace: str = ""
    uid: str = ""


class _Pod(_Stats):
    pod_ref: _PodRef = _PodRef()
    memory: MemoryUse = MemoryUse()
    #: The one key of the Summary API that is not in camelCase.
    ephemeral_storage: FilesystemUse = Field(default=FilesystemUse(), alias="ephemeral-storage")
    process_stats: dict[str, Any] = Field(default={}, alias="process_stats")


class _Runtime(_Stats):
    image_fs: FilesystemUse = FilesystemUse()


class _Node(_Stats):
    node_name: str = ""
    memory: MemoryUse = MemoryUse()
    fs: FilesystemUse = FilesystemUse()
    runtime: _Runtime = _Runtime()
    rlimit: ProcessLimit = ProcessLimit()


class _Summary(_Stats):
    node: _Node
    pods: tuple[_Pod, ...] = ()


@dataclass(frozen=True, slots=True)
class PodUse:
    """What one pod uses: bytes of ephemeral storage and of memory, processes; None is not told."""

    namespace: str
    name: str
    ephemeral_bytes: int | None
    ephemeral_inodes: int | None
    memory_bytes: int | None
    processes: int | None
    where: EvidenceRef


@dataclass(frozen=True, slots=True)
class NodeUse:
    """One kubelet's summary. The pods are the largest by storage and by memory, in that order.

    ``ephemeral_bytes`` and ``memory_bytes`` are sums over all ``pod_count`` pods.
    """

    node: str
    fs: FilesystemUse
    image_fs: FilesystemUse
    memory: MemoryUse
    processes: ProcessLimit
    by_storage: tuple[PodUse, ...]
    by_memory: tuple[PodUse, ...]
    pod_count: int
    ephemeral_bytes: int
    memory_bytes: int
    path: str

    def where(self, *anchors: str, what: str = "") -> EvidenceRef:
        """Point at a ``field: value`` of the summary."""
        said = what or f"what the kubelet of {self.node} tells of its use"
        return EvidenceRef(path=self.path, what=said, anchors=anchors)


@dataclass(frozen=True)
class Usage:
    """Use by node, from the kubelets' summaries and from process tables; either may be missing."""

    summaries: Mapping[str, NodeUse] = field(default_factory=dict)
    tables: Mapping[str, NodeProcesses] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """True if any node told anything."""
        return bool(self.summaries or self.tables)

    def of(self, node: str) -> NodeUse:
        """What the kubelet of that node tells.

        Raises:
            NotCollected: its summary is not in the bundle.
        """
        if node in self.summaries:
            return self.summaries[node]
        path = f"cluster/kubelet/{node}/stats-summary.json"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED))

    def processes(self, node: str) -> NodeProcesses:
        """The process table of that node.

        Raises:
            NotCollected: it is not in the bundle.
        """
        if node in self.tables:
            return self.tables[node]
        raise NotCollected(Gap(path=f"nodes/{node}/host/ps", reason=Presence.NOT_ASKED))


def usage_of(rows: Iterable[NodeUse | NodeProcesses]) -> Usage:
    """Sort rows of all parts by their node."""
    found = tuple(rows)
    return Usage(
        {row.node: row for row in found if isinstance(row, NodeUse)},
        {row.node: row for row in found if isinstance(row, NodeProcesses)},
    )


def tells_use(path: str) -> bool:
    """True for the canonical path of a member that :func:`read_use` reads."""
    return bool(_SUMMARY.match(path) or _PS.match(path))


def read_use(path: str, data: bytes, cite: str) -> NodeUse | NodeProcesses | None:
    """Read one member; None where it is none of these, or not readable (a torn or empty file)."""
    if match := _SUMMARY.match(path):
        return _summary(match["node"], data, cite)
    if match := _PS.match(path):
        return parse_ps(match["node"], data.decode("utf-8", "replace"), cite)
    return None


def _summary(node: str, data: bytes, cite: str) -> NodeUse | None:
    if len(data) > _MAX_BYTES:
        return None
    try:
        summary = _Summary.model_validate(orjson.loads(data))
    except (ValueError, ValidationError, RecursionError):
        return None
    pods = [_pod(pod, cite) for pod in summary.pods]
    by_storage = sorted(pods, key=lambda pod: (-(pod.ephemeral_bytes or 0), _name(pod)))
    by_memory = sorted(pods, key=lambda pod: (-(pod.memory_bytes or 0), _name(pod)))
    return NodeUse(
        node=node,
        fs=summary.node.fs,
        image_fs=summary.node.runtime.image_fs,
        memory=summary.node.memory,
        processes=summary.node.rlimit,
        by_storage=tuple(pod for pod in by_storage[:KEPT] if pod.ephemeral_bytes),
        by_memory=tuple(pod for pod in by_memory[:KEPT] if pod.memory_bytes),
        pod_count=len(pods),
        ephemeral_bytes=sum(pod.ephemeral_bytes or 0 for pod in pods),
        memory_bytes=sum(pod.memory_bytes or 0 for pod in pods),
        path=cite,
    )


def _name(pod: PodUse) -> tuple[str, str]:
    return pod.namespace, pod.name


def _pod(pod: _Pod, cite: str) -> PodUse:
    ref, storage = pod.pod_ref, pod.ephemeral_storage
    used = storage.used_bytes
    anchors = [f"uid: {ref.uid}" if ref.uid else f"name: {ref.name}"]
    anchors += [] if used is None else ["ephemeral-storage", f"usedBytes: {used}"]
    count = pod.process_stats.get("process_count")
    what = f"what {ref.namespace}/{ref.name} uses"
    return PodUse(
        namespace=ref.namespace,
        name=ref.name,
        ephemeral_bytes=used,
        ephemeral_inodes=storage.inodes_used,
        memory_bytes=pod.memory.working_set_bytes,
        processes=count if isinstance(count, int) else None,
        where=EvidenceRef(path=cite, what=what, anchors=tuple(anchors)),
    )
