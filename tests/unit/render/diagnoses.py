"""Diagnoses made by hand: the cases that a report must be able to show."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from made import (
    AT,
    SHA,
    bundle,
    check,
    clear_checks,
    cluster,
    diagnosis,
    finding,
    linked,
    network,
    node_name,
    nodes_of,
)
from made_beside import comparison, entry, exposure, exposures, lead, story
from made_hostile import hostile
from made_large import crowd, many

from analyzer.model.diagnosis import (
    Diagnosis,
)
from analyzer.model.finding import ActNext
from analyzer.model.gap import Gap, Presence
from analyzer.model.hit import DriftRow, KnownBug, Outcome
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.render.shape import ReportView
from analyzer.render.view import build_view

__all__ = [
    "AT",
    "CASES",
    "SHA",
    "bundle",
    "case_file",
    "case_of",
    "check",
    "clear_checks",
    "cluster",
    "comparison",
    "crowd",
    "diagnosis",
    "entry",
    "exposure",
    "finding",
    "healthy",
    "hostile",
    "large",
    "linked",
    "many",
    "network",
    "node_name",
    "normal",
    "not_aks",
    "partial",
    "view_of",
]


def healthy() -> Diagnosis:
    return diagnosis(
        comparison=comparison(
            days_apart=12,
            objects=tuple(
                o.model_copy(update={"matched": o.values, "allowed": (), "newer": ()})
                for o in comparison().objects
            ),
            not_compared=(),
        ),
        unknown=(
            check(
                201,
                Outcome.UNKNOWN,
                title="An outbound rule blocks a required address",
                missing=(Gap(path="azure/nsg.json", reason=Presence.NOT_ASKED),),
            ),
        ),
    )


def partial() -> Diagnosis:
    gaps = (
        Gap(
            path="nodes/aks-np1-31415926-vmss000000.tar.gz",
            reason=Presence.FAILED,
            detail="timeout",
        ),
        Gap(
            path="nodes/aks-np2-31415926-vmss000000.tar.gz",
            reason=Presence.FAILED,
            detail="timeout",
        ),
        Gap(
            path="nodes/aks-np3-31415926-vmss000000.tar.gz",
            reason=Presence.FAILED,
            detail="timeout",
        ),
        Gap(path="cluster/resources/core/events", reason=Presence.FORBIDDEN),
        Gap(path="nodes/aks-np1-31415926-vmss000001/host/dmesg", reason=Presence.TRUNCATED),
    )
    return diagnosis(
        (finding(1, evidence=finding(1).evidence[:2], references=()),),
        bundle=bundle(complete=False, missing=gaps, masked={}),
        cluster=cluster(12, silent=3),
        unknown=(
            check(
                201, Outcome.UNKNOWN, title="A node was deallocated outside AKS", missing=gaps[:3]
            ),
            check(
                202, Outcome.UNKNOWN, title="Pods are evicted again and again", missing=(gaps[3],)
            ),
        ),
        crashed=(
            check(
                203,
                Outcome.CRASHED,
                title="A disk stays attached to a deleted node",
                reason="Traceback (most recent call last):\n  in check\nKeyError: 'lun'",
            ),
        ),
        notices=("one node's clock is 42 s behind the others",),
    )


def case_file() -> Diagnosis:
    """Twelve findings from five causes: the report that the wireframe shows."""
    customer = {"owner": Owner.CUSTOMER, "decided_by": "C-07"}
    every_node = tuple(Subject(kind="Node", name=n.name) for n in nodes_of(1015)[3:])
    items = [
        finding(
            12,
            title="Outbound rule deny-egress-443 blocks the API server tunnel",
            severity=Severity.CRITICAL,
            affects=every_node,
            saw="All 1,012 reporting nodes fail to reach the API server on port 443 since 01:52. "
            "The network security group has a rule deny-egress-443 with priority 200.",
            **customer,
        ),
        finding(
            3, title="Tunnel to the API server is down", severity=Severity.CRITICAL, **customer
        ),
        finding(11, title="Webhooks time out", component="admission", **customer),
        finding(14, title="kubectl logs and exec fail", severity=Severity.MEDIUM, **customer),
        finding(15, title="Metrics API is not available", component="metrics-server", **customer),
        finding(
            4,
            title="CoreDNS image differs from the baseline",
            severity=Severity.CRITICAL,
            component="coredns",
            owner=Owner.MICROSOFT,
            decided_by="M-02",
            confidence=Confidence.MEDIUM,
            act_next=ActNext(who=Actor.MICROSOFT, what="Restore the image of the deployment"),
            subject=Subject(kind="Deployment", namespace="kube-system", name="coredns"),
            affects=(
                Subject(kind="Pod", namespace="kube-system", name="coredns-6f776c8fb5-7x9kq"),
            ),
            drift=(
                DriftRow(
                    path="root['spec']['template']['spec']['containers'][coredns].image",
                    expected="mcr.microsoft.com/oss/kubernetes/coredns:v1.9.4-hotfix.20240704",
                    actual="mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-8",
                    changed_by="aks-operator",
                    changed_at=AT - timedelta(days=2),
                ),
                DriftRow(path="spec.replicas", expected="", actual="5"),
            ),
        ),
        finding(
            5, title="DNS lookups fail on some pods", component="coredns", owner=Owner.MICROSOFT
        ),
        finding(
            20,
            title="Node image is 94 days behind the pool",
            severity=Severity.MEDIUM,
            component="node image",
            affects=tuple(Subject(kind="Node", name=node_name(2, n)) for n in (3, 4, 5, 6, 40, 41)),
            act_next=ActNext(who=Actor.CUSTOMER, what="Upgrade the node image of pool np2"),
            stance=Stance.NOT_SUPPORTED,
            **customer,
        ),
        finding(
            30,
            title="containerd 1.7.20 leaks mounts",
            component="containerd",
            owner=Owner.UPSTREAM,
            decided_by="U-01",
            act_next=ActNext(
                who=Actor.CUSTOMER, what="Upgrade the node image to 202609.01.0 or later"
            ),
            affects=tuple(Subject(kind="Node", name=node_name(3, n)) for n in range(64)),
            known_bug=KnownBug(
                id="containerd-10589",
                title="mounts of deleted sandboxes stay behind",
                links=("https://github.com/containerd/containerd/issues/10589",),
                fixed_in=("1.7.22", "2.0.0"),
                workaround="Restart containerd on the node after draining it.",
            ),
        ),
        finding(
            31,
            title="Pods stay in ContainerCreating",
            severity=Severity.MEDIUM,
            component="kubelet",
            owner=Owner.UPSTREAM,
        ),
        finding(
            40,
            title="Calico felix restarts on kernel 6.8",
            severity=Severity.LOW,
            component="calico",
            owner=Owner.BYOCNI_EXCLUDED,
            decided_by="B-01",
            stance=Stance.NOT_SUPPORTED,
            act_next=ActNext(
                who=Actor.CNI_VENDOR, what="Take the felix log to the vendor of the CNI"
            ),
            affects=tuple(Subject(kind="Node", name=node_name(1, n)) for n in range(100, 104)),
        ),
        finding(
            41,
            title="Pod routes are missing on four nodes",
            severity=Severity.MEDIUM,
            component="calico",
            owner=Owner.BYOCNI_EXCLUDED,
        ),
        finding(
            50,
            title="Disks detach slowly",
            severity=Severity.MEDIUM,
            component="csi-azuredisk",
            owner=Owner.UNDETERMINED,
            confidence=Confidence.LOW,
            decided_by="D-99",
            would_change=(
                "The activity log (azure/activity-log.json) tells who detached the disks.",
            ),
            first_seen=None,
            last_seen=None,
        ),
    ]
    pairs = [(0, 1), (1, 2), (1, 3), (1, 4), (0, 2), (5, 6), (8, 9), (10, 11)]
    found = linked(items, pairs)
    return diagnosis(
        found,
        exposures=exposures(12),
        leads=(lead(1), lead(2, usual=None, node=None, rate=3.0)),
        timeline=story(found),
        comparison=comparison(),
        cluster=cluster(
            1015,
            silent=3,
            network=network(mode="none", plugin="Calico", policy="calico", byocni=True),
        ),
        bundle=bundle(
            complete=False,
            missing=tuple(
                Gap(
                    path=f"nodes/{n.name}.tar.gz",
                    reason=Presence.FAILED,
                    detail="no answer in 600 s",
                )
                for n in nodes_of(1015)[:3]
            ),
        ),
        unknown=tuple(
            check(
                200 + n,
                Outcome.UNKNOWN,
                title="An outbound rule blocks a required address",
                missing=(Gap(path="azure/activity-log.json", reason=Presence.NOT_ASKED),),
            )
            for n in range(4)
        ),
    )


def normal() -> Diagnosis:
    return many(60, 1000, lines=3)


def large() -> Diagnosis:
    return crowd(400, 5000, 12)


def not_aks() -> Diagnosis:
    return diagnosis(
        (finding(1), finding(2)),
        cluster=cluster(
            3,
            name="k3s-lab",
            aks="no",
            aks_reason="kubelet versions carry +k3s1 and no node has an azure:// provider id",
            kubernetes_version="1.29.4+k3s1",
            cloud="",
            location="",
            network=network(mode="flannel", plugin="flannel", byocni=None, would_settle=""),
        ),
        bundle=bundle(format=0, layout="troubleshoot support bundle", collector="", started=None),
    )


CASES = {
    "healthy": healthy,
    "partial": partial,
    "case_file": case_file,
    "normal": normal,
    "large": large,
    "hostile": hostile,
    "not_aks": not_aks,
}


@cache
def case_of(name: str) -> Diagnosis:
    """The case of that name, made once: models are frozen."""
    return CASES[name]()


@cache
def view_of(name: str) -> ReportView:
    """Its view, built once."""
    return build_view(case_of(name))
