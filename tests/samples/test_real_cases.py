"""Real input: every machine-readable case of the shared samples against what its CASE.md says.

The cases are read where they lie and never copied; without that folder the tests skip. Cases that
hold only text made for people (kubectl's tables) are not among them.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import analyzer
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the shared samples are not here")


def _folder(*parts: str) -> Callable[[], Path]:
    return lambda: SAMPLES.joinpath(*parts)


def _bundle(stem: str) -> Callable[[], Path]:
    return lambda: next((SAMPLES / "12-bundles-format-1").glob(f"{stem}-*.tar"))


def _mapped(case: str, paths: Mapping[str, str]) -> Callable[[], io.BytesIO]:
    """Files of a case put at the places of our format, in memory."""

    def make() -> io.BytesIO:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for source, target in sorted(paths.items()):
                for path in sorted((SAMPLES / case).glob(source)):
                    entry = tarfile.TarInfo(target.format(name=path.stem))
                    entry.size = path.stat().st_size
                    with path.open("rb") as file:
                        archive.addfile(entry, file)
        out.seek(0)
        return out

    return make


K3S = {
    "cluster-resources/nodes.json": "cluster/resources/core/nodes.json",
    "cluster-resources/namespaces.json": "cluster/resources/core/namespaces.json",
    "cluster-resources/pods/*.json": "cluster/resources/core/pods/{name}.json",
    "cluster-resources/deployments/*.json": "cluster/resources/apps/deployments/{name}.json",
    "cluster-resources/replicasets/*.json": "cluster/resources/apps/replicasets/{name}.json",
    "cluster-resources/events/*.json": "cluster/resources/core/events/{name}.json",
    "cluster-resources/pvs.json": "cluster/resources/core/persistentvolumes.json",
    "cluster-resources/pvcs/*.json": "cluster/resources/core/persistentvolumeclaims/{name}.json",
    "cluster-resources/custom-resource-definitions.json":
        "cluster/resources/apiextensions.k8s.io/customresourcedefinitions.json",
}  # fmt: skip
MINIKUBE = {
    "1_31/nodes.yaml": "cluster/resources/core/nodes.yaml",
    "1_31/pods.json": "cluster/resources/core/pods.json",
    "1_31/apiserver-metrics.feature_enabled.prom": "cluster/feature-gates.txt",
}
RECORDED = {
    "lists/nodes.json": "cluster/resources/core/nodes.json",
    "lists/pods.page1.json": "cluster/resources/core/pods.0001.json",
    "lists/pods.page2.json": "cluster/resources/core/pods.0002.json",
    "lists/kube-system.deployments.json": "cluster/resources/apps/deployments/kube-system.json",
    "lists/events.page1.json": "cluster/resources/core/events.0001.json",
    "errors/403-nodes.json": "cluster/resources/core/persistentvolumes.json",
    "nonresource/livez.txt": "cluster/livez.txt",
    "nonresource/readyz.txt": "cluster/readyz.txt",
    "nonresource/feature-gates.txt": "cluster/feature-gates.txt",
}
HEALTHY = {
    "04 node subnet, node files": _folder("04-azurecni-1.29-node-files"),
    "04 one node's folder": _folder(
        "04-azurecni-1.29-node-files", "nodes", "aks-nodepool1-33042731-vmss000000"
    ),
    "05 overlay, node files": _folder("05-overlay-1.29-cns-and-conflist"),
    "08 iptables of nodes with NPM": _folder("08-iptables-aks-node"),
    "12 s1 overlay": _bundle("demarc-s1"),
    "12 s3 BYOCNI": _bundle("demarc-s3"),
}
FOREIGN = {
    "09 minikube": _mapped("09-feature-gates-metrics", MINIKUBE),
    "10 k3s": _mapped("10-nonaks-k3s-support-bundle", K3S),
    "11 cluster-info dump, JSON": _folder("11-recorded-api-server-1.36", "cluster-info-dump-json"),
    "11 cluster-info dump, YAML": _folder("11-recorded-api-server-1.36", "cluster-info-dump-yaml"),
    "11 recorded lists": _mapped("11-recorded-api-server-1.36", RECORDED),
}


def _diagnose(source: Callable[[], object]) -> Diagnosis:
    return analyzer.analyze(source())  # type: ignore[arg-type]


def _above_low(diagnosis: Diagnosis) -> list[str]:
    return [
        f"{f.rule} {f.severity} {f.owner}: {f.title}"
        for f in diagnosis.findings
        if f.severity.rank < Severity.LOW.rank
    ]


@pytest.mark.parametrize("case", sorted(HEALTHY))
def test_a_healthy_real_cluster_blames_nobody(case: str) -> None:
    diagnosis = _diagnose(HEALTHY[case])
    assert not diagnosis.crashed and not _above_low(diagnosis)


@pytest.mark.parametrize("case", sorted(FOREIGN))
def test_a_cluster_that_is_not_aks_gets_no_verdict(case: str) -> None:
    diagnosis = _diagnose(FOREIGN[case])
    assert diagnosis.cluster.aks == "no" and diagnosis.cluster.aks_reason
    assert not diagnosis.findings and not diagnosis.healthy and not diagnosis.crashed


def test_network_modes_of_the_node_files() -> None:
    flat = _diagnose(HEALTHY["04 node subnet, node files"]).cluster
    assert (flat.network.mode, flat.network.byocni) == ("azure-cni-node-subnet", False)
    overlay = _diagnose(HEALTHY["05 overlay, node files"]).cluster
    assert (overlay.network.mode, overlay.network.byocni) == ("azure-cni-overlay", False)
    unknown = _diagnose(HEALTHY["08 iptables of nodes with NPM"]).cluster
    assert unknown.network.byocni is None, "nothing there tells, and silence is not BYOCNI"


def test_byocni_is_said_with_its_evidence() -> None:
    cluster = _diagnose(HEALTHY["12 s3 BYOCNI"]).cluster
    assert cluster.network.byocni is True and "Calico" in cluster.network.plugin
    assert all(e.path and e.excerpt for e in cluster.network.evidence)
    assert len(cluster.network.evidence) >= 2


def test_disk_pressure_is_one_root_of_the_customers_with_the_eviction_folded() -> None:
    diagnosis = _diagnose(_bundle("demarc-s2"))
    serious = [f for f in diagnosis.findings if f.severity.rank < Severity.LOW.rank]
    roots = [f for f in serious if f.root]
    assert [(f.rule, f.owner) for f in roots] == [("AKS-NODE-002", Owner.CUSTOMER)]
    evicted = next(f for f in serious if f.rule == "AKS-WL-005")
    assert evicted.explained_by == (roots[0].id,) and evicted.owner is Owner.CUSTOMER


def test_pages_and_refusals_of_a_real_api_server() -> None:
    diagnosis = _diagnose(FOREIGN["11 recorded lists"])
    assert diagnosis.cluster.nodes.total > 0
    refused = [g for g in diagnosis.bundle.missing if g.path.endswith("persistentvolumes.json")]
    assert refused and refused[0].reason == "forbidden"


def test_every_excerpt_of_a_real_bundle_stands_at_its_line() -> None:
    """Points 36 of the report's acceptance list, on the bytes themselves."""
    from analyzer.bundle import open_bundle

    for stem in ("demarc-s1", "demarc-s2", "demarc-s3"):
        path = _bundle(stem)()
        diagnosis = analyzer.analyze(path)
        cited = [e for f in diagnosis.findings for e in f.evidence]
        cited += diagnosis.cluster.network.evidence
        texts = {m.path: m.read() for m in open_bundle(path).reread({e.path for e in cited})}
        for evidence in cited:
            line = texts[evidence.path].split(b"\n")[evidence.line - 1].decode()
            assert evidence.excerpt in line, evidence
