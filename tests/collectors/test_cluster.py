"""The API server's view: pages, namespaces, worn-out tokens, which logs, what is never asked."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from .cluster import Fault, Kind
from .conftest import COLLECTORS, Run, rows
from .field import Field, container_pod


def read_cluster(field: Field, shell: tuple[str, ...], **env: str) -> Path:
    """Runs the cluster part alone; returns its folder."""
    out = field.folder / "cluster"
    config = field.server.kubeconfig(field.folder / "kubeconfig")
    script = str(COLLECTORS / "cluster/collect-cluster.sh")
    result = subprocess.run(
        [*shell, script, "--out", str(out)],
        env=field.env(KUBE_CONFIG=str(config), QPS="500", **env),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return out


def names(path: Path) -> list[str]:
    """The names of the objects in a list."""
    return [
        item["metadata"]["name"] for item in json.loads(path.read_text(encoding="utf-8"))["items"]
    ]


def test_pages_become_one_list_per_namespace(field: Field, shell: tuple[str, ...]) -> None:
    """Namespaces that go over several pages, and come again later, are whole."""
    for i in range(23):
        field.cluster.add(
            "pods", container_pod(f"p-{i}", "kube-system" if i < 17 else "shop", "n0")
        )
    field.cluster.add("pods", container_pod("late-1", "kube-system", "n0"))
    out = read_cluster(field, shell, PAGE_SIZE="5")
    assert names(out / "resources/core/pods/kube-system.json") == [f"p-{i}" for i in range(17)] + [
        "late-1"
    ]
    assert names(out / "resources/core/pods/shop.json") == [f"p-{i}" for i in range(17, 23)]
    assert sum("/api/v1/pods?" in path for _, path in field.server.requests) == 5
    collection = rows((out / "collection.tsv").read_text(encoding="utf-8"))
    assert (
        collection["pods"]["note"] == ""
        and collection["pods/shop"]["path"] == "resources/core/pods/shop.json"
    )


def test_cluster_scoped_lists_are_kept_in_pages(field: Field) -> None:
    """nodes.0001.json and so on; a list of one page keeps the plain name."""
    field.add_nodes(*[f"n{i}" for i in range(7)])
    out = read_cluster(field, ("dash",), PAGE_SIZE="3")
    core = out / "resources/core"
    assert sorted(p.name for p in core.glob("nodes*")) == [
        "nodes.0001.json",
        "nodes.0002.json",
        "nodes.0003.json",
    ]
    assert [n for p in sorted(core.glob("nodes*")) for n in names(p)] == [f"n{i}" for i in range(7)]
    assert (core / "namespaces.json").exists()


def test_custom_resources_with_keys_in_alphabetical_order(field: Field) -> None:
    """Where the list's kind and metadata come after its items; unknown groups are taken as well."""
    field.cluster.serve(
        Kind("example.com", "v1", "widgets", "Widget", True),
        [
            {
                "metadata": {"name": f"w{i}", "namespace": "shop"},
                "spec": {"apiPassword": "Canary7x", "size": i},
            }
            for i in range(4)
        ],
    )
    out = read_cluster(field, ("dash",), PAGE_SIZE="3")
    widgets = json.loads(
        (out / "resources/example.com/widgets/shop.json").read_text(encoding="utf-8")
    )
    assert (widgets["kind"], widgets["apiVersion"], len(widgets["items"])) == (
        "WidgetList",
        "example.com/v1",
        4,
    )
    assert widgets["items"][3]["spec"] == {"apiPassword": "<masked>", "size": 3}
    resources = json.loads((out / "api-resources.json").read_text(encoding="utf-8"))["resources"]
    assert {
        "group": "example.com",
        "version": "v1",
        "name": "widgets",
        "kind": "Widget",
        "namespaced": True,
    } in resources


@pytest.mark.parametrize(("expire", "whole"), [(1, True), (9, False)])
def test_worn_out_continue_token(field: Field, expire: int, whole: bool) -> None:
    """410 Gone: the list is begun anew once; then what there is is kept and said to be cut."""
    for i in range(9):
        field.cluster.add(
            "events", {"metadata": {"name": f"e-{i}", "namespace": "shop"}, "reason": "x"}
        )
    field.cluster.tokens_expire = expire
    out = read_cluster(field, ("dash",), PAGE_SIZE="4")
    row = rows((out / "collection.tsv").read_text(encoding="utf-8"))["events"]
    assert len(names(out / "resources/core/events/shop.json")) == (9 if whole else 4)
    assert (row["truncated"], row["note"] == "") == ("0" if whole else "1", whole)


def test_error_in_the_middle_keeps_the_pages_before(field: Field) -> None:
    """And the row names the page."""
    for i in range(9):
        field.cluster.add(
            "events", {"metadata": {"name": f"e-{i}", "namespace": "shop"}, "reason": "x"}
        )
    field.cluster.faults.append(Fault(r"/api/v1/events\?.*continue", 500))
    out = read_cluster(field, ("dash",), PAGE_SIZE="4")
    row = rows((out / "collection.tsv").read_text(encoding="utf-8"))["events"]
    assert len(names(out / "resources/core/events/shop.json")) == 4
    assert row["truncated"] == "1" and "page 2" in row["note"]


def test_choice_of_logs(field: Field, shell: tuple[str, ...]) -> None:
    """Microsoft's namespaces, those asked for, failing pods if asked; a sample per owner."""
    for i in range(6):
        field.cluster.add(
            "pods", container_pod(f"proxy-{i}", "kube-system", f"n{i}", restarts=1 if i == 5 else 0)
        )
    field.cluster.add("pods", container_pod("web-1", "shop", "n0"))
    field.cluster.add("pods", container_pod("sick-1", "shop", "n0", ready=False, restarts=3))
    field.cluster.add("pods", container_pod("own-1", "asked", "n0"))
    out = read_cluster(
        field, shell, LOGS_NAMESPACES=" asked", LOGS_FAILING="1", LOG_PODS_PER_OWNER="2"
    )
    logs = sorted(str(p.relative_to(out / "logs")) for p in (out / "logs").rglob("*.log"))
    assert logs == [
        "asked/own-1/main.log",
        "kube-system/proxy-0/main.log",
        "kube-system/proxy-1/main.log",
        "kube-system/proxy-5/main.log",
        "kube-system/proxy-5/main.previous.log",
        "shop/sick-1/main.log",
        "shop/sick-1/main.previous.log",
    ]
    assert "Bearer <masked>" in (out / "logs/asked/own-1/main.log").read_text(encoding="utf-8")
    notes = [
        row["note"] for row in rows((out / "collection.tsv").read_text(encoding="utf-8")).values()
    ]
    assert any(
        note.startswith("selection: 3 more containers of kube-system/DaemonSet/proxy")
        for note in notes
    )


def test_kubelet_that_does_not_answer_is_asked_once(field: Field) -> None:
    """One hung kubelet costs one time limit, and does not hold up the others."""
    field.add_nodes("n0", "n1")
    field.cluster.faults.append(Fault("/nodes/n0/proxy", 0))
    out = read_cluster(field, ("dash",), ITEM_MAX_S="3", CALL_TIMEOUT_S="60")
    assert sum("/nodes/n0/proxy" in path for _, path in field.server.requests) == 1
    assert (out / "kubelet/n1/stats-summary.json").exists()
    collection = rows((out / "collection.tsv").read_text(encoding="utf-8"))
    assert collection["kubelet/n0"]["note"].startswith("timeout")


def test_calls_are_paced(snippet: Run) -> None:
    """--qps holds over all workers: with two of them at ten a second each waits a fifth."""
    text = 'NAP_FRACTIONS=yes; KUBECTL=true CALL_TIMEOUT_S=9 API_TRIES=1; . "$LIB/kube.sh"\n'
    start = time.monotonic()
    snippet(text + "QPS=10; WORKERS=2; for i in 1 2 3 4 5 6; do api_get /x; done")
    polite = time.monotonic() - start
    assert polite >= 1.2
    start = time.monotonic()
    snippet(text + "QPS=1000; WORKERS=2; for i in 1 2 3 4 5 6; do api_get /x; done")
    assert time.monotonic() - start < polite


def test_names_that_are_no_paths(field: Field) -> None:
    """Other characters than letters, digits, dot, underscore and dash become %XX."""
    text = f". {COLLECTORS}/lib/paths.sh; path_part 'a/b c:é-._Z9'"
    assert (
        subprocess.run(["dash", "-c", text], capture_output=True, check=True).stdout
        == b"a%2Fb%20c%3A%C3%A9-._Z9"
    )
