"""What is kept of one side: its diagnosis, and from a bundle its objects and node versions too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analyzer.baselines.attribution import Change
from analyzer.compare.difference import Side
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.subject import Subject


@dataclass(frozen=True)
class KeptObject:
    """One object: what of it is compared, whose it is, and who wrote it.

    ``content`` is a projection without status, versions and counters. ``changes`` is None where
    the bundle does not show managed fields.
    """

    subject: Subject
    component: str
    whose: Literal["aks", "customer", "unknown"]
    content: Mapping[str, Any]
    changes: tuple[Change, ...] | None
    created: str = ""


@dataclass(frozen=True)
class ObjectsSeen:
    """The objects of a bundle by ``Kind/namespace/name``, and which listings were whole.

    ``whole`` has ``(kind, namespace)``; the namespace is empty for a listing of the whole cluster.
    """

    objects: Mapping[str, KeptObject] = field(default_factory=dict)
    whole: frozenset[tuple[str, str]] = frozenset()

    def listed(self, kind: str, namespace: str | None) -> bool:
        """True where the absence of an object would have been seen."""
        return (kind, namespace or "") in self.whole or (kind, "") in self.whole


@dataclass(frozen=True)
class PoolVersions:
    """Versions that the nodes of one pool report, by :class:`VersionMove`'s ``what``."""

    by_what: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Snapshot:
    """One side. ``objects`` is None for a JSON report, which does not carry them."""

    kind: Literal["bundle", "report"]
    diagnosis: Diagnosis
    #: The uid of the namespace kube-system, which no other cluster has; empty where not shown.
    cluster_uid: str = ""
    objects: ObjectsSeen | None = None
    pool_versions: Mapping[str, PoolVersions] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        """The side as reports name it."""
        d = self.diagnosis
        return Side(
            kind=self.kind,
            name=d.bundle.name,
            sha256=d.bundle.sha256,
            collected_at=d.bundle.collected_at,
            complete=d.bundle.complete,
            cluster=d.cluster.name,
            kubernetes_version=d.cluster.kubernetes_version,
            nodes=d.cluster.nodes.total,
            tool=f"{d.tool.name} {d.tool.version}",
            policy=d.tool.policy,
            baselines=d.tool.baselines,
            bugs=d.tool.bugs,
        )
