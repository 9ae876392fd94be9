"""Diagnoses made by hand: the cases that a report must be able to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.model.diagnosis import (
    BundleInfo,
    CauseEdge,
    CheckResult,
    ClusterInfo,
    Diagnosis,
    NetworkInfo,
    NodeCounts,
    NodeInfo,
    PoolInfo,
    Summary,
    Tool,
)
from analyzer.model.evidence import Evidence
from analyzer.model.finding import ActNext, Finding, Reason
from analyzer.model.gap import Gap, Presence
from analyzer.model.hit import DriftRow, KnownBug, Outcome
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject

AT = datetime(2026, 11, 20, 2, 31, tzinfo=UTC)
SHA = "4c1f9e07d2b85a3c6e1f0942d7b8c3a5e6f7081929a3b4c5d6e7f80912a3b4c5"
TOOL = Tool(version="0.1.0", policy="2026-06-09", baselines="2026-06-01", bugs="2026-06-01")
#: Strings that try to break out of every format.
HOSTILE = (
    "</script><script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=2>",
    '" onmouseover="window.pwned=3" x=\'',
    "{{ 7*7 }}{% raw %}${7*7}",
    "\u202egnp.exe\u200b\u2066hidden\u2069",
    "\x1b[31mred\x1b[0m\x1b]0;title\x07 nul\x00 bell\x07",
    "javascript:window.pwned=4",
    "![x](https://example.invalid/x) [y](javascript:alert(1)) `tick`",
    "]]>--></style><style>*{display:none}",
    "[red]rich[/red] [link=file:///etc]x[/link]",
)
ALL_HOSTILE = " ".join(HOSTILE)


def node_name(pool: int, number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return f"aks-np{pool}-31415926-vmss{digits}"


def nodes_of(total: int, pools: int = 3, silent: int = 0) -> tuple[NodeInfo, ...]:
    return tuple(
        NodeInfo(
            name=node_name(number % pools + 1, number // pools),
            pool=f"np{number % pools + 1}",
            ready=number % 97 != 13,
            has_archive=number >= silent,
        )
        for number in range(total)
    )


def cluster(total: int = 12, silent: int = 0, **changes: Any) -> ClusterInfo:
    nodes = nodes_of(total, silent=silent)
    pools = [
        PoolInfo(
            name=f"np{number}",
            mode="System" if number == 1 else "User",
            nodes=sum(node.pool == f"np{number}" for node in nodes),
            ready=sum(node.pool == f"np{number}" and bool(node.ready) for node in nodes),
            os="Ubuntu 22.04.5 LTS",
            images=("AKSUbuntu-2204gen2containerd-202608.17.0",),
            kubelets=("v1.30.6",),
            vm_sizes=("Standard_D8ds_v5",),
        )
        for number in (1, 2, 3)
    ]
    values: dict[str, Any] = {
        "name": "aks-prod-weu-03",
        "aks": "yes",
        "aks_reason": "nodes carry the label kubernetes.azure.com/cluster",
        "kubernetes_version": "1.30.6",
        "cloud": "AzurePublicCloud",
        "location": "westeurope",
        "network": network(),
        "pools": pools,
        "nodes": NodeCounts(
            total=total, ready=sum(bool(n.ready) for n in nodes), with_archive=total - silent
        ),
        "node_list": nodes,
        "add_ons": ("azure-policy", "omsagent"),
        "third_party": ("cert-manager", "argo-cd"),
    }
    return ClusterInfo(**(values | changes))


def network(**changes: Any) -> NetworkInfo:
    values: dict[str, Any] = {
        "mode": "Azure CNI Overlay",
        "plugin": "azure",
        "dataplane": "azure",
        "policy": "none",
        "proxy": "iptables",
        "byocni": False,
        "evidence": (
            Evidence(
                path="nodes/aks-np1-31415926-vmss000000/cni/net.d/15-azure-swift-overlay.conflist",
                line=3,
                excerpt='   "name":"azure",',
                what="the conflist of the node",
            ),
        ),
    }
    return NetworkInfo(**(values | changes))


def bundle(**changes: Any) -> BundleInfo:
    values: dict[str, Any] = {
        "name": "demarc-aks-prod-weu-03-20261120T023100Z.tar",
        "sha256": SHA,
        "size_bytes": 48_403_968,
        "format": 1,
        "layout": "demarc",
        "collector": "demarc-collector 0.1.0",
        "collected_at": AT,
        "started": AT - timedelta(minutes=17),
        "complete": True,
        "masked": {"password": 3, "jwt": 1},
    }
    return BundleInfo(**(values | changes))


def check(number: int, outcome: Outcome, **changes: Any) -> CheckResult:
    values: dict[str, Any] = {
        "rule": f"AKS-CHK-{number:03}",
        "title": "CoreDNS answers slowly",
        "component": ("coredns", "kube-proxy", "konnectivity-agent")[number % 3],
        "outcome": outcome,
    }
    return CheckResult(**(values | changes))


def clear_checks(total: int = 138) -> tuple[CheckResult, ...]:
    return tuple(check(number, Outcome.CLEAR) for number in range(1, total + 1))


def finding(number: int = 1, **changes: Any) -> Finding:
    owner = changes.get("owner", Owner.CUSTOMER)
    values: dict[str, Any] = {
        "id": f"AKS-NET-{number:03}-{number * 2654435761 % 2**32:08x}",
        "rule": f"AKS-NET-{number:03}",
        "title": f"Network path {number} to the API server is blocked",
        "severity": Severity.HIGH,
        "component": "konnectivity-agent",
        "subject": Subject(kind="Cluster", name="cluster"),
        "owner": owner,
        "decided_by": "C-07",
        "stance": Stance.SUPPORTED,
        "confidence": Confidence.HIGH,
        "act_next": ActNext(who=Actor.CUSTOMER, what="Allow outbound TCP 443, then collect again"),
        "saw": "Connections to the API server on port 443 time out on every node that reports.",
        "expected": "Outbound TCP 443 to AzureCloud.westeurope is allowed",
        "because": (
            Reason(step=2, row="U-01", text="No known bug matches what was seen."),
            Reason(
                step=5,
                row="C-07",
                clause="POL-31",
                section="User customization of agent nodes",
                text="the rule is in a resource group that you manage, and AKS did not create it.",
                decided=True,
                evidence=(0,),
            ),
        ),
        "would_change": ("An activity log that names the AKS resource provider as the creator.",),
        "first_seen": AT - timedelta(minutes=39 + number),
        "last_seen": AT - timedelta(minutes=2),
        "count": 14,
        "evidence": (
            Evidence(
                path=f"nodes/{node_name(1, number)}/logs/konnectivity.log",
                line=18233,
                excerpt="E1120 01:52:07.100412 client.go:512 dial tcp 20.50.2.8:443: i/o timeout",
                what="the first time-out",
            ),
            Evidence(
                path=f"nodes/{node_name(1, number)}/logs/konnectivity.log",
                line=18234,
                excerpt="E1120 01:52:37.104981 client.go:512 dial tcp 20.50.2.8:443: i/o timeout",
            ),
            Evidence(
                path="azure/nsg.json",
                line=41,
                excerpt='      "access": "Deny", "direction": "Outbound", "priority": 200,',
                what="the rule",
            ),
        ),
        "remediation": (
            "Remove the rule deny-egress-443, or give it a number above 4000.",
            "Collect again: sh collect.sh --since 1h",
        ),
        "references": (
            "Outbound network rules for AKS clusters "
            "https://learn.microsoft.com/azure/aks/outbound-rules-control-egress",
        ),
        "why_it_matters": "Nodes that cannot reach the API server stop getting work.",
    }
    return Finding(**(values | changes))


def diagnosis(findings: tuple[Finding, ...] = (), **changes: Any) -> Diagnosis:
    by_owner = {owner: sum(f.owner is owner for f in findings) for owner in Owner}
    summary = Summary(
        by_owner=by_owner,
        by_severity={s: sum(f.severity is s for f in findings) for s in Severity},
        roots_by_owner={o: sum(f.owner is o and f.root for f in findings) for o in Owner},
        cluster_unsupported=any(f.stance is Stance.CLUSTER_UNSUPPORTED for f in findings),
    )
    values: dict[str, Any] = {
        "tool": TOOL,
        "bundle": bundle(),
        "cluster": cluster(),
        "summary": summary,
        "findings": findings,
        "causes": edges(findings),
        "healthy": clear_checks(),
        "not_applicable": tuple(
            check(n, Outcome.NOT_APPLICABLE, reason="no Windows nodes") for n in range(140, 144)
        ),
    }
    return Diagnosis(**(values | changes))


def edges(findings: tuple[Finding, ...]) -> tuple[CauseEdge, ...]:
    return tuple(
        CauseEdge(cause=cause, symptom=f.id, effect="api-unreachable")
        for f in findings
        for cause in f.explained_by
    )


def linked(findings: list[Finding], pairs: list[tuple[int, int]]) -> tuple[Finding, ...]:
    """Findings with cause links: pairs of positions, cause and symptom."""
    causes: dict[int, list[str]] = {}
    symptoms: dict[int, list[str]] = {}
    for cause, symptom in pairs:
        causes.setdefault(symptom, []).append(findings[cause].id)
        symptoms.setdefault(cause, []).append(findings[symptom].id)
    return tuple(
        f.model_copy(
            update={
                "root": place not in causes,
                "explained_by": tuple(causes.get(place, ())),
                "symptoms": tuple(symptoms.get(place, ())),
            }
        )
        for place, f in enumerate(findings)
    )


def healthy() -> Diagnosis:
    return diagnosis(
        unknown=(
            check(
                201,
                Outcome.UNKNOWN,
                title="An outbound rule blocks a required address",
                missing=(Gap(path="azure/nsg.json", reason=Presence.NOT_ASKED),),
            ),
        )
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
    return diagnosis(
        linked(items, pairs),
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


def many(total: int, nodes: int, lines: int = 24) -> Diagnosis:
    """A page with many findings, much evidence and many nodes."""
    owners = list(Owner)[:4]
    severities = list(Severity)
    items = [
        finding(
            n + 1,
            owner=owners[n % 4],
            severity=severities[min(4, n * 6 // total)],
            component=f"component-{n % 11}",
            affects=tuple(
                Subject(kind="Node", name=node_name(n % 3 + 1, k))
                for k in range(n, n + nodes // 40)
            ),
            evidence=tuple(
                Evidence(
                    path=f"nodes/{node_name(1, n)}/logs/part-{k * 3 // lines}.log",
                    line=100 + k,
                    excerpt=f"E1120 01:52:{k:02}.1 reconciler.go:{n} step {k} <failed> & retried "
                    + "x" * 150,
                )
                for k in range(lines)
            ),
        )
        for n in range(total)
    ]
    pairs = [(n // 5 * 5, n) for n in range(total) if n % 5]
    return diagnosis(linked(items, pairs), cluster=cluster(nodes, silent=nodes // 100))


def normal() -> Diagnosis:
    return many(60, 1000)


def large() -> Diagnosis:
    return many(200, 5000)


def hostile() -> Diagnosis:
    """Strings that try to break out, in every field that can hold one."""
    text = ALL_HOSTILE
    item = finding(
        1,
        id=text,
        rule="AKS-NET-001",
        title=text,
        component=text,
        subject=Subject(kind=text, name=text, namespace=text, node=text),
        decided_by=text,
        act_next=ActNext(who=Actor.CUSTOMER, what=text),
        saw=text,
        expected=text,
        because=(Reason(step=7, row=text, clause=text, section=text, text=text, decided=True),),
        would_change=(text,),
        affects=(Subject(kind=text, name=text), Subject(kind="Node", name=text)),
        known_bug=KnownBug(id=text, title=text, links=HOSTILE, fixed_in=(text,), workaround=text),
        drift=(DriftRow(path=text, expected=text, actual=text, changed_by=text, changed_at=AT),),
        evidence=(Evidence(path=text, line=1, excerpt=text, what=text),),
        remediation=HOSTILE,
        references=(
            *HOSTILE,
            "http://plain.invalid/x",
            "data:text/html,x",
            f"https://a.invalid/{text}",
        ),
        why_it_matters=text,
    )
    gap = Gap(path=text, reason=Presence.FAILED, detail=text)
    odd = check(1, Outcome.UNKNOWN, title=text, component=text, reason=text, missing=(gap,))
    return diagnosis(
        linked([item, finding(2, owner=Owner.UNDETERMINED)], [(0, 1)]),
        tool=Tool(name=text, version=text, policy=text, baselines=text, bugs=text),
        bundle=bundle(
            name=text, layout=text, collector=text, missing=(gap,), masked={text: 2}, complete=False
        ),
        cluster=cluster(
            name=text,
            aks_reason=text,
            kubernetes_version=text,
            cloud=text,
            location=text,
            network=network(
                mode=text,
                plugin=text,
                dataplane=text,
                policy=text,
                proxy=text,
                would_settle=text,
                evidence=(Evidence(path=text, line=2, excerpt=text, what=text),),
            ),
            pools=(PoolInfo(name=text, mode=text, nodes=1, ready=1, os=text, images=(text,)),),
            node_list=(NodeInfo(name=text, pool=text, ready=None, has_archive=False),),
            add_ons=(text,),
            third_party=(text,),
        ),
        healthy=(odd,),
        unknown=(odd,),
        not_applicable=(odd,),
        crashed=(odd,),
        notices=(text,),
    )


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
