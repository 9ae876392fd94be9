"""Exposure: bugs that a version or a setting alone opens the door to. Never a root cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.bugs.aks_fixes import fixed_by_aks
from analyzer.bugs.gates import IMAGE_FACTS, NODE_FACTS, Answer, GateFacts, NodeGate, ask
from analyzer.bugs.observe import Observation
from analyzer.bugs.schema import Basis, Bug, GateOp
from analyzer.bugs.sightings import BugSighting, Status
from analyzer.bugs.states import can_be_seen
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Nodes, Pods
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import CLUSTER, Subject

_VERSION_OPS = frozenset({GateOp.LT, GateOp.GE, GateOp.RANGE, GateOp.EQ})
_EVIDENCE = 6


def exposure(
    bug: Bug, seen: Sequence[Observation], runs: GateFacts, facts: Facts
) -> list[BugSighting]:
    """The sightings of one bug of use ``exposure``: at most one per status."""
    if not _has_version_gate(bug):
        return _by_setting(bug, seen, runs)
    if can_be_seen(bug) and not seen:
        return []
    if not any(gate.fact in NODE_FACTS for gate in bug.gates):
        status, answers = _judge(bug, runs, None)
        return [_sighting(bug, status, [], answers, seen, facts)] if status else []
    return _by_node(bug, seen, runs, facts)


def _by_node(
    bug: Bug, seen: Sequence[Observation], runs: GateFacts, facts: Facts
) -> list[BugSighting]:
    hit: dict[Status, list[NodeGate]] = {}
    told: dict[Status, dict[str, Answer]] = {}
    for name in sorted(runs.nodes):
        node = runs.nodes[name]
        status, answers = _judge(bug, runs, node)
        if status:
            hit.setdefault(status, []).append(node)
            told.setdefault(status, {}).update({answer.why: answer for answer in answers})
    return [
        _sighting(bug, status, hit[status], list(told[status].values()), seen, facts)
        for status in sorted(hit)
    ]


def _has_version_gate(bug: Bug) -> bool:
    versions = {"server_version", "kernel", "node_image", "runc", "containerd", "kubelet"}
    return any(
        gate.fact in versions | IMAGE_FACTS.keys() and gate.op in _VERSION_OPS for gate in bug.gates
    )


def _by_setting(bug: Bug, seen: Sequence[Observation], runs: GateFacts) -> list[BugSighting]:
    """Without a version to compare, the setting (or the image) must have been seen."""
    answers = [ask(gate, runs, None) for gate in bug.gates]
    if not seen or any(answer.holds is False for answer in answers):
        return []
    fix = fixed_by_aks(bug, zip(bug.gates, answers, strict=True), runs, None)
    answers += [fix] if fix else []
    unknown = any(not answer.holds for answer in answers)
    subjects = sorted({one.subject for one in seen}, key=lambda subject: subject.key)
    refs = dict.fromkeys(ref for one in seen for ref in one.evidence)
    return [
        BugSighting(
            bug=bug,
            subject=subjects[0] if len(subjects) == 1 else CLUSTER,
            affects=tuple(subjects) if len(subjects) > 1 else (),
            status=Status.POSSIBLE if unknown else Status.AFFECTED,
            why=tuple(dict.fromkeys([*(o.says for o in seen[:3]), *(a.why for a in answers)])),
            evidence=tuple(refs)[:_EVIDENCE],
            count=len(seen),
        )
    ]


def _judge(bug: Bug, runs: GateFacts, node: NodeGate | None) -> tuple[Status | None, list[Answer]]:
    """The status by the gates, lowered where AKS says that it has the fix; and the answers."""
    answers = [ask(gate, runs, node) for gate in bug.gates]
    status = _status(bug, answers)
    fix = fixed_by_aks(bug, zip(bug.gates, answers, strict=True), runs, node)
    if status is None or fix is None:
        return status, answers
    return (None if fix.holds is False else Status.POSSIBLE), [*answers, fix]


def _status(bug: Bug, answers: Sequence[Answer]) -> Status | None:
    """All gates hold; or none fails, and a version lies in the range but may be patched."""
    if any(answer.holds is False for answer in answers):
        return None
    if all(answer.holds for answer in answers):
        stated = any(gate.basis is Basis.STATED for gate in bug.gates)
        return Status.AFFECTED if stated else Status.POSSIBLE
    in_range = any("may have the fix taken back" in answer.why for answer in answers)
    known = any(
        answer.holds and gate.op in _VERSION_OPS
        for gate, answer in zip(bug.gates, answers, strict=True)
    )
    return Status.POSSIBLE if in_range or known else None


def _sighting(
    bug: Bug,
    status: Status,
    nodes: Sequence[NodeGate],
    answers: Iterable[Answer],
    seen: Sequence[Observation],
    facts: Facts,
) -> BugSighting:
    subjects = tuple(Subject(kind="Node", name=node.name) for node in nodes)
    refs = [ref for one in seen for ref in one.evidence]
    refs += _version_refs(bug, nodes, facts)
    return BugSighting(
        bug=bug,
        subject=subjects[0] if len(subjects) == 1 else CLUSTER,
        affects=subjects if len(subjects) > 1 else (),
        status=status,
        why=tuple(dict.fromkeys(answer.why for answer in answers)),
        evidence=tuple(dict.fromkeys(refs))[:_EVIDENCE],
        count=max(1, len(subjects)),
    )


def _version_refs(bug: Bug, nodes: Sequence[NodeGate], facts: Facts) -> list[EvidenceRef]:
    """Where the versions stand that the gates compared."""
    refs: list[EvidenceRef] = []
    shown = {node.name: node for node in facts.of(Nodes).items}
    for gate in bug.gates:
        for node in nodes[:3] if gate.fact in NODE_FACTS else ():
            value = getattr(node, NODE_FACTS[gate.fact])
            if value and node.name in shown and gate.fact != "kubelet_flag":
                what = f"{gate.fact.replace('_', ' ')} of {node.name}"
                refs.append(shown[node.name].where(str(value), what=what))
        if gate.fact == "server_version":
            anchors = ("gitVersion",)
            refs.append(EvidenceRef("cluster/version.json", "server version", anchors=anchors))
        if gate.fact in IMAGE_FACTS:
            refs += _image_refs(IMAGE_FACTS[gate.fact], facts)
    return refs


def _image_refs(package: str, facts: Facts) -> list[EvidenceRef]:
    for pod in facts.of(Pods).items:
        for container in pod.spec.containers:
            if f"/{package}:" in container.image:
                return [pod.where(f"image: {container.image}", what=f"image of {pod.name}")]
    return []
