"""The parts of which diagnoses are made by hand; every value can be replaced by name."""

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
from analyzer.model.hit import Outcome
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject

AT = datetime(2026, 11, 20, 2, 31, tzinfo=UTC)
SHA = "4c1f9e07d2b85a3c6e1f0942d7b8c3a5e6f7081929a3b4c5d6e7f80912a3b4c5"
TOOL = Tool(version="0.1.0", policy="2026-06-09", baselines="2026-06-01", bugs="2026-06-01")


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
