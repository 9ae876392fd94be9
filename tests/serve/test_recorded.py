"""Discovery, errors and watches in the forms of a recorded API server; columns: test_tables.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.serve.exchange import Answer
from analyzer.serve.status import ApiError
from analyzer.serve.watching import Watch
from tests.serve.conftest import body
from tests.serve.test_tables import RECORDED, needs_recording

Ask = Callable[..., Answer]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
pytestmark = needs_recording


def _read(*path: str) -> Any:
    return json.loads(RECORDED.joinpath(*path).read_text(encoding="utf-8"))


def _rows(listing: Any) -> dict[str, Any]:
    """Rows by name, without what a bundle cannot have: verbs that change, hashes of storage."""
    dropped = ("verbs", "storageVersionHash")
    return {
        row["name"]: {key: value for key, value in row.items() if key not in dropped}
        for row in listing["resources"]
    }


@pytest.mark.parametrize("path", ["api/v1", "apis/apps/v1"])
def test_discovery_has_the_recorded_rows(ask: Ask, path: str) -> None:
    recorded = _rows(_read("discovery", f"{path.replace('/', '-')}.json"))
    made = _rows(body(ask(path)))
    assert len(made) > 3
    collected = {name: row for name, row in made.items() if name in recorded}
    assert "pods/log" in made or "deployments/scale" in made
    for name, row in collected.items():
        expected = {k: v for k, v in recorded[name].items() if k != "categories"}
        assert {k: v for k, v in row.items() if k != "categories"} == expected, name


def test_aggregated_discovery_has_the_recorded_fields(ask: Ask) -> None:
    recorded, made = _read("discovery", "apis.aggregated.json"), body(ask("/apis", AGGREGATED))
    assert made["kind"] == recorded["kind"] and made["apiVersion"] == recorded["apiVersion"]

    def deployments(listing: Any) -> Any:
        group = next(one for one in listing["items"] if one["metadata"].get("name") == "apps")
        rows = group["versions"][0]["resources"]
        return next(row for row in rows if row["resource"] == "deployments")

    ours, real = deployments(made), deployments(recorded)
    for key in ("resource", "scope", "singularResource", "shortNames", "categories"):
        assert ours[key] == real[key]
    scale = real["subresources"][0]
    assert ours["subresources"] == [scale | {"verbs": ["get"]}]


def test_errors_have_the_recorded_form(ask: Ask) -> None:
    assert body(ask("/api/v1/namespaces/shop/pods/none")) == _read("errors", "404-pod.json")
    assert ApiError(401, "Unauthorized").status() == _read("errors", "401.json")


def test_a_watch_has_lines_of_the_recorded_form(ask: Ask) -> None:
    text = RECORDED.joinpath("watch", "pods.stream.jsonl").read_text(encoding="utf-8")
    recorded = json.loads(text.splitlines()[0])
    answer = ask("/api/v1/pods", watch="true")
    assert isinstance(answer.body, Watch)
    made = json.loads(next(iter(answer.body.lines)))
    assert set(made) == set(recorded) and made["type"] == recorded["type"]
    assert {k: made["object"][k] for k in ("kind", "apiVersion")} == {
        k: recorded["object"][k] for k in ("kind", "apiVersion")
    }
