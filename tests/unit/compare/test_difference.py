"""What is a difference: findings, objects with their authors, versions, pools, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.compare.compare import compare
from analyzer.compare.difference import Difference
from analyzer.compare.same import same_cluster
from analyzer.compare.snapshot import Snapshot
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity
from tests.unit.compare.states import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    EARLY,
    LATE,
    edit,
    files,
    snapshot,
)

NOT_READY = {"name": "node-not-ready", "node": "work/1"}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return snapshot(files(at=EARLY), tmp_path_factory.mktemp("healthy"))


@pytest.fixture(scope="module")
def touched(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    state = files({"name": "managed-workload-edited"}, {"name": "webhook-blocks-kube-system"})
    return snapshot(state, tmp_path_factory.mktemp("touched"))


@pytest.fixture(scope="module")
def edited(healthy: Snapshot, touched: Snapshot) -> Difference:
    return compare(healthy, touched)


def test_findings_that_appeared_and_went(healthy: Snapshot, edited: Difference) -> None:
    assert "AKS-ADM-001" in {f.rule for f in edited.appeared}
    assert all(f.doubt == "" for f in edited.appeared)
    assert [f.severity.rank for f in edited.appeared] == sorted(
        f.severity.rank for f in edited.appeared
    )
    assert edited.gone == ()


def test_a_customers_edit_is_told_with_path_values_author_and_time(edited: Difference) -> None:
    change = edited.objects[0]
    assert (str(change.subject), change.what, change.whose, change.by) == (
        "Deployment kube-system/coredns", "changed", "aks", "customer",
    )  # fmt: skip
    (value,) = change.values
    assert value.path == "spec.template.spec.containers[coredns].resources.limits.memory"
    assert (value.before, value.after, value.changed_by) == ("500Mi", "64Mi", "kubectl-edit")
    assert value.certain and value.changed_at is not None
    assert f"{value.changed_at:%Y-%m-%d}" == "2026-03-02"


def test_an_object_that_was_added_names_who_made_it(edited: Difference) -> None:
    (added,) = [change for change in edited.objects if change.what == "added"]
    assert added.subject.name == "policy-gate" and added.whose == "customer"
    assert added.values[0].changed_by == "kubectl-client-side-apply"


def test_an_older_writer_is_not_blamed(healthy: Snapshot, tmp_path: Path) -> None:
    """The field's owner wrote it long before; the value is another one all the same."""
    state = files()

    def changed(item: dict[str, Any]) -> None:
        item["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi"

    edit(state, DEPLOYMENTS, "coredns", changed)
    (change,) = compare(healthy, snapshot(state, tmp_path)).objects
    assert change.by == "not-shown" and change.values[0].changed_by == ""


def test_a_removed_field_is_put_to_the_only_writer_with_a_doubt(
    healthy: Snapshot, tmp_path: Path
) -> None:
    state = files()

    def changed(item: dict[str, Any]) -> None:
        del item["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
        item["metadata"]["managedFields"].append(
            {"manager": "kubectl-edit", "operation": "Update", "apiVersion": "apps/v1",
             "time": "2026-03-02T09:00:00Z", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:metadata": {"f:annotations": {"f:note": {}}}}}
        )  # fmt: skip

    edit(state, DEPLOYMENTS, "coredns", changed)
    (change,) = compare(healthy, snapshot(state, tmp_path)).objects
    removed = [v for v in change.values if v.path.endswith("limits")]
    assert [(v.after, v.changed_by, v.certain) for v in removed] == [
        ("absent", "kubectl-edit", False)
    ]


def test_of_a_long_text_only_the_lines_that_differ(healthy: Snapshot, tmp_path: Path) -> None:
    state = files()

    def changed(item: dict[str, Any]) -> None:
        item["data"]["Corefile"] = item["data"]["Corefile"].replace("cache 30", "cache 300")

    edit(state, CONFIG_MAPS, "coredns", changed)
    (change,) = compare(healthy, snapshot(state, tmp_path)).objects
    (value,) = change.values
    assert value.path == "data.Corefile"
    assert (value.before.strip(), value.after.strip()) == ("cache 30", "cache 300")


def test_an_upgrade_is_versions_and_no_drift(healthy: Snapshot, tmp_path: Path) -> None:
    difference = compare(healthy, snapshot(files(kubernetes="1.34"), tmp_path))
    moved = {(move.what, move.where.rsplit("/", 1)[-1]) for move in difference.versions}
    assert {("kubernetes", ""), ("kubelet", "work"), ("image", "coredns")} <= moved
    assert ("image", "kube-proxy") in moved, "an image that moved within Microsoft's registry"
    assert difference.objects == (), [c.subject for c in difference.objects]


def test_pools_that_came_and_went(healthy: Snapshot, tmp_path: Path) -> None:
    other = snapshot(files(), tmp_path)
    cluster = other.diagnosis.cluster
    node = cluster.node_list[-1].model_copy(update={"name": "aks-gpu-1-vmss000000", "pool": "gpu"})
    pool = cluster.pools[-1].model_copy(update={"name": "gpu", "nodes": 1})
    cluster = cluster.model_copy(
        update={"node_list": (*cluster.node_list, node), "pools": (*cluster.pools, pool)}
    )
    more = _with(other, cluster=cluster)
    (came,) = compare(healthy, more).pools
    assert (came.pool, came.before, came.after) == ("gpu", None, 1)


def _with(side: Snapshot, **changes: Any) -> Snapshot:
    return Snapshot(
        kind=side.kind,
        diagnosis=side.diagnosis.model_copy(update=changes),
        cluster_uid=side.cluster_uid,
        objects=side.objects,
        pool_versions=side.pool_versions,
    )


def test_a_verdict_that_changed(tmp_path: Path) -> None:
    before = snapshot(files(NOT_READY), tmp_path)
    first, *rest = before.diagnosis.findings
    other = first.model_copy(update={"owner": Owner.CUSTOMER, "severity": Severity.CRITICAL})
    assert (first.owner, first.severity) != (other.owner, other.severity)
    (changed,) = compare(before, _with(before, findings=(other, *rest))).changed
    fields = {change.field: (change.before, change.after) for change in changed.changes}
    assert fields["owner"] == (first.owner.value, "customer")
    assert fields["severity"] == (first.severity.value, "critical")


def test_what_could_not_be_checked_has_not_gone(healthy: Snapshot, tmp_path: Path) -> None:
    broken = snapshot(files({"name": "pod-crash-looping"}, at=EARLY), tmp_path, "broken")
    state = {path: data for path, data in files(at=LATE).items() if "/core/pods" not in path}
    gone = compare(broken, snapshot(state, tmp_path, "without-pods")).gone
    assert gone and all("could not be checked in the newer input" in f.doubt for f in gone)
    assert all(f.doubt == "" for f in compare(broken, healthy).gone)


def test_a_finding_on_a_node_that_is_gone_says_so(tmp_path: Path) -> None:
    before = snapshot(files(NOT_READY, at=EARLY), tmp_path, "before")
    after = snapshot(files(at=LATE, work=1), tmp_path, "after")
    gone = [f for f in compare(before, after).gone if f.subject.kind == "Node"]
    assert gone and all("is not there any more" in f.doubt for f in gone)


def test_an_object_that_a_torn_listing_lacks_was_not_removed(
    healthy: Snapshot, tmp_path: Path
) -> None:
    state = files()
    state[DEPLOYMENTS] = b'{"kind":"DeploymentList","items":[{"metadata":{"na'
    difference = compare(healthy, snapshot(state, tmp_path))
    assert not [c for c in difference.objects if c.what == "removed"]
    assert any("Deployment objects in kube-system" in text for text in difference.not_compared)


def test_a_removed_object(healthy: Snapshot, tmp_path: Path) -> None:
    state = files({"name": "component-missing", "component": "metrics-server"})
    removed = [
        c for c in compare(healthy, snapshot(state, tmp_path)).objects if c.what == "removed"
    ]
    assert "Deployment kube-system/metrics-server" in {str(c.subject) for c in removed}


def test_the_older_is_the_one_before_whichever_comes_first(
    healthy: Snapshot, tmp_path: Path
) -> None:
    later = snapshot(files(), tmp_path, "later")
    assert not compare(healthy, later).turned
    turned = compare(later, healthy)
    assert turned.turned and turned.before.name == healthy.side.name


def test_two_clusters_are_told_apart(healthy: Snapshot, tmp_path: Path) -> None:
    state = files()
    state["cluster/resources/core/namespaces.json"] = state[
        "cluster/resources/core/namespaces.json"
    ].replace(b'"uid":"', b'"uid":"0')
    again = snapshot(state, tmp_path, "made-again")
    assert same_cluster(healthy, healthy).answer == "yes"
    assert same_cluster(healthy, again).answer == "no"
    report = Snapshot(kind="report", diagnosis=healthy.diagnosis)
    assert same_cluster(healthy, report).answer == "yes", "by the name, which is all there is"
    named = healthy.diagnosis.cluster.model_copy(update={"name": "other"})
    other = Snapshot(
        kind="report", diagnosis=healthy.diagnosis.model_copy(update={"cluster": named})
    )
    assert same_cluster(healthy, other).answer == "no"


def test_a_report_says_what_it_cannot_tell(healthy: Snapshot) -> None:
    report = Snapshot(kind="report", diagnosis=healthy.diagnosis)
    difference = compare(report, healthy)
    assert difference.empty
    assert any("JSON report" in text for text in difference.not_compared)


def test_the_least_severity_leaves_out_the_milder(
    healthy: Snapshot, touched: Snapshot, edited: Difference
) -> None:
    severe = compare(healthy, touched, at_least=Severity.HIGH)
    assert {f.severity for f in severe.appeared} <= {Severity.CRITICAL, Severity.HIGH}
    assert 0 < len(severe.appeared) < len(edited.appeared)
    assert severe.objects == edited.objects
