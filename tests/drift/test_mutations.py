"""One change at a time, of every component, by AKS, by a tool of the customer, by a stranger.

Each gives exactly the finding that it should, with its owner; what AKS allows gives none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.baselines.projections import expected_lines
from analyzer.facts.listings import Objects
from tests.drift.worlds import (
    ClusterRoleBindings,
    ClusterRoles,
    ConfigMaps,
    DaemonSets,
    Deployments,
    Raw,
    Services,
    World,
    world,
    written,
)

#: The clusters whose components are changed; together they have every component of the fixtures.
BASES: dict[str, dict[str, Any]] = {
    "overlay": {
        "base": "overlay",
        "kubernetes": "1.33",
        "addons": ["ama-logs", "key-vault", "azure-policy", "workload-identity"],
    },
    "cilium": {"base": "cilium", "kubernetes": "1.34"},
}
AKS = "the writer of AKS"
HIDDEN = "nobody shown"
CUSTOMER = ("kubectl-edit", "kubectl-patch", "argocd-controller", "Terraform", "kubectl-replace")
STRANGER = "own-robot"

CHANGED = ("customer", "not-supported", "O-4-managed-changed")
METADATA = ("customer", "cluster-unsupported", "O-4-system-metadata")
UNKNOWN = ("customer", "not-supported", "O-4-changed-author-unknown")
OPEN = ("undetermined", "supported", "O-6-change-unknown")
Verdict = tuple[str, str, str]


def container(obj: Raw) -> Raw:
    """The main container: the last, as AKS puts helpers first."""
    found: Raw = obj["spec"]["template"]["spec"]["containers"][-1]
    return found


def in_container(obj: Raw, tree: Raw) -> Raw:
    key = f'k:{{"name":"{container(obj)["name"]}"}}'
    return {"f:spec": {"f:template": {"f:spec": {"f:containers": {key: tree}}}}}


def in_pod(tree: Raw) -> Raw:
    return {"f:spec": {"f:template": {"f:spec": tree}}}


def foreign_image(obj: Raw) -> tuple[Raw, str]:
    part = container(obj)
    name = part["image"].rsplit("/", 1)[-1].split(":")[0]
    part["image"] = f"registry.example.com/mirror/{name}:1.0.0"
    return in_container(obj, {"f:image": {}}), f"containers[{part['name']}].image"


def old_version(obj: Raw) -> tuple[Raw, str]:
    part = container(obj)
    part["image"] = f"{part['image'].rsplit(':', 1)[0]}:v0.1.0"
    return in_container(obj, {"f:image": {}}), f"containers[{part['name']}].image"


def memory_limit(obj: Raw) -> tuple[Raw, str]:
    part = container(obj)
    part.setdefault("resources", {}).setdefault("limits", {})["memory"] = "97Mi"
    tree = {"f:resources": {"f:limits": {"f:memory": {}}}}
    return in_container(obj, tree), f"containers[{part['name']}].resources.limits.memory"


def argument(obj: Raw) -> tuple[Raw, str]:
    part = container(obj)
    part["args"] = [*part.get("args", []), "--v=9"]
    return in_container(obj, {"f:args": {}}), f"containers[{part['name']}].args"


def variable(obj: Raw) -> tuple[Raw, str]:
    part = container(obj)
    part["env"] = [*part.get("env", []), {"name": "HTTPS_PROXY", "value": "http://10.9.8.7:3128"}]
    item = {'k:{"name":"HTTPS_PROXY"}': {".": {}, "f:name": {}, "f:value": {}}}
    return in_container(obj, {"f:env": item}), f"containers[{part['name']}].env[HTTPS_PROXY]"


def account(obj: Raw) -> tuple[Raw, str]:
    obj["spec"]["template"]["spec"]["serviceAccountName"] = "own-account"
    return in_pod({"f:serviceAccountName": {}}), "spec.serviceAccountName"


def side_car(obj: Raw) -> tuple[Raw, str]:
    part = {"name": "side-car", "image": container(obj)["image"]}
    obj["spec"]["template"]["spec"]["containers"].insert(0, part)
    item = {'k:{"name":"side-car"}': {".": {}, "f:name": {}, "f:image": {}}}
    return in_pod({"f:containers": item}), "containers[side-car]"


def foreign_side_car(obj: Raw) -> tuple[Raw, str]:
    tree, _ = side_car(obj)
    obj["spec"]["template"]["spec"]["containers"][0]["image"] = "docker.io/library/nginx:1.25"
    return tree, "containers[side-car].image"


def priority(obj: Raw) -> tuple[Raw, str]:
    obj["spec"]["template"]["spec"]["priorityClassName"] = "own-priority"
    return in_pod({"f:priorityClassName": {}}), "spec.priorityClassName"


def mark(obj: Raw) -> tuple[Raw, str]:
    obj["metadata"]["labels"]["kubernetes.azure.com/managedby"] = "platform-team"
    tree = {"f:metadata": {"f:labels": {"f:kubernetes.azure.com/managedby": {}}}}
    return tree, "metadata.labels[kubernetes.azure.com/managedby]"


#: What is changed, and by whom: the rule that tells it, with owner, stance and deciding row.
KINDS: dict[str, tuple[Any, str, dict[str, Verdict | None]]] = {
    "foreign image": (
        foreign_image, "AKS-CMP-004",
        {"customer": CHANGED, AKS: None, STRANGER: UNKNOWN, HIDDEN: UNKNOWN},
    ),
    "old version": (
        old_version, "AKS-CMP-007",
        {"customer": CHANGED, AKS: None, STRANGER: UNKNOWN, HIDDEN: OPEN},
    ),
    "memory limit": (memory_limit, "AKS-CMP-005", {"customer": CHANGED, AKS: None}),
    "argument": (argument, "AKS-CMP-005", {"customer": CHANGED, AKS: None}),
    "variable": (variable, "AKS-CMP-005", {"customer": CHANGED, STRANGER: UNKNOWN}),
    "service account": (account, "AKS-CMP-005", {"customer": CHANGED, HIDDEN: None}),
    "side car": (side_car, "AKS-CMP-005", {"customer": CHANGED}),
    "foreign side car": (foreign_side_car, "AKS-CMP-004", {"customer": CHANGED}),
    "priority": (priority, "AKS-CMP-005", {"customer": CHANGED, STRANGER: UNKNOWN}),
    "mark of AKS": (
        mark, "AKS-CMP-010", {"customer": METADATA, AKS: None, STRANGER: UNKNOWN, HIDDEN: None}
    ),
}  # fmt: skip


def workloads() -> list[tuple[str, str, str]]:
    """Base, kind and name of every managed workload of the clusters, Windows variants left out."""
    names = {
        "overlay": {
            "Deployment": ["coredns", "coredns-autoscaler", "konnectivity-agent",
                           "konnectivity-agent-autoscaler", "metrics-server", "ama-logs-rs"],
            "DaemonSet": ["kube-proxy", "cloud-node-manager", "csi-azuredisk-node",
                          "csi-azurefile-node", "azure-cns", "azure-ip-masq-agent", "ama-logs",
                          "aks-secrets-store-csi-driver", "aks-secrets-store-provider-azure"],
        },
        "cilium": {"Deployment": ["cilium-operator"], "DaemonSet": ["cilium"]},
    }  # fmt: skip
    return [
        (base, kind, name)
        for base, kinds in names.items()
        for kind, found in kinds.items()
        for name in found
    ]


def cases() -> Iterator[Any]:
    """Tools of the customer take turns, so that each changes every kind of thing somewhere."""
    for number, (base, kind, name) in enumerate(workloads()):
        for what, (_, _, verdicts) in KINDS.items():
            for who in verdicts:
                manager = CUSTOMER[number % len(CUSTOMER)] if who == "customer" else who
                label = f"{name}-{what}-{manager}".replace(" ", "-")
                yield pytest.param(base, kind, name, what, who, manager, id=label)


CASES = list(cases())


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 150


LISTINGS = {"Deployment": Deployments, "DaemonSet": DaemonSets}


def sign(obj: Raw, who: str, manager: str, tree: Raw) -> None:
    """Leave the trace that such an author leaves."""
    entries = obj["metadata"]["managedFields"]
    if who == HIDDEN:
        del obj["metadata"]["managedFields"]
    elif who == AKS:
        written(obj, entries[0]["manager"], tree, entries[0]["operation"])
    else:
        written(obj, manager, tree, "Apply" if manager == "argocd-controller" else "Update")


@pytest.mark.parametrize(("base", "kind", "name", "what", "who", "manager"), CASES)
def test_one_change_is_one_finding(
    base: str, kind: str, name: str, what: str, who: str, manager: str
) -> None:
    cluster = world(**BASES[base])
    change, rule, verdicts = KINDS[what]
    listing: type[Objects[Any]] = LISTINGS[kind]
    if what == "old version" and not has_lines(cluster, kind, name):
        expected: Verdict | None = CHANGED if who == "customer" else None
        rule = "AKS-CMP-005"  # no line is known: it is a change of the image like any other
        if who == STRANGER:
            expected = UNKNOWN
    else:
        expected = verdicts[who]
    place = ""

    def edit(obj: Raw) -> None:
        nonlocal place
        tree, place = change(obj)
        sign(obj, who, manager, tree)

    found = cluster.findings(cluster.changed(listing, name, edit))
    if expected is None:
        assert [said.summary for said in found] == []
        return
    (said,) = found
    assert said.summary == (rule, f"{kind}/kube-system/{name}", *expected)
    rows = said.candidate.hit.drift
    assert [row.path for row in rows if row.path.endswith(place)], rows
    if who == "customer":
        assert {row.changed_by for row in rows} == {manager}
        assert all(row.changed_at is not None for row in rows)
        assert said.candidate.hit.first_seen is not None


def has_lines(cluster: World, kind: str, name: str) -> bool:
    catalogue = cluster.analysis.reference.catalogue
    component = catalogue.find(kind, "kube-system", name)
    assert component is not None
    return bool(expected_lines(component, cluster.analysis.loaded.facts.identity.minor))


@pytest.mark.parametrize(("base", "kind", "name"), workloads())
def test_a_missing_component_leaves_its_author_open(base: str, kind: str, name: str) -> None:
    cluster = world(**BASES[base])
    found = cluster.findings(cluster.changed(LISTINGS[kind], name, None))
    component = cluster.analysis.reference.catalogue.find(kind, "kube-system", name)
    assert component is not None
    if name in NOT_CERTAIN:
        assert found == []
        return
    (said,) = found
    assert said.summary == ("AKS-CMP-001", f"{kind}/kube-system/{name}", *OPEN)


#: Rolled out in steps, or only where an add-on's parts may be: their absence proves nothing.
NOT_CERTAIN = ("konnectivity-agent-autoscaler", "ama-logs")


@pytest.mark.parametrize("listing", [ConfigMaps, Services])
def test_coredns_needs_its_configuration_and_its_service(listing: type[Objects[Any]]) -> None:
    cluster = world(**BASES["overlay"])
    name = "coredns" if listing is ConfigMaps else "kube-dns"
    (said,) = cluster.findings(cluster.changed(listing, name, None))
    assert said.summary == ("AKS-CMP-001", f"{listing.kind}/kube-system/{name}", *OPEN)


MANAGED_MAPS = (
    ("coredns", "Corefile"), ("cns-config", "cns_config.json"),
    ("azure-ip-masq-agent-config-reconciled", "ip-masq-agent-reconciled"),
    ("konnectivity-agent-autoscaler", "ladder"),
)  # fmt: skip
BROKEN = ".:53 {\n    errors\n    forward . 10.20.0.4\n}\n"


@pytest.mark.parametrize("manager", ["kubectl-edit", "helm", AKS, STRANGER, HIDDEN])
@pytest.mark.parametrize(("name", "key"), MANAGED_MAPS)
def test_an_edited_config_map(name: str, key: str, manager: str) -> None:
    def edit(obj: Raw) -> None:
        obj.setdefault("data", {})[key] = BROKEN
        sign(obj, manager, manager, {"f:data": {f"f:{key}": {}}})

    cluster = world(**BASES["overlay"])
    found = cluster.findings(cluster.changed(ConfigMaps, name, edit))
    if manager == AKS or (manager == HIDDEN and name != "coredns"):
        assert [said.summary for said in found] == []
        return
    (said,) = found
    expected = UNKNOWN if manager in (STRANGER, HIDDEN) else CHANGED
    assert said.summary == ("AKS-CMP-006", f"ConfigMap/kube-system/{name}", *expected)


RIGHTS = (
    (ClusterRoles, "aks-service", "AKS-RBAC-001"),
    (ClusterRoles, "system:coredns", "AKS-RBAC-002"),
    (ClusterRoles, "cloud-node-manager", "AKS-RBAC-002"),
    (ClusterRoleBindings, "aks-service-rolebinding", "AKS-RBAC-001"),
    (ClusterRoleBindings, "system:kube-proxy", "AKS-RBAC-002"),
)


@pytest.mark.parametrize("manager", ["kubectl-edit", "Terraform", AKS, STRANGER])
@pytest.mark.parametrize(("listing", "name", "rule"), RIGHTS)
def test_changed_rights(listing: type[Objects[Any]], name: str, rule: str, manager: str) -> None:
    def edit(obj: Raw) -> None:
        field = "rules" if listing is ClusterRoles else "subjects"
        own = {"kind": "User", "name": "ops", "apiGroup": "rbac.authorization.k8s.io"}
        more = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
        obj[field] = [*obj[field], more if field == "rules" else own]
        sign(obj, manager, manager, {f"f:{field}": {}})

    cluster = world(**BASES["overlay"])
    found = cluster.findings(cluster.changed(listing, name, edit))
    if manager == AKS:
        assert [said.summary for said in found] == []
        return
    (said,) = found
    expected = UNKNOWN if manager == STRANGER else CHANGED
    assert said.summary == (rule, f"{listing.kind}/{name}", *expected)


def note(key: str, value: str) -> Any:
    def edit(obj: Raw) -> None:
        obj["metadata"].setdefault("annotations", {})[key] = value
        sign(obj, "", "kubectl-annotate", {"f:metadata": {"f:annotations": {f"f:{key}": {}}}})

    return edit


def label(key: str, value: str) -> Any:
    def edit(obj: Raw) -> None:
        obj["metadata"]["labels"][key] = value
        sign(obj, "", "kubectl-label", {"f:metadata": {"f:labels": {f"f:{key}": {}}}})

    return edit


def data(key: str, value: str, manager: str = "kubectl-edit") -> Any:
    def edit(obj: Raw) -> None:
        obj.setdefault("data", {})[key] = value
        sign(obj, "", manager, {"f:data": {f"f:{key}": {}}})

    return edit


def scaled_by(manager: str) -> Any:
    def edit(obj: Raw) -> None:
        obj["spec"]["replicas"] = 4
        obj["status"] = {"replicas": 4, "readyReplicas": 4, "availableReplicas": 4}
        sign(obj, "", manager, {"f:spec": {"f:replicas": {}}})

    return edit


def put_back(obj: Raw) -> None:
    """The customer changed it, and wrote AKS's own value again in another spelling."""
    container(obj)["resources"]["limits"]["memory"] = "0.48828125Gi"
    tree = {"f:resources": {"f:limits": {"f:memory": {}}}}
    sign(obj, "", "kubectl-edit", in_container(obj, tree))


def restarted(obj: Raw) -> None:
    key = "kubectl.kubernetes.io/restartedAt"
    template = obj["spec"]["template"]["metadata"]
    template.setdefault("annotations", {})[key] = "2026-01-18T09:12:00Z"
    tree = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {f"f:{key}": {}}}}}}
    sign(obj, "", "kubectl-rollout", tree)


ALLOWED: dict[str, tuple[type[Objects[Any]], str, Any]] = {
    "own zones": (ConfigMaps, "coredns-custom", data("corp.server", "corp:53 {\n  log\n}\n")),
    "overrides": (ConfigMaps, "coredns-custom", data("log.override", "log", "argocd-controller")),
    "a ladder": (ConfigMaps, "coredns-autoscaler", data("ladder", "{}")),
    "linear": (ConfigMaps, "coredns-autoscaler", data("linear", "{}", "helm")),
    "an own note": (Deployments, "coredns", note("team.example.com/owner", "platform")),
    "an own label": (DaemonSets, "azure-cns", label("cost-centre", "1234")),
    "a general label": (Deployments, "coredns", label("app.kubernetes.io/part-of", "dns")),
    "safe to evict": (
        Deployments, "coredns", note("cluster-autoscaler.kubernetes.io/safe-to-evict", "true"),
    ),
    "override of scaling": (
        Deployments, "coredns", note("kubernetes.azure.com/override-min-max", "2,5")
    ),
    "AKS's scaler": (Deployments, "coredns", scaled_by("cluster-proportional-autoscaler")),
    "the resizer": (Deployments, "metrics-server", scaled_by("pod_nanny")),
    "put back": (Deployments, "coredns", put_back),
    "a restart": (Deployments, "coredns", restarted),
    "the same mark": (
        Deployments, "coredns", label("kubernetes.azure.com/managedby", "aks"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", sorted(ALLOWED))
def test_what_is_allowed_is_no_drift(what: str) -> None:
    cluster = world(**BASES["overlay"])
    listing, name, edit = ALLOWED[what]
    found = cluster.findings(cluster.changed(listing, name, edit))
    assert [(said.summary, said.candidate.hit.saw) for said in found] == []


def test_the_sentence_names_field_values_author_and_time() -> None:
    def edit(obj: Raw) -> None:
        container(obj)["resources"]["limits"]["memory"] = "170Mi"
        tree = in_container(obj, {"f:resources": {"f:limits": {"f:memory": {}}}})
        written(obj, "kubectl-edit", tree, at="2026-01-18T09:12:00Z")

    cluster = world(**BASES["overlay"])
    (said,) = cluster.findings(cluster.changed(Deployments, "coredns", edit))
    path = "spec.template.spec.containers[coredns].resources.limits.memory"
    assert said.candidate.hit.saw == (
        f"`{path}` 500Mi → 170Mi, by `kubectl-edit` (kubectl edit), at 2026-01-18T09:12Z"
    )


def test_without_managed_fields_the_author_is_unknown_and_confidence_falls() -> None:
    def edit(obj: Raw) -> None:
        container(obj)["resources"]["limits"]["memory"] = "170Mi"
        del obj["metadata"]["managedFields"]

    cluster = world(**BASES["overlay"])
    (said,) = cluster.findings(cluster.changed(Deployments, "coredns", edit))
    assert said.summary[0] == "AKS-CMP-005"
    assert "500Mi → 170Mi, by whom is not shown" in said.candidate.hit.saw
    assert said.verdict.confidence == "medium"
    assert any("managed fields" in text for text in said.verdict.would_change)


def own_deployment(name: str, image: str, **metadata: Any) -> Raw:
    fields = {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}}
    labels = {"app": name, **metadata.pop("labels", {})}
    obj: Raw = {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": name, "namespace": "kube-system", "uid": f"u-{name}",
                     "labels": labels, "managedFields": [], **metadata},
        "spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}},
    }  # fmt: skip
    written(obj, "kubectl-client-side-apply", fields)
    return obj


@pytest.mark.parametrize(
    ("obj", "told"),
    [
        (own_deployment("hubble-ui", "mcr.microsoft.com/oss/cilium/hubble-ui:v0.13"), True),
        (own_deployment("kured", "ghcr.io/kubereboot/kured:1.16"), True),
        (own_deployment("own-tool", "registry.example.com/own-tool:1"), True),
        (
            own_deployment(
                "brand-new-part",
                "mcr.microsoft.com/aks/brand-new:1",
                labels={"kubernetes.azure.com/managedby": "aks"},
            ),
            False,
        ),
        (own_deployment("aks-thing", "mcr.microsoft.com/aks/thing:1"), False),
    ],
    ids=["hubble-ui", "kured", "own-tool", "new part of AKS", "who knows"],
)
def test_an_extra_workload_in_a_managed_namespace(obj: Raw, told: bool) -> None:
    cluster = world(**BASES["overlay"])
    path = "cluster/resources/apps/deployments/kube-system.json"
    more = {Deployments: cluster.with_items(Deployments, [obj], path, None)}
    found = [said.summary[:3] for said in cluster.said(more)]
    name = json.loads(json.dumps(obj))["metadata"]["name"]
    expected = [("AKS-CMP-008", f"Deployment/kube-system/{name}", "customer")] if told else []
    assert found == expected
