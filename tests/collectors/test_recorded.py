"""The answers of a real kube-apiserver 1.36, byte for byte, in place of the made-up ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import rows
from .field import Field
from .test_cluster import names, read_cluster

RECORDED = Path(__file__).parents[2].parent / "shared/samples/11-recorded-api-server-1.36"

pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="the recorded answers are not beside the project"
)

PATHS = {
    "/version": "discovery/version.json",
    "/api/v1": "discovery/api-v1.json",
    "/apis": "discovery/apis.json",
    "/apis/apps/v1": "discovery/apis-apps-v1.json",
    "/livez": "nonresource/livez.txt",
    "/readyz": "nonresource/readyz.txt",
    "/metrics": "nonresource/feature-gates.txt",
    "/api/v1/nodes": "lists/nodes.json",
    "/api/v1/pods": "lists/pods.page1.json",
    "/api/v1/events": "lists/events.page1.json",
    "/apis/apps/v1/deployments": "lists/kube-system.deployments.json",
}


def document(name: str) -> dict[str, Any]:
    """A recorded answer, read."""
    found: dict[str, Any] = json.loads((RECORDED / name).read_text(encoding="utf-8"))
    return found


def answer(path: str, token: str) -> tuple[int, bytes] | None:
    """What the real server said; of the pages two were recorded, the third is its error."""
    if path == "/api/v1/configmaps":
        return 403, (RECORDED / "errors/403-secrets.json").read_bytes()
    if path.startswith("/api/v1/nodes/"):
        kind = {"configz": "configz", "stats/summary": "stats-summary"}.get(
            path.split("/proxy/")[1]
        )
        return (200, (RECORDED / f"nonresource/node-{kind}.json").read_bytes()) if kind else None
    if token:
        if token == document("lists/pods.page1.json")["metadata"]["continue"]:
            return 200, (RECORDED / "lists/pods.page2.json").read_bytes()
        return 400, (RECORDED / "errors/400-continue.json").read_bytes()
    return (200, (RECORDED / PATHS[path]).read_bytes()) if path in PATHS else None


def test_recorded_answers(field: Field, ash: tuple[str, ...]) -> None:
    """Pages are joined, managedFields are whole, errors have their words."""
    field.cluster.recorded = answer
    out = read_cluster(field, ash, PAGE_SIZE="20")
    pages = [document(f"lists/pods.page{n}.json")["items"] for n in (1, 2)]
    wanted = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod
        for page in pages
        for pod in page
    }
    core = out / "resources/core"
    taken = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod
        for path in (core / "pods").glob("*.json")
        for pod in json.loads(path.read_text(encoding="utf-8"))["items"]
    }
    assert set(taken) == set(wanted) and len(taken) == 40
    for key, pod in taken.items():
        assert pod["metadata"]["managedFields"] == wanted[key]["metadata"]["managedFields"]
        assert pod["status"] == wanted[key]["status"]
    deployments = document("lists/kube-system.deployments.json")["items"]
    kept = json.loads((out / "resources/apps/deployments/kube-system.json").read_text("utf-8"))
    assert [d["metadata"]["managedFields"] for d in kept["items"]] == [
        d["metadata"]["managedFields"] for d in deployments
    ]
    nodes = [node["metadata"]["name"] for node in document("lists/nodes.json")["items"]]
    assert names(core / "nodes.json") == nodes
    notes = {
        item: row["note"]
        for item, row in rows((out / "collection.tsv").read_text(encoding="utf-8")).items()
    }
    assert notes["pods"].startswith("failed") and "page 3" in notes["pods"]
    assert notes["configmaps"].startswith("forbidden")
    assert notes["livez"] == notes["readyz"] == notes["nodes"] == ""
    assert notes["deployments.apps"] == notes["feature-gates"] == ""
    summary = json.loads((out / f"kubelet/{nodes[0]}/stats-summary.json").read_text("utf-8"))
    assert summary == document("nonresource/node-stats-summary.json")
