"""The forms of other tools: recognised, placed, with the same verdict as far as they hold it."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.bundle import open_bundle
from analyzer.bundle.layouts import recognise
from analyzer.bundle.layouts.tools import TOOLS
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.gap import Presence
from tests.importers.conftest import diagnosis_in, own_diagnosis, tree_of
from tests.importers.forms import (
    CLUSTER_FORMS,
    NODE_FORMS,
    Files,
    Tree,
    folder,
    node_items,
    stamp,
)

#: Scenario, and for each form the rules that must be found with it; the owner is that of our own
#: bundle, or undetermined where an asterisk says that the form cannot tell it.
CASES: dict[str, dict[str, set[str]]] = {
    "healthy-overlay": {form: set() for form in CLUSTER_FORMS},
    "pod-crash-looping": {form: {"AKS-WL-001"} for form in CLUSTER_FORMS},
    "managed-workload-edited": {
        "cluster-info-dump": set(),  # neither the version nor who changed it
        "troubleshoot": {"AKS-CMP-005"},
        "must-gather": {"AKS-CMP-005"},
        "sonobuoy": {"AKS-CMP-005"},
        "cilium-sysdump": set(),
    },
    "component-crash-looping-coredns": {
        "cluster-info-dump": {"AKS-CMP-002*", "AKS-CMP-003*"},
        "troubleshoot": {"AKS-CMP-002", "AKS-CMP-003"},
        "must-gather": {"AKS-CMP-002", "AKS-CMP-003"},
        "sonobuoy": {"AKS-CMP-002", "AKS-CMP-003"},
        "cilium-sysdump": {"AKS-CMP-003*"},
    },
    "byocni-calico-broken": {
        "cluster-info-dump": {"AKS-CNI-003", "AKS-WL-001", "AKS-WL-006"},
        "troubleshoot": {"AKS-CNI-003", "AKS-WL-001", "AKS-WL-006"},
        "must-gather": {"AKS-CNI-003", "AKS-WL-001", "AKS-WL-006"},
        "sonobuoy": {"AKS-CNI-003", "AKS-WL-001", "AKS-WL-006"},
        "cilium-sysdump": {"AKS-WL-001*", "AKS-WL-006*"},
    },
}
_PAIRS = [(name, form) for name, forms in CASES.items() for form in forms]


def packed(form: str, tree: Tree, where: Path) -> Path:
    """The archive that the form's tool would have written."""
    make, pack, file_name = CLUSTER_FORMS[form]
    path = where / file_name
    path.write_bytes(pack(make(tree)))
    return path


def _key(finding: Finding) -> tuple[str, str | None, str]:
    return finding.rule, finding.subject.namespace, finding.subject.name


@pytest.mark.parametrize(("name", "form"), _PAIRS)
def test_same_findings_and_no_wrong_owner(name: str, form: str) -> None:
    diagnosis = diagnosis_in(form, name)
    own = {_key(f): f.owner.value for f in own_diagnosis(name).findings}
    assert diagnosis.bundle.layout == form
    assert not diagnosis.crashed
    seen = set()
    for finding in diagnosis.findings:
        owner, wanted = finding.owner.value, own[_key(finding)]
        assert owner in (wanted, "undetermined")
        seen.add(finding.rule + ("" if owner == wanted else "*"))
    assert seen == CASES[name][form]


@pytest.mark.parametrize("form", ["cluster-info-dump", "cilium-sysdump"])
def test_microsoft_is_not_blamed_where_changes_are_not_shown(form: str) -> None:
    diagnosis = diagnosis_in(form, "component-crash-looping-coredns")
    assert diagnosis.findings
    assert {f.owner.value for f in diagnosis.findings} == {"undetermined"}
    assert {f.confidence.value for f in diagnosis.findings} == {"low"}


@pytest.mark.parametrize("form", sorted(CLUSTER_FORMS))
def test_folder_and_archive_give_the_same(form: str, crashing: Tree, tmp_path: Path) -> None:
    files = CLUSTER_FORMS[form][0](crashing)
    archive = diagnosis_in(form, "pod-crash-looping")
    loose = analyze(folder(files, tmp_path / "loose"))
    assert _said(loose) == _said(archive)
    assert _said(archive)


def _said(diagnosis: Diagnosis) -> list[tuple[object, ...]]:
    return [(f.rule, f.saw, f.owner, f.evidence) for f in diagnosis.findings]


@pytest.mark.parametrize("form", sorted(CLUSTER_FORMS))
def test_evidence_is_found_at_its_line(form: str, crashing: Tree) -> None:
    files = CLUSTER_FORMS[form][0](crashing)
    diagnosis = diagnosis_in(form, "pod-crash-looping")
    cited = [evidence for finding in diagnosis.findings for evidence in finding.evidence]
    assert cited
    for evidence in cited:
        lines = text_at(files, evidence.path).split("\n")
        assert evidence.excerpt.strip()
        assert evidence.excerpt in lines[evidence.line - 1]


def text_at(files: Files, path: str) -> str:
    """The text of a path that is shown: a file, or a container's log in a file."""
    if path in files:
        return files[path].decode()
    file, container = path.rsplit("/", 1)
    start = f"==== START logs for container {container} of pod "
    section = files[file].decode().split(start, 1)[1]
    return section.split("\n", 1)[1]


@pytest.mark.parametrize("form", sorted(CLUSTER_FORMS))
def test_what_a_form_cannot_hold_was_not_asked_for(
    form: str, crashing: Tree, tmp_path: Path
) -> None:
    bundle = open_bundle(packed(form, crashing, tmp_path))
    for _ in bundle.members():
        pass
    inventory = bundle.finish()
    for path in ("cluster/livez.txt", "nodes/*/host/df", "azure/nsg.json"):
        state = inventory.state(path)
        assert state.presence is Presence.NOT_ASKED, path
        assert form in state.note
    assert inventory.state("cluster/resources/core/pods/*.json").presence is Presence.PRESENT
    assert not inventory.complete


@pytest.mark.parametrize("form", sorted(NODE_FORMS))
@pytest.mark.parametrize("shape", ["archive", "folder"])
def test_node_forms_name_their_node(form: str, shape: str, crashing: Tree, tmp_path: Path) -> None:
    node = sorted({name for name, _, _ in node_items(crashing)})[0]
    make, pack, file_name = NODE_FORMS[form]
    files = make(crashing, node)
    path = tmp_path / file_name.format(node=node)
    if shape == "archive":
        path.write_bytes(pack(files))
    else:
        path = folder(files, tmp_path / node)
    bundle = open_bundle(path)
    members = {member.path: member.read() for _, member in bundle.members()}
    assert bundle.layout == form
    assert bundle.finish().nodes == (node,)
    journal = crashing[f"nodes/{node}/kubelet/journal.log"]
    held = [data for path, data in members.items() if journal in data]
    assert len(held) == 1
    assert not any(b"<secret/>" in data for data in members.values())


def test_the_node_is_known_before_its_files_are_read(crashing: Tree, tmp_path: Path) -> None:
    """The archive of AKS has the same name on every node: the host name in it counts."""
    node = sorted({name for name, _, _ in node_items(crashing)})[-1]
    files = NODE_FORMS["aks-node-logs"][0](crashing, node)
    path = tmp_path / "logs.zip"
    path.write_bytes(NODE_FORMS["aks-node-logs"][1](files))
    assert open_bundle(path).parts()[0].name == f"nodes/{node}"
    del files["etc/hostname"]
    other = tmp_path / "aks-pool-1-vmss000009" / "logs.zip"
    other.parent.mkdir()
    other.write_bytes(NODE_FORMS["aks-node-logs"][1](files))
    assert open_bundle(other).parts()[0].name == "nodes/aks-pool-1-vmss000009"


def test_secrets_are_never_read(crashing: Tree, tmp_path: Path) -> None:
    bundle = open_bundle(packed("troubleshoot", crashing, tmp_path))
    for _, member in bundle.members():
        assert b'"auth"' not in member.read()
    gaps = [gap for gap in bundle.finish().gaps() if "image-pull-secrets" in gap.path]
    assert len(gaps) == 1
    assert "credentials" in gaps[0].detail


def test_single_objects_say_nothing_of_others(tmp_path: Path) -> None:
    """The DaemonSet of Cilium alone does not mean that kube-proxy has none."""
    tree = tree_of("healthy-overlay")
    one = b"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: x, namespace: kube-system}\n"
    files = CLUSTER_FORMS["cilium-sysdump"][0](tree)
    at = stamp(tree)
    files[f"cilium-sysdump-{at}/cilium-daemonset-{at}.yaml"] = one
    diagnosis = analyze(folder(files, tmp_path / "d"))
    assert not [f for f in diagnosis.findings if f.rule == "AKS-CMP-001"]
    assert "AKS-CMP-001" in {check.rule for check in diagnosis.unknown}


def test_every_foreign_layout_has_a_tool() -> None:
    for layout in (*CLUSTER_FORMS, *NODE_FORMS, "node-folder", "azure-export", "kubectl-output"):
        assert TOOLS[layout].cannot


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["x/version.yaml", "x/cluster-resources/nodes.json"], "troubleshoot"),
        (["cluster-resources/pods/logs/ns/pod/c.log"], "troubleshoot"),
        (["inspect.local.1/namespaces/a/core/pods.yaml"], "must-gather"),
        (["m/i/namespaces/a/pods/p/c/c/logs/current.log"], "must-gather"),
        (["meta/query-time.json", "meta/run.log"], "sonobuoy"),
        (["resources/ns/a/apps_v1_deployments.json"], "sonobuoy"),
        (["cilium-sysdump-20260301-101500/k8s-nodes-20260301-101500.yaml"], "cilium-sysdump"),
        (["sosreport-n-2026-03-01-abc/sos_commands/kernel/uname_-a"], "sos"),
        (["collect/crictl_pods.json", "etc/cni/net.d/10-azure.conflist"], "aks-node-logs"),
        (["run1/n1/kubeletcmd", "run1/n1/virtualmachine"], "aks-periscope"),
    ],
)
def test_a_few_names_are_enough(names: list[str], layout: str) -> None:
    mapping = recognise(names, "label")
    assert mapping is not None
    assert mapping.layout == layout
