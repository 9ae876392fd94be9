"""Releases that are put together from labels: read as Helm reads them, and by real Helms."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from analyzer.bundle import open_bundle
from analyzer.serve.api import Api
from analyzer.serve.exchange import Answer, Request
from analyzer.serve.helm.release import Release, chart_of, secret_of
from analyzer.serve.helm.told import _flux
from analyzer.serve.server import BundleServer
from analyzer.serve.store import Store
from fixtures.build import write
from tests.needs import lacking
from tests.redact.secrets import KINDS
from tests.serve.clients import MINORS, helm
from tests.serve.conftest import body

Ask = Callable[..., Answer]
_OWNER = {"labelSelector": "owner=helm"}


def _read(secret: dict[str, Any]) -> dict[str, Any]:
    """Decode a record in the steps of pkg/storage/driver/util.go."""
    data = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    assert data[:3] == b"\x1f\x8b\x08"
    found = json.loads(gzip.decompress(data))
    assert isinstance(found, dict)
    return found


def _records(ask: Ask, path: str = "/api/v1/secrets", **query: str) -> dict[str, dict[str, Any]]:
    listing = body(ask(path, **_OWNER | query))
    assert all(secret["type"] == "helm.sh/release.v1" for secret in listing["items"])
    return {record["name"]: record for record in map(_read, listing["items"])}


def test_a_release_is_put_together_and_says_so(ask: Ask) -> None:
    found = _records(ask, "/api/v1/namespaces/shop/secrets")
    assert list(found) == ["aks-managed-example", "plain", "storefront"]
    store = found["storefront"]
    meta = store["chart"]["metadata"]
    assert (meta["name"], meta["version"], meta["appVersion"]) == (
        "storefront", "1.4.2+build.7", "2.0.1",
    )  # fmt: skip
    info = store["info"]
    assert info["last_deployed"] == "2026-03-20T08:00:00Z" and info["status"] == "deployed"
    assert info["first_deployed"] == "2026-03-01T10:00:00Z" and "version" not in store["config"]
    assert store["version"] == 0
    for text in (info["description"], info["notes"]):
        assert "Put together from labels and annotations of 2 objects" in text
        assert "Not known: revision, values." in text
    assert "redis-19.0.1" in info["description"]
    assert "# Service shop/web-redis" in store["manifest"]


def test_what_labels_do_not_tell_has_a_placeholder(ask: Ask) -> None:
    plain = _records(ask)["plain"]
    assert plain["chart"]["metadata"]["version"] == "0.0.0-unknown"
    assert (
        "Not known: app version, chart, revision, time of the last upgrade"
        in (plain["info"]["description"])
    )


def test_other_questions_for_secrets_stay_unanswered(ask: Ask) -> None:
    one = _records(ask, labelSelector="name=storefront,owner=helm,status=deployed")
    assert list(one) == ["storefront"]
    assert _records(ask, "/api/v1/namespaces/billing/secrets") == {}
    for labels in ("", "owner!=helm", "owner", "name=storefront", "owner in (helm,other)"):
        answer = ask("/api/v1/secrets", labelSelector=labels)
        assert answer.code == 404 and "never collected" in body(answer)["message"]
    for name in ("sh.helm.release.v1.storefront.v0", "x"):
        answer = ask(f"/api/v1/namespaces/shop/secrets/{name}", **_OWNER)
        assert answer.code == 404 and "never collected" in body(answer)["message"]


def test_two_runs_give_the_same_bytes(ask: Ask) -> None:
    first, second = (ask("/api/v1/secrets", **_OWNER).body for _ in range(2))
    assert isinstance(first, Iterator) and isinstance(second, Iterator)
    assert b"".join(first) == b"".join(second)


@pytest.mark.parametrize(
    ("label", "name", "version"),
    [
        ("traefik-10.19.300", "traefik", "10.19.300"),
        ("cert-manager-v1.14.0", "cert-manager", "v1.14.0"),
        ("app-2-1.2.3_git.4", "app-2", "1.2.3+git.4"),
        ("nameless", "nameless", ""),
    ],
)
def test_the_chart_label_is_taken_apart(label: str, name: str, version: str) -> None:
    assert (chart_of(label).name, chart_of(label).version) == (name, version)


def test_secrets_in_what_objects_say_are_masked() -> None:
    for _, text, gone in KINDS:
        record = _read(secret_of(Release("a", "b", source=text)))
        assert gone not in json.dumps(record), text


_SNAPSHOTS = [
    {"name": "pay", "namespace": "shop", "version": 4, "status": "failed", "chartName": "pay",
     "chartVersion": "2.1.0", "appVersion": "9", "lastDeployed": "2026-03-22T10:00:00Z"},
    {"name": "pay", "namespace": "shop", "version": 3, "status": "superseded",
     "chartName": "pay", "chartVersion": "2.0.0", "appVersion": "8"},
]  # fmt: skip


def _flux_tree(tmp_path: Any) -> Api:
    release = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "pay", "namespace": "flux-system"},
        "status": {"history": _SNAPSHOTS},
    }
    files = {
        "cluster/resources/helm.toolkit.fluxcd.io/helmreleases/flux-system.json": json.dumps(
            {"kind": "HelmReleaseList", "items": [release]}
        ).encode(),
        "cluster/collection.tsv": b"item\tpath\n",
    }
    store = Store(open_bundle(write(files, tmp_path / "flux.tar")))
    store.start()
    return Api(store)


def test_flux_tells_revisions_and_statuses(tmp_path: Any) -> None:
    api = _flux_tree(tmp_path)
    answer = api.answer(Request("GET", ("api", "v1", "secrets"), _OWNER))
    records = [_read(secret) for secret in body(answer)["items"]]
    assert [(r["version"], r["info"]["status"]) for r in records] == [
        (3, "superseded"),
        (4, "failed"),
    ]
    assert "the Flux HelmRelease flux-system/pay" in records[0]["info"]["description"]


def test_flux_before_version_2_tells_the_last_one() -> None:
    (found,) = _flux(
        {
            "metadata": {"name": "pay", "namespace": "flux-system"},
            "spec": {"targetNamespace": "shop", "chart": {"spec": {"chart": "pay"}}},
            "status": {
                "lastReleaseRevision": 7,
                "lastAttemptedRevision": "2.1.0",
                "conditions": [{"type": "Ready", "status": "False", "message": "timed out"}],
            },
        }
    )
    assert (found.namespace, found.name, found.revision) == ("shop", "shop-pay", 7)
    assert found.status == "failed" and "timed out" in found.source


@pytest.mark.parametrize("minor", MINORS[1:])
def test_a_real_helm_lists_and_shows_them(
    server: BundleServer, variables: dict[str, str], minor: str
) -> None:
    program = helm(minor)
    if program is None:
        lacking("no such Helm here; tests/serve/clients.py says how to get it")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(program), *words], env=variables, capture_output=True, text=True, check=False
        )

    listed = run("list", "-A", "-o", "json")
    assert "never collected: releases are put together" in listed.stderr
    rows = {row["name"]: row for row in json.loads(listed.stdout)}
    assert {"calico", "plain", "storefront", "aks-managed-example"} <= set(rows)
    assert rows["storefront"]["chart"] == "storefront-1.4.2+build.7"
    assert rows["storefront"]["app_version"] == "2.0.1"
    assert "Put together from labels" in run("status", "storefront", "-n", "shop").stdout
    assert run("uninstall", "storefront", "-n", "shop").returncode == 1
