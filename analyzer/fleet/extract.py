"""One analysis → the rows of its bundle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypedDict

from analyzer.analysis import Analysis
from analyzer.baselines.node_images import LABEL, parse_node_image
from analyzer.diagnose import build_diagnosis
from analyzer.facts.listings import Namespaces, Nodes
from analyzer.facts.objects import Node
from analyzer.fleet.rows import (
    BugRow,
    BundleRows,
    ClusterRow,
    DriftRow,
    FindingRow,
    NodeRow,
)
from analyzer.model.diagnosis import Diagnosis, NodeInfo
from analyzer.model.finding import Finding
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.redact.mask import mask_text
from analyzer.render.sanitise import readable
from analyzer.render.text import clean

_VM_SIZE = "node.kubernetes.io/instance-type"
#: Its UID is made with the cluster and stays: what tools commonly take for the cluster's identity.
_NAMESPACE_OF_IDENTITY = "kube-system"
#: What no table shows; left out before the masking, which looks at every text.
_NOT_SHOWN = (
    "healthy", "unknown", "not_applicable", "crashed", "notices", "leads", "timeline",
)  # fmt: skip


class _Place(TypedDict):
    """The columns that every row begins with."""

    bundle: str
    cluster: str
    cluster_id: str
    collected_at: datetime | None


class _About(TypedDict):
    subject_kind: str
    subject_namespace: str
    subject_name: str


@dataclass(frozen=True, slots=True)
class _Source:
    diagnosis: Diagnosis
    place: _Place


def extract(analysis: Analysis) -> BundleRows:
    """The rows of a bundle: masked, cleaned, sorted."""
    whole = build_diagnosis(analysis)
    small = whole.model_copy(update={**dict.fromkeys(_NOT_SHOWN, ()), "comparison": None})
    diagnosis, _ = readable(small)
    name = diagnosis.cluster.name
    source = _Source(
        diagnosis,
        _Place(
            bundle=diagnosis.bundle.sha256,
            cluster=name,
            cluster_id=_cluster_id(analysis) or name or diagnosis.bundle.sha256,
            collected_at=_utc(diagnosis.bundle.collected_at),
        ),
    )
    by_name = {node.name: node for node in analysis.loaded.facts.of(Nodes).items}
    return BundleRows(
        clusters=(_cluster(source, len(whole.bundle.missing)),),
        findings=tuple(_finding(finding, source) for finding in diagnosis.findings),
        nodes=tuple(
            _node(info, by_name.get(raw.name), source)
            for raw, info in zip(whole.cluster.node_list, diagnosis.cluster.node_list, strict=True)
        ),
        drift=tuple(_drift(source)),
        bugs=tuple(_bugs(source)),
    )


def _cluster_id(analysis: Analysis) -> str:
    for namespace in analysis.loaded.facts.of(Namespaces).items:
        if namespace.name == _NAMESPACE_OF_IDENTITY:
            return _shown(namespace.metadata.uid)
    return ""


def _cluster(source: _Source, missing: int) -> ClusterRow:
    diagnosis = source.diagnosis
    cluster, summary, tool = diagnosis.cluster, diagnosis.summary, diagnosis.tool
    network, roots, severe = cluster.network, summary.roots_by_owner, summary.by_severity
    return ClusterRow(
        **source.place,
        aks=cluster.aks,
        kubernetes_version=cluster.kubernetes_version,
        cloud=cluster.cloud,
        location=cluster.location,
        network_mode=network.mode,
        network_plugin=network.plugin,
        dataplane=network.dataplane,
        network_policy=network.policy,
        byocni=network.byocni,
        pools=len(cluster.pools),
        nodes=cluster.nodes.total,
        nodes_ready=cluster.nodes.ready,
        nodes_with_archive=cluster.nodes.with_archive,
        findings=len(diagnosis.findings),
        roots=sum(finding.root for finding in diagnosis.findings),
        roots_microsoft=roots[Owner.MICROSOFT],
        roots_customer=roots[Owner.CUSTOMER],
        roots_upstream=roots[Owner.UPSTREAM],
        roots_byocni_excluded=roots[Owner.BYOCNI_EXCLUDED],
        roots_undetermined=roots[Owner.UNDETERMINED],
        critical=severe[Severity.CRITICAL],
        high=severe[Severity.HIGH],
        medium=severe[Severity.MEDIUM],
        low=severe[Severity.LOW],
        info=severe[Severity.INFO],
        cluster_unsupported=summary.cluster_unsupported,
        complete=diagnosis.bundle.complete,
        missing=missing,
        layout=diagnosis.bundle.layout,
        size_bytes=diagnosis.bundle.size_bytes,
        demarc_version=tool.version,
        policy_date=tool.policy,
        baselines_date=tool.baselines,
        bugs_date=tool.bugs,
    )


def _finding(finding: Finding, source: _Source) -> FindingRow:
    clauses = (reason.clause for reason in finding.because if reason.decided and reason.clause)
    return FindingRow(
        **source.place,
        **_about(finding.subject),
        finding=finding.id,
        rule=finding.rule,
        title=finding.title,
        severity=finding.severity.value,
        component=finding.component,
        node=finding.subject.node or "",
        owner=finding.owner.value,
        decided_by=finding.decided_by,
        clause=next(clauses, ""),
        stance=finding.stance.value,
        confidence=finding.confidence.value,
        act_next=finding.act_next.who.value,
        next_step=finding.act_next.what,
        saw=finding.saw,
        root=finding.root,
        explained_by=finding.explained_by,
        first_seen=_utc(finding.first_seen),
        last_seen=_utc(finding.last_seen),
        sightings=finding.count,
        affects=len(finding.affects),
        bug=finding.known_bug.id if finding.known_bug else "",
    )


def _node(info: NodeInfo, node: Node | None, source: _Source) -> NodeRow:
    labels = node.metadata.labels if node is not None else {}
    system = node.status.node_info if node is not None else None
    image = parse_node_image(labels.get(LABEL))
    built = image.built if image is not None else None
    return NodeRow(
        **source.place,
        node=info.name,
        pool=info.pool,
        ready=info.ready,
        has_archive=info.has_archive,
        image=_shown(labels.get(LABEL)),
        image_family=_shown(image.family) if image is not None else "",
        image_built=built,
        image_age_days=_days(built, source.place["collected_at"]),
        kubelet=_shown(system.kubelet_version if system else None),
        kernel=_shown(system.kernel_version if system else None),
        container_runtime=_shown(system.container_runtime_version if system else None),
        os=_shown(system.os_image if system else None),
        architecture=_shown(system.architecture if system else None),
        vm_size=_shown(labels.get(_VM_SIZE)),
    )


def _drift(source: _Source) -> Iterator[DriftRow]:
    for finding in source.diagnosis.findings:
        for row in finding.drift:
            yield DriftRow(
                **source.place,
                **_about(finding.subject),
                finding=finding.id,
                component=finding.component,
                owner=finding.owner.value,
                path=row.path,
                expected=row.expected,
                actual=row.actual,
                changed_by=row.changed_by or "",
                changed_at=_utc(row.changed_at),
            )


def _bugs(source: _Source) -> Iterator[BugRow]:
    for finding in source.diagnosis.findings:
        if bug := finding.known_bug:
            yield BugRow(
                **source.place,
                **_about(finding.subject),
                bug=bug.id,
                title=bug.title or finding.title,
                status="hit",
                component=finding.component,
                sightings=finding.count,
                fixed_in=", ".join(bug.fixed_in),
                finding=finding.id,
                owner=finding.owner.value,
            )
    for exposure in source.diagnosis.exposures:
        yield BugRow(
            **source.place,
            **_about(exposure.subject),
            bug=exposure.bug,
            title=exposure.title,
            status=exposure.status,
            component=exposure.component,
            sightings=exposure.count,
            fixed_in=exposure.fixed_in,
            finding="",
            owner="",
        )


def _about(subject: Subject) -> _About:
    return _About(
        subject_kind=subject.kind,
        subject_namespace=subject.namespace or "",
        subject_name=subject.name,
    )


def _shown(text: str | None) -> str:
    return clean(mask_text(text)) if text else ""


def _utc(moment: datetime | None) -> datetime | None:
    """In UTC, without a zone, as the tables hold it."""
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def _days(built: date | None, collected: datetime | None) -> int | None:
    return (collected.date() - built).days if built is not None and collected is not None else None
