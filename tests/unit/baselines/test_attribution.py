"""Managed fields as changes: who, with what, when, which fields; which are the customer's."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from baseline_builders import SAMPLES, cluster, managed, obj, sample_objects, workload

from analyzer.baselines.attribution import (
    allowed_changes,
    author_of,
    changes,
    customer_changes,
    last_applied,
    unknown_changes,
)
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.fields import field_paths
from analyzer.baselines.managers import Provenance, manager_of
from analyzer.baselines.markers import component_of, whose
from analyzer.facts.identity import NetworkMode
from analyzer.facts.kube import KubeObject
from analyzer.model.gap import NotCollected

IMAGE = "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7"
ENO = {"app.kubernetes.io/managed-by": "Eno", "kubernetes.azure.com/managedby": "aks"}
ADDON = {"addonmanager.kubernetes.io/mode": "Reconcile"}
MEMORY = {
    "f:spec": {
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"coredns"}': {"f:resources": {"f:limits": {"f:memory": {}}}}
                }
            }
        }
    }
}
MEMORY_PATH = "spec.template.spec.containers[coredns].resources.limits.memory"


def coredns(*entries: Any, labels: dict[str, str] | None = None) -> KubeObject:
    return workload(
        "coredns", IMAGE, labels=ENO if labels is None else labels, managedFields=entries
    )


def config_map(name: str, *entries: Any, labels: dict[str, str] | None = None) -> KubeObject:
    metadata = {"name": name, "namespace": "kube-system", "managedFields": entries}
    return obj({"kind": "ConfigMap", "metadata": {**metadata, "labels": labels or {}}})


def test_field_paths() -> None:
    fields = {
        "f:metadata": {
            "f:labels": {".": {}, "f:kubernetes.azure.com/managedby": {}, "f:tier": {}},
            "f:finalizers": {".": {}, 'v:"a/b"': {}},
        },
        "f:spec": {
            "f:template": {
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"coredns"}': {
                            ".": {},
                            "f:image": {},
                            "f:ports": {'k:{"containerPort":53,"protocol":"UDP"}': {"f:name": {}}},
                            "f:volumeMounts": {'k:{"mountPath":"/tmp"}': {".": {}}},
                        }
                    }
                }
            },
            "f:replicas": {},
        },
        "f:data": {"f:Corefile": {}, "f:own.server": {}},
    }
    container = "spec.template.spec.containers[coredns]"
    assert field_paths(fields) == (
        "metadata.labels[kubernetes.azure.com/managedby]",
        "metadata.labels.tier",
        'metadata.finalizers["a/b"]',
        f"{container}.image",
        f"{container}.ports[53/UDP].name",
        f"{container}.volumeMounts[/tmp]",
        "spec.replicas",
        "data.Corefile",
        "data[own.server]",
    )
    assert field_paths(None) == ()
    assert field_paths({"odd": {"k:{not json": {}}}) == ("[odd][{not json]",)


@pytest.mark.parametrize(
    ("manager", "operation", "subresource", "by", "kind", "tool"),
    [
        ("eno", "Apply", "", Provenance(False, False, True), "aks", "Eno"),
        (
            "kubectl-client-side-apply",
            "Update",
            "",
            Provenance(True, False, False),
            "aks",
            "add-on manager",
        ),
        (
            "kubectl-client-side-apply",
            "Update",
            "",
            Provenance(False, False, True),
            "customer",
            "kubectl apply",
        ),
        (
            "kubectl-client-side-apply",
            "Update",
            "",
            Provenance(True, False, True),
            "customer",
            "kubectl apply",
        ),
        (
            "kubectl-client-side-apply",
            "Update",
            "",
            Provenance(False, False, False),
            "customer",
            "kubectl apply",
        ),
        ("helm-controller", "Apply", "", Provenance(False, True, False), "aks", "hosted Flux"),
        ("helm-controller", "Apply", "", Provenance(False, False, False), "customer", "Flux"),
        ("helm", "Update", "", Provenance(False, False, False), "customer", "Helm"),
        (
            "cluster-proportional-autoscaler",
            "Update",
            "scale",
            Provenance(False, False, True),
            "aks",
            "autoscaler",
        ),
        ("pod_nanny", "Update", "", Provenance(False, False, True), "aks", "nanny"),
        (
            "kube-controller-manager",
            "Update",
            "status",
            Provenance(False, False, True),
            "kubernetes",
            "controller",
        ),
        ("kubectl-edit", "Update", "", Provenance(True, True, True), "customer", "kubectl edit"),
        ("kubectl", "Update", "scale", Provenance(False, False, True), "customer", "kubectl scale"),
        ("kubectl", "Apply", "", Provenance(False, False, True), "customer", "--server-side"),
        ("argocd-controller", "Apply", "", Provenance(False, False, True), "customer", "Argo CD"),
        ("HashiCorp", "Update", "", Provenance(False, False, True), "customer", "Terraform"),
        ("kustomize-controller", "Apply", "", Provenance(False, True, False), "customer", "Flux"),
        ("my-operator", "Update", "", Provenance(False, False, True), "unknown", "my-operator"),
        ("", "Update", "", Provenance(False, False, True), "unknown", "no name"),
    ],
)
def test_managers(
    manager: str, operation: str, subresource: str, by: Provenance, kind: str, tool: str
) -> None:
    found = manager_of(manager, operation, subresource, by)
    assert found[0] == kind
    assert tool in found[1]


def test_a_change_names_who_when_and_which_field(catalogue: Catalogue) -> None:
    thing = coredns(
        managed("eno", {"f:spec": {"f:replicas": {}}}, "Apply"), managed("kubectl-edit", MEMORY)
    )
    (change,) = customer_changes(thing, catalogue.get("coredns"))
    assert change.fields == (MEMORY_PATH,)
    assert change.time == datetime(2026, 11, 18, 9, 12, tzinfo=UTC)
    assert str(change) == "kubectl edit (kubectl-edit) at 2026-11-18T09:12:00Z"


@pytest.mark.parametrize(
    "entry",
    [
        managed(
            "kubectl-rollout",
            {
                "f:spec": {
                    "f:template": {
                        "f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}
                    }
                }
            },
        ),
        managed(
            "kubectl-annotate", {"f:metadata": {"f:annotations": {"f:team.example.org/owner": {}}}}
        ),
        managed("kubectl-label", {"f:metadata": {"f:labels": {"f:cost-centre": {}}}}),
        managed(
            "kubectl-annotate",
            {"f:metadata": {"f:annotations": {"f:kubernetes.azure.com/override-min-max": {}}}},
        ),
        managed("kubectl-edit", {"f:status": {"f:replicas": {}}}, subresource="status"),
        managed(
            "kubectl-client-side-apply",
            {
                "f:metadata": {
                    "f:annotations": {"f:kubectl.kubernetes.io/last-applied-configuration": {}}
                }
            },
        ),
        managed("my-operator", MEMORY),
        managed(
            "kube-controller-manager",
            {"f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}}},
        ),
        managed(
            "cluster-proportional-autoscaler", {"f:spec": {"f:replicas": {}}}, subresource="scale"
        ),
    ],
)
def test_what_is_no_change_of_the_customer(catalogue: Catalogue, entry: Any) -> None:
    assert customer_changes(coredns(entry), catalogue.get("coredns")) == ()


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (
            managed(
                "kubectl-label",
                {"f:metadata": {"f:labels": {"f:kubernetes.azure.com/managedby": {}}}},
            ),
            "metadata.labels[kubernetes.azure.com/managedby]",
        ),
        (
            managed("kubectl-label", {"f:metadata": {"f:labels": {"f:k8s-app": {}}}}),
            "metadata.labels.k8s-app",
        ),
        (managed("kubectl", {"f:spec": {"f:replicas": {}}}, subresource="scale"), "spec.replicas"),
        (managed("argocd-controller", MEMORY, "Apply"), MEMORY_PATH),
        (managed("Terraform", MEMORY, "Apply"), MEMORY_PATH),
        (managed("kubectl-set", MEMORY), MEMORY_PATH),
    ],
)
def test_what_is_a_change_of_the_customer(catalogue: Catalogue, entry: Any, field: str) -> None:
    (change,) = customer_changes(coredns(entry), catalogue.get("coredns"))
    assert change.fields == (field,)


@pytest.mark.parametrize(
    ("name", "component", "key", "allowed"),
    [
        ("coredns-custom", "coredns", "shop.server", True),
        ("coredns-custom", "coredns", "log.override", True),
        ("coredns", "coredns", "Corefile", False),
        ("coredns-autoscaler", "coredns-autoscaler", "ladder", True),
        ("cilium-config", "cilium", "labels", True),
        ("cilium-config", "cilium", "enable-policy", False),
        ("container-azm-ms-agentconfig", "ama-logs", "agent-settings", True),
        ("azure-ip-masq-agent-config", "azure-ip-masq-agent", "ip-masq-agent", True),
        (
            "azure-ip-masq-agent-config-reconciled",
            "azure-ip-masq-agent",
            "ip-masq-agent-reconciled",
            False,
        ),
    ],
)
def test_allowed_customisation(
    catalogue: Catalogue, name: str, component: str, key: str, allowed: bool
) -> None:
    thing = config_map(name, managed("kubectl-edit", {"f:data": {f"f:{key}": {}}}))
    found = component_of(thing, catalogue)
    assert found is not None
    assert found.id == component
    assert bool(customer_changes(thing, found)) is not allowed
    assert bool(allowed_changes(thing, found)) is allowed


def test_the_add_on_managers_kubectl_is_not_the_customers(catalogue: Catalogue) -> None:
    entry = managed("kubectl-client-side-apply", MEMORY)
    component = catalogue.get("coredns")
    assert customer_changes(coredns(entry, labels=ADDON), component) == ()
    assert customer_changes(coredns(entry), component)


ENO_LABEL = {"app.kubernetes.io/managed-by": "Eno"}
SINCE = managed("eno", {"f:spec": {"f:selector": {}}}, "Apply", time="2025-06-01T00:00:00Z")


@pytest.mark.parametrize("manager", ["kubectl-client-side-apply", "kubectl", "helm-controller"])
@pytest.mark.parametrize(
    ("when", "counted"), [("2024-01-01T00:00:00Z", False), ("2025-07-01T00:00:00Z", True)]
)
def test_what_the_machinery_of_before_left_is_no_change(
    catalogue: Catalogue, manager: str, when: str, counted: bool
) -> None:
    thing = coredns(SINCE, managed(manager, MEMORY, time=when), labels=ENO_LABEL)
    assert bool(customer_changes(thing, catalogue.get("coredns"))) is counted


def test_a_scaler_that_wrote_later_gives_no_change_back_to_aks(catalogue: Catalogue) -> None:
    replicas = {"f:spec": {"f:replicas": {}}}
    scaled = managed(
        "cluster-proportional-autoscaler",
        replicas,
        subresource="scale",
        time="2026-01-02T00:00:00Z",
    )
    applied = managed("kubectl-client-side-apply", MEMORY, time="2026-01-01T00:00:00Z")
    thing = coredns(SINCE, applied, scaled, labels=ENO_LABEL)
    assert customer_changes(thing, catalogue.get("coredns"))


def test_a_node_is_no_object_of_aks_machinery() -> None:
    cordon = managed("kubectl", {"f:spec": {"f:unschedulable": {}}}, time="2026-01-01T00:00:00Z")
    label = {"f:metadata": {"f:labels": {"f:topology.kubernetes.io/zone": {}}}}
    cloud = managed("cloud-node-manager", label, time="2026-01-02T00:00:00Z")
    metadata = {"name": "n", "managedFields": [cordon, cloud]}
    node = obj({"kind": "Node", "metadata": metadata})
    assert [change.kind for change in changes(node)] == ["customer", "aks"]


def test_what_was_there_before_the_first_apply_is_nobodys(catalogue: Catalogue) -> None:
    thing = coredns(SINCE, managed("before-first-apply", MEMORY), labels=ENO_LABEL)
    assert unknown_changes(thing, catalogue.get("coredns")) == ()
    assert customer_changes(thing, catalogue.get("coredns")) == ()


def test_unknown_managers_are_told_apart_from_the_customer(catalogue: Catalogue) -> None:
    thing = coredns(managed("my-operator", MEMORY))
    (change,) = unknown_changes(thing, catalogue.get("coredns"))
    assert (change.kind, change.manager) == ("unknown", "my-operator")


def test_hidden_managed_fields_are_a_gap_and_not_silence(catalogue: Catalogue) -> None:
    thing = workload("coredns", IMAGE)
    thing.found_in("cluster/resources/apps/deployments/kube-system.json")
    with pytest.raises(NotCollected) as raised:
        customer_changes(thing, catalogue.get("coredns"))
    assert raised.value.gaps[0].path == "cluster/resources/apps/deployments/kube-system.json"
    assert "managed fields" in raised.value.gaps[0].detail
    pod = obj({"kind": "Pod", "metadata": {"name": "p", "managedFields": []}})
    with pytest.raises(NotCollected):
        changes(pod)
    assert changes(coredns()) == ()


def test_the_author_of_a_path_is_its_nearest_owner() -> None:
    whole = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"coredns"}': {}}}}}}
    found = changes(coredns(managed("eno", whole, "Apply"), managed("kubectl-set", MEMORY)))
    author = author_of(MEMORY_PATH, found)
    assert author is not None
    assert author.manager == "kubectl-set"
    other = author_of("spec.template.spec.containers[coredns].image", found)
    assert other is not None
    assert other.manager == "eno"
    assert author_of("spec.replicas", found) is None


def test_last_applied() -> None:
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    assert last_applied(workload("coredns", IMAGE, annotations=annotations))
    assert not last_applied(workload("coredns", IMAGE))


def test_managed_fields_as_a_real_api_server_writes_them(catalogue: Catalogue) -> None:
    path = SAMPLES / "11-recorded-api-server-1.36" / "lists" / "kube-system.deployments.json"
    if not path.exists():
        pytest.skip("the folder shared/samples/11-recorded-api-server-1.36 is not there")
    items = json.loads(path.read_text(encoding="utf-8"))["items"]
    raw = next(item for item in items if item["metadata"]["name"] == "coredns")
    thing = obj({"kind": "Deployment", **raw})
    by_manager = {change.manager: change for change in changes(thing)}
    assert set(by_manager) == {"kubectl-client-side-apply", "kubectl-edit", "kubectl-set"}
    assert by_manager["kubectl-edit"].fields == ("spec.template.spec.priorityClassName",)
    assert by_manager["kubectl-set"].fields == (MEMORY_PATH,)
    assert all(change.time and change.time.tzinfo for change in by_manager.values())
    counted = customer_changes(thing, catalogue.get("coredns"))
    assert {change.manager for change in counted} == set(by_manager)


@pytest.mark.parametrize("letter", ["s1", "s2", "s3"])
def test_healthy_samples_show_no_change_of_a_managed_object(
    catalogue: Catalogue, letter: str
) -> None:
    modes = {"s1": NetworkMode.OVERLAY, "s2": NetworkMode.NODE_SUBNET, "s3": NetworkMode.BYOCNI}
    identity = cluster(modes[letter])
    looked_at = 0
    for thing in sample_objects(letter):
        if not getattr(thing.metadata, "managed_fields", None):
            continue
        if whose(thing, catalogue, identity).owner != "aks":
            continue
        component = component_of(thing, catalogue)
        assert customer_changes(thing, component) == (), str(thing.subject)
        assert unknown_changes(thing, component) == (), str(thing.subject)
        looked_at += 1
    assert looked_at > 60


@pytest.mark.parametrize(
    ("entry", "counted"),
    [
        (managed("kubectl", {"f:spec": {"f:unschedulable": {}}}), False),
        (managed("kubectl-taint", {"f:spec": {"f:taints": {}}}), False),
        (managed("kubectl-label", {"f:metadata": {"f:labels": {"f:team": {}}}}), False),
        (
            managed(
                "kubectl-label",
                {"f:metadata": {"f:labels": {"f:kubernetes.azure.com/agentpool": {}}}},
            ),
            True,
        ),
    ],
)
def test_work_on_nodes(entry: Any, counted: bool) -> None:
    node = obj({"kind": "Node", "metadata": {"name": "n", "managedFields": [entry]}})
    assert bool(customer_changes(node, None)) is counted
