"""Columns and cells are those that a real API server sends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.serve.catalogue import Kind, built_in
from analyzer.serve.tables import table_of
from analyzer.serve.tables.cells import duration
from analyzer.serve.tables.paths import values

RECORDED = Path(__file__).parents[3] / "shared" / "samples" / "11-recorded-api-server-1.36"
NOW = datetime(2026, 3, 24, 9, 30, tzinfo=UTC)
needs_recording = pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded API server here")


def _kind(resource: str) -> Kind:
    skipped = ("events.k8s.io", "metrics.k8s.io")
    return next(k for k in built_in().values() if k.name == resource and k.group not in skipped)


def _read(*path: str) -> Any:
    return json.loads(RECORDED.joinpath(*path).read_text(encoding="utf-8"))


@needs_recording
def test_columns_are_those_of_the_recorded_server() -> None:
    names = sorted(path.name for path in (RECORDED / "tables").glob("*.json"))
    assert len(names) == 19
    for name in names:
        expected = _read("tables", name)["columnDefinitions"]
        made = table_of(_kind(name.removesuffix(".json")), [], None, "None")["columnDefinitions"]
        for key in ("name", "type", "format", "priority"):
            assert [c[key] for c in made] == [c[key] for c in expected], name


@needs_recording
@pytest.mark.parametrize(
    ("resource", "listing"),
    [("nodes", "nodes"), ("deployments", "kube-system.deployments"), ("pods", "pods.page1")],
)
def test_cells_are_those_of_the_recorded_server(resource: str, listing: str) -> None:
    """All cells but ages; the kernel's architecture is new in the recorded version."""
    objects = {obj["metadata"]["uid"]: obj for obj in _read("lists", f"{listing}.json")["items"]}
    table = _read("tables", f"{resource}.json")
    names = [column["name"] for column in table["columnDefinitions"]]
    compared = 0
    for row in table["rows"]:
        obj = objects.get(row["object"]["metadata"]["uid"])
        if obj is None:
            continue
        made = table_of(_kind(resource), [obj], NOW, "None")["rows"][0]["cells"]
        pairs = dict(zip(names, zip(made, row["cells"], strict=True), strict=True))
        same = {n: p for n, p in pairs.items() if n not in ("Age", "Kernel-Version")}
        different = {n: p for n, p in same.items() if str(p[0]) != str(p[1])}
        # the list was recorded later than the table: what moved in between is no mistake
        assert not different, different
        compared += 1
    assert compared > 2


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"),
        (599, "9m59s"), (600, "10m"), (3 * 3600 - 1, "179m"), (3 * 3600, "3h"), (3660 * 3, "3h3m"),
        (8 * 3600, "8h"), (47 * 3600, "47h"), (48 * 3600, "2d"), (50 * 3600, "2d2h"),
        (8 * 86400, "8d"), (729 * 86400, "729d"), (730 * 86400, "2y"), (731 * 86400, "2y1d"),
        (8 * 365 * 86400, "8y"),
    ],
)  # fmt: skip
def test_durations_are_kubectls(seconds: int, shown: str) -> None:
    assert duration(seconds) == shown


def _pod(statuses: list[dict[str, Any]], **more: Any) -> list[Any]:
    pod: dict[str, Any] = {
        "metadata": {"name": "p", "creationTimestamp": "2026-03-24T09:00:00Z"}
        | more.pop("meta", {}),
        "spec": {"containers": [{"name": "a"}, {"name": "b"}]} | more.pop("spec", {}),
        "status": {"phase": "Running", "containerStatuses": statuses} | more.pop("status", {}),
    }
    cells: list[Any] = table_of(_kind("pods"), [pod], NOW, "None")["rows"][0]["cells"]
    return cells[1:5]


def test_a_pod_is_what_its_containers_say() -> None:
    up = {"name": "a", "ready": True, "restartCount": 0, "state": {"running": {}}}
    crashing = {
        "name": "b", "ready": False, "restartCount": 7,
        "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        "lastState": {"terminated": {"finishedAt": "2026-03-24T09:27:00Z"}},
    }  # fmt: skip
    assert _pod([up, crashing]) == ["1/2", "CrashLoopBackOff", "7 (3m ago)", "30m"]
    gone = {"deletionTimestamp": "2026-03-24T09:20:00Z"}
    assert _pod([up, up], meta=gone)[:2] == ["2/2", "Terminating"]
    ended = {"name": "b", "restartCount": 0, "state": {"terminated": {"exitCode": 137}}}
    assert _pod([up, ended])[1] == "ExitCode:137"
    done = {"name": "b", "state": {"terminated": {"reason": "Completed", "exitCode": 0}}}
    assert _pod([up, done])[1] == "NotReady"
    assert _pod([done, done])[1] == "Completed"
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert _pod([done, up], status=ready)[1] == "Running"
    assert _pod([], status={"phase": "Failed", "reason": "Evicted"})[1] == "Evicted"


def test_init_containers_come_first() -> None:
    init = {"initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}]}
    waiting = {
        "phase": "Pending",
        "initContainerStatuses": [
            {"name": "i", "restartCount": 2, "state": {"waiting": {"reason": "ErrImagePull"}}}
        ],
    }
    assert _pod([], spec=init, status=waiting)[:3] == ["0/3", "Init:ErrImagePull", "2"]
    running = {
        "phase": "Pending",
        "initContainerStatuses": [
            {"name": "i", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}},
            {"name": "s", "restartCount": 0, "started": False, "state": {"running": {}}},
        ],
    }
    assert _pod([], spec=init, status=running)[1] == "Init:1/2"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", [3]),
        ("{.spec.size}", [3]),
        (".spec.list[1]", ["y"]),
        (".spec.list[-1]", ["y"]),
        (".spec.list[*]", ["x", "y"]),
        (".metadata.annotations['a.b/c']", ["z"]),
        (".metadata.annotations.a\\.b/c", ["z"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["False"]),
        ('.status.conditions[?(@.type!="Ready")].status', ["True"]),
        (".spec.nothing.below", []),
        (".spec.list[9]", []),
        (".spec..size", []),
        ("no path", []),
    ],
)
def test_the_paths_of_printer_columns(path: str, found: list[Any]) -> None:
    obj = {
        "metadata": {"annotations": {"a.b/c": "z"}},
        "spec": {"size": 3, "list": ["x", "y"]},
        "status": {
            "conditions": [
                {"type": "Ready", "status": "False"},
                {"type": "Other", "status": "True"},
            ]
        },
    }
    assert values(obj, path) == found
