"""Differences that matter, and none that do not."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from baseline_builders import SAMPLES, cluster, managed, obj, sample_objects, workload
from hypothesis import given
from hypothesis import strategies as st

from analyzer.baselines.attribution import changes
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.drift import differences, with_authors
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.normalise import duration_seconds
from analyzer.baselines.projections import (
    binding_rows,
    corefile_blocks,
    corefile_rows,
    workload_rows,
)
from analyzer.baselines.select import expected
from analyzer.facts.identity import Identity, NetworkMode
from analyzer.facts.objects import ConfigMap, RoleBinding, Workload

CONTAINER: dict[str, Any] = {
    "name": "coredns",
    "image": "mcr.microsoft.com/oss/v2/kubernetes/coredns:v1.12.1-7",
    "resources": {"limits": {"cpu": "3", "memory": "500Mi"}},
    "ports": [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "protocol": "TCP"}],
    "args": ["-conf", "/etc/coredns/Corefile"],
}
EXPECTED: dict[str, Any] = {"spec": {"template": {"spec": {"containers": [CONTAINER]}}}}
PATH = "spec.template.spec.containers[coredns]"


def changed(**fields: Any) -> dict[str, Any]:
    other = copy.deepcopy(EXPECTED)
    other["spec"]["template"]["spec"]["containers"][0].update(fields)
    return other


@pytest.mark.parametrize(
    "actual",
    [
        EXPECTED,
        changed(resources={"limits": {"cpu": "3000m", "memory": "0.48828125Gi"}}),
        changed(ports=[{"containerPort": 53}, {"containerPort": 53, "protocol": "UDP"}]),
        changed(imagePullPolicy="IfNotPresent", terminationMessagePath="/dev/termination-log"),
        changed(livenessProbe={"httpGet": {"path": "/health"}}),
        {**EXPECTED, "status": {"replicas": 2}},
    ],
)
def test_no_difference(actual: dict[str, Any]) -> None:
    assert differences(EXPECTED, actual) == ()


@pytest.mark.parametrize(
    ("actual", "path", "sides"),
    [
        (
            changed(resources={"limits": {"cpu": "3", "memory": "170Mi"}}),
            f"{PATH}.resources.limits.memory",
            ("500Mi", "170Mi"),
        ),
        (changed(image="x"), f"{PATH}.image", (CONTAINER["image"], "x")),
        (
            changed(ports=[{"containerPort": 53}]),
            f"{PATH}.ports[53/UDP]",
            ("containerPort: 53, protocol: UDP", "absent"),
        ),
        (
            changed(args=["-conf", "/etc/other"]),
            f"{PATH}.args[1]",
            ("/etc/coredns/Corefile", "/etc/other"),
        ),
    ],
)
def test_one_difference(actual: dict[str, Any], path: str, sides: tuple[str, str]) -> None:
    (row,) = differences(EXPECTED, actual)
    assert (row.path, (row.expected, row.actual)) == (path, sides)


def test_what_is_on_top_is_shown_only_when_asked_for() -> None:
    actual = changed(command=["sh"])
    assert differences(EXPECTED, actual) == ()
    (row,) = differences(EXPECTED, actual, extra=True)
    assert (row.path, row.expected, row.actual) == (f"{PATH}.command", "absent", "sh")


def test_a_missing_container_is_one_row() -> None:
    actual = {"spec": {"template": {"spec": {"containers": [{"name": "other"}]}}}}
    (row,) = differences(EXPECTED, actual)
    assert row.path == PATH
    assert row.actual == "absent"


def test_label_keys_with_dots_stand_in_brackets() -> None:
    (row,) = differences(
        {"metadata": {"labels": {"kubernetes.azure.com/managedby": "aks"}}},
        {"metadata": {"labels": {}}},
    )
    assert row.path == "metadata.labels[kubernetes.azure.com/managedby]"


def test_rows_get_their_author() -> None:
    fields = {"f:resources": {"f:limits": {"f:memory": {}}}}
    for key in ('k:{"name":"coredns"}', "f:containers", "f:spec", "f:template", "f:spec"):
        fields = {key: fields}
    thing = workload(
        "coredns",
        CONTAINER["image"],
        managedFields=[
            managed("eno", {"f:spec": {"f:replicas": {}}}, "Apply"),
            managed("kubectl-edit", fields),
        ],
    )
    actual = changed(resources={"limits": {"cpu": "3", "memory": "170Mi"}}, image="x")
    image, memory = with_authors(differences(EXPECTED, actual), changes(thing))
    assert (memory.changed_by, memory.changed_at) == (
        "kubectl-edit",
        datetime(2026, 11, 18, 9, 12, tzinfo=UTC),
    )
    assert (image.changed_by, image.changed_at) == (None, None)


VALUES = st.recursive(
    st.one_of(st.integers(0, 9), st.text("abc", max_size=3), st.booleans()),
    lambda inner: (
        st.dictionaries(st.text("abxy", min_size=1, max_size=3), inner, max_size=3)
        | st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=4))
def test_nothing_differs_from_itself(value: dict[str, Any]) -> None:
    assert differences(value, copy.deepcopy(value), extra=True) == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("", None),
        ("5", None),
        ("x", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration_seconds(text) == seconds


def check(catalogue: Catalogue, name: str, image: str, minor: str, **labels: str) -> list[str]:
    component = catalogue.get(name)
    pod_labels = {**component.labels, **labels}
    thing = workload(component.name, image, component.kind, pod_labels=pod_labels)
    return [row.path for row in workload_rows(component, thing, cluster(version=f"{minor}.5"))]


MCR = "mcr.microsoft.com"


@pytest.mark.parametrize(
    ("name", "image", "minor", "drifts"),
    [
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.12.1-25", "1.33", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.9.4-7", "1.33", True),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.15.0", "1.33", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.14.3", "1.40", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns@sha256:{'0' * 64}", "1.33", False),
        ("coredns", "docker.io/coredns/coredns:1.12.1", "1.33", True),
        ("coredns", f"{MCR}/oss/kubernetes/coredns:v1.10.1", "1.26", False),
        ("coredns", f"{MCR}/oss/kubernetes/coredns:v1.10.1", "1.28", True),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.13.1-20", "1.35", False),
        ("coredns", f"{MCR}/oss/v2/kubernetes/coredns:v1.14.3-11", "1.36", False),
        ("tigera-operator", f"{MCR}/oss/tigera/operator:v1.34.7", "1.30", False),
        ("tigera-operator", f"{MCR}/oss/tigera/operator:v1.36.10", "1.32", False),
        ("tigera-operator", f"{MCR}/oss/v2/tigera/operator:v1.38.2", "1.33", False),
        ("tigera-operator", f"{MCR}/oss/tigera/operator:v1.28.5", "1.34", True),
        ("kube-proxy", f"{MCR}/oss/v2/kubernetes/kube-proxy:v1.33.7-16", "1.33", False),
        ("kube-proxy", f"{MCR}/oss/kubernetes/kube-proxy:v1.24.9.2", "1.24", False),
        ("kube-proxy", f"{MCR}/oss/v2/kubernetes/kube-proxy:v1.31.7", "1.33", True),
        (
            "cloud-node-manager",
            f"{MCR}/oss/kubernetes/azure-cloud-node-manager:v1.24.11",
            "1.24",
            False,
        ),
        ("csi-azuredisk-node", f"{MCR}/oss/v2/kubernetes-csi/livenessprobe:v2.17.0", "1.33", False),
        (
            "metrics-server",
            f"{MCR}/oss/kubernetes/autoscaler/addon-resizer:v1.8.23-2",
            "1.33",
            False,
        ),
        (
            "cilium",
            f"{MCR}/containernetworking/cilium/cilium-distroless:v1.18.11-260622",
            "1.34",
            False,
        ),
    ],
)
def test_images_and_version_lines(
    catalogue: Catalogue, name: str, image: str, minor: str, drifts: bool
) -> None:
    assert bool(check(catalogue, name, image, minor)) is drifts


def test_a_changed_pod_label_is_drift(catalogue: Catalogue) -> None:
    image = f"{MCR}/oss/v2/kubernetes/coredns:v1.12.1"
    rows = check(catalogue, "coredns", image, "1.33", **{"k8s-app": "own-dns"})
    assert rows == ["spec.template.metadata.labels[k8s-app]"]


@pytest.mark.parametrize(
    ("letter", "identity"),
    [
        ("s1", cluster(version="1.33.5")),
        ("s2", cluster(NetworkMode.NODE_SUBNET, version="1.32.7")),
        ("s3", cluster(NetworkMode.BYOCNI, version="1.31.8")),
    ],
)
def test_healthy_samples_show_no_drift(
    catalogue: Catalogue, letter: str, identity: Identity
) -> None:
    compared = 0
    for thing in sample_objects(letter):
        if whose(thing, catalogue, identity).owner != "aks":
            continue
        component = component_of(thing, catalogue)
        if isinstance(thing, Workload) and component is not None:
            assert workload_rows(component, thing, identity) == (), str(thing.subject)
            compared += 1
        if isinstance(thing, ConfigMap) and thing.name == "coredns":
            assert corefile_rows(thing) == ()
            compared += 1
        if isinstance(thing, RoleBinding):
            assert binding_rows(thing) == ()
    assert compared > 15


COREFILE = """\
.:53 {
    errors
    ready
    health {
      lameduck 5s
    }
    kubernetes cluster.local in-addr.arpa ip6.arpa {
      pods insecure
    }
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30
    loop
    reload
    loadbalance
    import custom/*.override
    template ANY ANY reddog.microsoft.com {
      rcode NXDOMAIN
    }
}
import custom/*.server
"""


def corefile(text: str) -> ConfigMap:
    raw = {"kind": "ConfigMap", "metadata": {"name": "coredns"}, "data": {"Corefile": text}}
    found = obj(raw)
    assert isinstance(found, ConfigMap)
    return found


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ("forward . /etc/resolv.conf", "forward . 8.8.8.8", "data.Corefile[forward]"),
        ("    loop\n", "", "data.Corefile[loop]"),
        ("    errors\n", "    errors\n    etcd shop.local\n", "data.Corefile[etcd]"),
        ("import custom/*.server\n", "", "data.Corefile[import custom/*.server]"),
        (
            "import custom/*.server\n",
            "import custom/*.server\nshop:53 {\n  errors\n}\n",
            "data.Corefile[shop:53]",
        ),
        (".:53 {", ".:5353 {", "data.Corefile[.:53]"),
    ],
)
def test_an_edited_corefile(before: str, after: str, path: str) -> None:
    assert corefile_rows(corefile(COREFILE)) == ()
    assert before in COREFILE
    assert path in [row.path for row in corefile_rows(corefile(COREFILE.replace(before, after)))]


def test_tuning_inside_the_frame_is_no_drift() -> None:
    assert corefile_rows(corefile(COREFILE.replace("cache 30", "cache 10"))) == ()
    hidden = obj({"kind": "ConfigMap", "metadata": {"name": "coredns"}})
    assert isinstance(hidden, ConfigMap)
    assert corefile_rows(hidden) == ()


def test_corefile_blocks() -> None:
    blocks = corefile_blocks("a:53 b:53 { # two\n  log\n  health {\n    x\n  }\n}\nimport y\n")
    assert blocks == {"": {"import": "y"}, "a:53 b:53": {"log": "", "health": ""}}


@pytest.mark.parametrize(
    ("name", "role", "user", "paths"),
    [
        ("aks-service-rolebinding", "aks-service", "aks-support", []),
        ("aks-service-rolebinding", "view", "aks-support", ["roleRef.name"]),
        ("aks-service-rolebinding", "aks-service", "someone", ["subjects"]),
        ("own-binding", "view", "someone", []),
    ],
)
def test_the_binding_of_aks_itself(name: str, role: str, user: str, paths: list[str]) -> None:
    raw = {
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "User", "name": user}],
    }
    binding = obj(raw)
    assert isinstance(binding, RoleBinding)
    assert [row.path for row in binding_rows(binding)] == paths


def test_a_real_cluster_of_1_24_shows_no_drift(catalogue: Catalogue) -> None:
    path = SAMPLES / "01-aks-1.24-kubenet-healthy" / "kubectl" / "get-all-A-wide.txt"
    if not path.exists():
        pytest.skip("the folder shared/samples/01-aks-1.24-kubenet-healthy is not there")
    identity = cluster(NetworkMode.KUBENET, version="1.24.9")
    seen = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if len(cells) < 9 or not cells[1].startswith(("daemonset.apps/", "deployment.apps/")):
            continue
        kind, _, name = cells[1].partition("/")
        images = next(cell for cell in cells if cell.startswith("mcr.microsoft.com")).split(",")
        kind = {"daemonset.apps": "DaemonSet", "deployment.apps": "Deployment"}[kind]
        for image in images:
            thing = workload(name, image, kind)
            component = component_of(thing, catalogue)
            assert component is not None, name
            rows = [r for r in workload_rows(component, thing, identity) if "labels" not in r.path]
            assert rows == [], name
            assert whose(thing, catalogue, identity).owner == "aks"
            seen.add(component.id)
    assert len(seen) >= 10
    wanted = {e.component.id for e in expected(catalogue, identity) if e.certain}
    assert wanted - {"konnectivity-agent-autoscaler"} <= seen
