"""What stands beside the findings: bugs that could strike, leads, comparison, timeline."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from made import (
    AT,
    node_name,
)

from analyzer.model.diagnosis import (
    ComparedObject,
    Comparison,
    Exposure,
    Lead,
    TimelineEntry,
)
from analyzer.model.evidence import Evidence
from analyzer.model.finding import Finding
from analyzer.model.subject import Subject


def exposure(number: int = 1, **changes: Any) -> Exposure:
    values: dict[str, Any] = {
        "bug": f"coredns-{7000 + number}",
        "title": "CoreDNS drops answers after its configuration was reloaded",
        "component": ("coredns", "kube-proxy", "containerd")[number % 3],
        "status": "affected",
        "why": (
            "CoreDNS 1.12.1 runs, and the fix came with 1.12.3.",
            "The reload plugin is switched on.",
        ),
        "subject": Subject(kind="Deployment", namespace="kube-system", name="coredns"),
        "links": ("https://github.com/coredns/coredns/issues/7000",),
        "fixed_in": "coredns 1.12.3",
        "workaround": "Restart the pods after a change of coredns-custom.",
        "evidence": (
            Evidence(
                path="cluster/resources/apps/deployments/kube-system.json",
                line=1,
                excerpt='"image":"mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-8"',
                what="the image that runs",
            ),
        ),
    }
    return Exposure(**(values | changes))


def exposures(total: int) -> tuple[Exposure, ...]:
    """Two thirds affected, the others possible; the last one is fixed here."""
    statuses = ["possible" if n % 3 == 2 else "affected" for n in range(total - 1)]
    return tuple(
        exposure(n + 1, status=status) for n, status in enumerate([*statuses, "fixed-here"])
    )


def lead(number: int = 1, **changes: Any) -> Lead:
    values: dict[str, Any] = {
        "template": f"reconciler.go:{number} volume * is still in use by *",
        "component": "kubelet",
        "node": node_name(1, number),
        "count": 8400,
        "rate": 14.2,
        "usual": 0.02,
        "onset": AT - timedelta(minutes=31),
        "last_seen": AT - timedelta(minutes=1),
        "why": "700 times the rate of the day before, and on none of the other 11 nodes.",
        "evidence": (
            Evidence(
                path=f"nodes/{node_name(1, number)}/journal/kubelet.log",
                line=9001,
                excerpt="E1120 02:01:00.1 reconciler.go:1 volume pvc-1 is still in use by pod-7",
            ),
        ),
    }
    return Lead(**(values | changes))


def comparison(**changes: Any) -> Comparison:
    values: dict[str, Any] = {
        "as_of": "2026-06-01",
        "days_apart": 172,
        "objects": (
            ComparedObject(
                component="coredns",
                subject=Subject(kind="Deployment", namespace="kube-system", name="coredns"),
                values=38,
                matched=35,
                allowed=("spec.replicas: 5",),
            ),
            ComparedObject(
                component="kube-proxy",
                subject=Subject(kind="DaemonSet", namespace="kube-system", name="kube-proxy"),
                values=41,
                matched=40,
                newer=("mcr.microsoft.com/oss/v2/kubernetes/kube-proxy:v1.30.9-1",),
            ),
            ComparedObject(
                component="metrics-server",
                subject=Subject(kind="Deployment", namespace="kube-system", name="metrics-server"),
                values=22,
                matched=22,
            ),
        ),
        "not_compared": ("azure-policy: the add-on's objects were not collected",),
    }
    return Comparison(**(values | changes))


def entry(minutes: float, **changes: Any) -> TimelineEntry:
    """Something so many minutes before the collection."""
    values: dict[str, Any] = {
        "at": AT - timedelta(minutes=minutes),
        "kind": "event",
        "lane": "kubelet",
        "what": "FailedMount: volume is still in use",
    }
    return TimelineEntry(**(values | changes))


def story(findings: tuple[Finding, ...]) -> tuple[TimelineEntry, ...]:
    """An old creation, an upgrade, a change of a rule, then what followed."""
    told = [
        entry(90_000, kind="change", lane="np1", what="Node pool np1 created"),
        entry(300, kind="upgrade", lane="np2", what="Node image 202608.17.0 rolled out to np2"),
        entry(41, kind="change", lane="cluster", what="Rule deny-egress-443 created"),
        entry(38, kind="condition", lane="np1", what="Ready is Unknown", count=12),
        entry(30, kind="restart", lane="coredns", what="coredns restarted", count=3),
        entry(29, kind="log", lane="containerd", what="failed to unmount", count=420),
        *(entry(28 - n / 2, subject=Subject(kind="Node", name=node_name(1, n))) for n in range(20)),
    ]
    told += [
        entry(
            39 - n,
            kind="finding",
            lane=item.component,
            what=item.title,
            until=item.last_seen,
            finding=item.id,
        )
        for n, item in enumerate(findings[:6])
    ]
    return tuple(sorted(told, key=lambda e: e.at))
