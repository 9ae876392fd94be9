"""Another policy pack, another verdict: from a bundle's bytes to the clause that is cited."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.model.finding import Finding
from analyzer.options import Options
from analyzer.policy import load_pack
from tests.rules.harness import diagnosis_of

BASE, LATER = "2023-08-28", "2026-06-09"
_OWN_INGRESS = {
    "faults": [{"pod-crash-looping": {"workload": "cart", "namespace": "shop"}}],
    "patch": [
        {
            "file": "cluster/resources/apps/deployments/shop.json",
            "find": {"metadata.name": "cart"},
            "merge": {
                "spec": {
                    "template": {
                        "spec": {
                            "containers": [
                                {
                                    "name": "cart",
                                    "image": "registry.k8s.io/ingress-nginx/controller:v1.12.1",
                                }
                            ]
                        }
                    }
                }
            },
        }
    ],
}
_OWN_POLICY = {
    "base": "cilium",
    "faults": [
        {
            "object-added": {
                "resource": "networking.k8s.io/networkpolicies",
                "name": "default-deny",
                "namespace": "kube-system",
                "body": {
                    "spec": {
                        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                        "policyTypes": ["Ingress"],
                    }
                },
            }
        }
    ],
}
_OLD_IMAGE = {
    "collected_at": "2026-07-01T10:00:00Z",
    "faults": [{"node-image-old": {"age_days": 140}}],
}
_OWN_CONSTRAINT = {"faults": ["azure-policy-denies"]}


def finding(rule: str, world: dict[str, Any], policy: str) -> Finding:
    options = Options(jobs=1, bundle_name="case.tar", policy=policy)
    found = [f for f in diagnosis_of(world, options).findings if f.rule == rule]
    assert found, rule
    return found[0]


@pytest.mark.parametrize(
    ("rule", "world", "before", "after"),
    [
        ("AKS-NODE-006", _OLD_IMAGE, ("NODE-06", "supported"), ("IMG-02", "not-supported")),
        ("AKS-WL-001", _OWN_INGRESS, ("SUP-08", "best-effort"), ("UNS-17", "not-supported")),
        ("AKS-NP-001", _OWN_POLICY, ("SUP-10", "supported"), ("UNS-16", "not-supported")),
        ("AKS-POL-001", _OWN_CONSTRAINT, ("UNS-20", "best-effort"), ("UNS-20", "not-supported")),
    ],
    ids=[
        "node image of 140 days",
        "own ingress controller",
        "own network policy",
        "own constraint",
    ],
)
def test_the_verdict_goes_by_the_pack_in_use(
    rule: str, world: dict[str, Any], before: tuple[str, str], after: tuple[str, str]
) -> None:
    for date, wanted in ((BASE, before), (LATER, after)):
        found = finding(rule, world, date)
        deciding = next(reason for reason in found.because if reason.decided)
        assert found.owner == "customer"
        assert (deciding.clause, str(found.stance)) == wanted, date
        assert deciding.section == load_pack(date).clauses[wanted[0]].section
