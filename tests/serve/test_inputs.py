"""What other tools wrote, and several inputs together: the same API over all of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.bundle import Source, open_bundle
from analyzer.serve.api import Api
from analyzer.serve.exchange import Request
from analyzer.serve.store import Store
from tests.importers.forms import CLUSTER_FORMS, cluster_info_dump, folder, node_logs, zipped
from tests.serve.conftest import NODE, TABLE, body, served_files


@pytest.fixture(scope="module")
def tree() -> dict[str, bytes]:
    """The files of the bundle that the other tests serve."""
    return served_files()


def _api(source: Source | list[Source]) -> Api:
    store = Store(open_bundle(source))
    store.start()
    return Api(store)


def _names(api: Api, path: str) -> list[str]:
    answer = api.answer(Request("GET", tuple(path.split("/"))))
    assert answer.code == 200, body(answer)
    return sorted(item["metadata"]["name"] for item in body(answer)["items"])


@pytest.mark.parametrize("form", CLUSTER_FORMS)
def test_every_form_of_a_cluster_is_served(form: str, tree: dict[str, bytes]) -> None:
    make, pack, _ = CLUSTER_FORMS[form]
    api = _api(io.BytesIO(pack(make(tree))))
    assert NODE in _names(api, "api/v1/nodes") and len(_names(api, "api/v1/pods")) > 50
    table = body(api.answer(Request("GET", ("api", "v1", "pods"), {"limit": "3"}, TABLE)))
    assert len(table["rows"]) == 3 and table["metadata"]["continue"]
    discovered = body(api.answer(Request("GET", ("api", "v1"))))
    assert {"nodes", "pods", "events"} <= {row["name"] for row in discovered["resources"]}
    version = body(api.answer(Request("GET", ("version",))))
    assert version["gitVersion"].startswith("v1.34.")
    secrets = body(api.answer(Request("GET", ("api", "v1", "secrets"))))
    assert secrets["code"] == 404 and "never collected" in secrets["message"]


def test_a_dump_says_what_it_cannot_hold(tree: dict[str, bytes], tmp_path: Path) -> None:
    api = _api(folder(cluster_info_dump(tree), tmp_path / "dump"))
    answer = body(api.answer(Request("GET", ("api", "v1", "configmaps"))))
    assert answer["code"] == 404
    assert "not collected (this layout (cluster-info-dump) does not hold it)" in answer["message"]
    assert body(api.answer(Request("GET", ("version",))))["gitVersion"].endswith("+kubelet")


def test_several_inputs_are_one_api(tree: dict[str, bytes], tmp_path: Path) -> None:
    dump = folder(cluster_info_dump(tree), tmp_path / "dump")
    logs = tmp_path / f"{NODE}.zip"
    logs.write_bytes(zipped(node_logs(tree, NODE)))
    azure = tmp_path / "managed-cluster.json"
    azure.write_bytes(tree["azure/managed-cluster.json"])
    api = _api([dump, logs, azure])
    assert NODE in _names(api, "api/v1/nodes")
    found = api.answer(Request("GET", ("demarc", "nodes"))).body
    assert isinstance(found, bytes) and NODE in found.decode().splitlines()
    parts = api.answer(Request("GET", ("demarc", "nodes", NODE))).body
    assert isinstance(parts, bytes) and "kubelet/" in parts.decode().splitlines()


def test_a_bundle_without_the_api_server_says_so(tree: dict[str, bytes]) -> None:
    api = _api(io.BytesIO(zipped(node_logs(tree, NODE))))
    for path in ("api/v1/nodes", "api/v1/namespaces/shop/pods"):
        answer = body(api.answer(Request("GET", tuple(path.split("/")))))
        assert answer["code"] == 404 and "not in the bundle: not collected" in answer["message"]
    answer = api.answer(Request("GET", ("apis",)))
    assert answer.code == 200 and not isinstance(answer.body, Iterator)
