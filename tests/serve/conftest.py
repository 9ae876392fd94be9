"""One bundle, served once: asked in this process, and by real clients over TLS."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from analyzer.bundle import open_bundle
from analyzer.serve.api import Api
from analyzer.serve.exchange import Answer, Request
from analyzer.serve.server import BundleServer
from analyzer.serve.store import Store
from fixtures.build import load_scenario, tree, write
from tests.collectors.kubectls import plain
from tests.needs import require
from tests.redact.secrets import KINDS

SCENARIO = Path(__file__).parents[2] / "fixtures" / "scenarios" / "sample.yaml"
NODE = "aks-system-31715034-vmss000000"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
DEFINITION = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {
            "plural": "widgets",
            "singular": "widget",
            "kind": "Widget",
            "shortNames": ["wd"],
        },
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"type": "integer", "description": "How large it is."}
                                },
                            }
                        },
                    }
                },
                "additionalPrinterColumns": [
                    {
                        "name": "Ready",
                        "type": "string",
                        "jsonPath": ".status.conditions[?(@.type=='Ready')].status",
                    },
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Note", "type": "string", "jsonPath": ".spec.note", "priority": 1},
                    {"name": "Since", "type": "date", "jsonPath": ".status.since"},
                ],
            }
        ],
    },
}
WIDGET = {
    "apiVersion": "example.com/v1beta1",
    "kind": "Widget",
    "metadata": {"name": "left", "namespace": "shop", "creationTimestamp": "2026-03-23T09:30:00Z"},
    "spec": {"size": 3, "note": "wide"},
    "status": {
        "since": "2026-03-24T09:25:00Z",
        "conditions": [{"type": "Ready", "status": "False"}],
    },
}


@lru_cache(maxsize=1)
def served_files() -> dict[str, bytes]:
    """The sample, with a custom resource, and containers in one kubelet's summary."""
    files = tree(load_scenario(SCENARIO))
    path = "cluster/resources/apiextensions.k8s.io/customresourcedefinitions.json"
    definitions = json.loads(files[path])
    definitions["items"].append(DEFINITION)
    files[path] = json.dumps(definitions).encode()
    widgets = {"kind": "WidgetList", "apiVersion": "example.com/v1beta1", "items": [WIDGET]}
    files["cluster/resources/example.com/widgets/shop.json"] = json.dumps(widgets).encode()
    path = f"cluster/kubelet/{NODE}/stats-summary.json"
    summary = json.loads(files[path])
    for pod in summary["pods"]:
        # figures that a test can name
        cpu = {"time": "2026-03-24T09:21:00Z", "usageNanoCores": 12_000_000}
        memory = {"time": "2026-03-24T09:21:00Z", "workingSetBytes": 64 * 1024 * 1024}
        pod["containers"] = [{"name": "main", "cpu": cpu, "memory": memory}]
    files[path] = json.dumps(summary).encode()
    _add(files, "cluster/resources/core/services/shop.json", helm_objects())
    secrets = {f"text-{number}": text for number, (_, text, _) in enumerate(KINDS)}
    canaries = {"metadata": {"name": "canaries", "namespace": "shop"}, "data": secrets}
    _add(files, "cluster/resources/core/configmaps/shop.json", [canaries])
    lines = "\n".join(text for _, text, _ in KINDS).encode()
    files["cluster/logs/kube-system/canaries-0/main.log"] = lines
    files[f"nodes/{NODE}/host/dmesg"] += b"\n" + lines
    return files


def _add(files: dict[str, bytes], path: str, items: list[dict[str, Any]]) -> None:
    listing = json.loads(files[path])
    listing["items"] += items
    files[path] = json.dumps(listing).encode()


def helm_objects() -> list[dict[str, Any]]:
    """What Helm leaves on objects: a chart with a subchart, and a chart that writes no labels."""
    return [
        _of_helm("web", "storefront", "storefront-1.4.2_build.7", "2.0.1", "2026-03-20T08:00:00Z"),
        _of_helm("web-redis", "storefront", "redis-19.0.1", "7.2.4"),
        _of_helm("plain", "plain"),
        _of_helm("addon", "aks-managed-example"),
    ]


def _of_helm(
    name: str, release: str, chart: str = "", version: str = "", changed: str = ""
) -> dict[str, Any]:
    labels = {"helm.sh/chart": chart, "app.kubernetes.io/version": version}
    meta: dict[str, Any] = {
        "name": name,
        "namespace": "shop",
        "creationTimestamp": "2026-03-01T10:00:00Z",
        "labels": {key: value for key, value in labels.items() if value},
        "annotations": {
            "meta.helm.sh/release-name": release,
            "meta.helm.sh/release-namespace": "shop",
        },
    }
    if changed:
        meta["managedFields"] = [{"manager": "helm", "operation": "Update", "time": changed}]
    return {"metadata": meta}


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, nested, as the collector writes it."""
    return write(served_files(), tmp_path_factory.mktemp("served") / "demarc-sample.tar")


@pytest.fixture(scope="session")
def store(bundle: Path) -> Iterator[Store]:
    """The API server's part, laid out."""
    found = Store(open_bundle(bundle))
    found.start()
    yield found
    found.close()


@pytest.fixture(scope="session")
def ask(store: Store) -> Callable[..., Answer]:
    """Ask without a network: a path, the query as words, and headers."""
    api = Api(store)

    def call(path: str, accept: str = "", body: bytes = b"", **query: str) -> Answer:
        method = "POST" if body else "GET"
        parts = tuple(part for part in path.split("/") if part)
        return api.answer(Request(method, parts, query, accept, "test", body))

    return call


@pytest.fixture(scope="session")
def server(bundle: Path) -> Iterator[BundleServer]:
    """The same bundle over TLS."""
    with BundleServer(open_bundle(bundle)) as found:
        found.start()
        yield found


@pytest.fixture(scope="session")
def variables(server: BundleServer) -> dict[str, str]:
    """The environment of a client."""
    cache = str(server.folder / "cache")
    return os.environ | {"KUBECONFIG": str(server.kubeconfig), "KUBECACHEDIR": cache}


@pytest.fixture(scope="session")
def kubectl(variables: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a kubectl against the server."""

    def run(*words: str, binary: Path | None = None) -> subprocess.CompletedProcess[str]:
        require(str(binary or plain()))
        command = [str(binary or plain()), *words]
        return subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=30, check=False
        )

    return run


def body(answer: Answer) -> Any:
    """The object of an answer."""
    if isinstance(answer.body, Iterator):
        return json.loads(b"".join(answer.body))
    assert isinstance(answer.body, dict), answer.body
    return json.loads(orjson.dumps(answer.body))
