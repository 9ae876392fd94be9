"""Discovery: the groups and kinds that the server answers for, plain and aggregated.

Forms: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from analyzer.serve.catalogue import METRICS, Catalogue, Kind
from analyzer.serve.scale import SCALED
from analyzer.serve.status import ApiError

Obj = dict[str, Any]
VERBS = ("get", "list", "watch")
#: Questions that clients put as objects: (group, resource) → kind. All are cluster-scoped.
REVIEWS = {
    ("authentication.k8s.io", "selfsubjectreviews"): "SelfSubjectReview",
    ("authorization.k8s.io", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
    ("authorization.k8s.io", "selfsubjectrulesreviews"): "SelfSubjectRulesReview",
}
_BELOW = {("", "pods"): (("log", "", "Pod"),), ("", "nodes"): (("proxy", "", "NodeProxyOptions"),)}
_SCALE = (("scale", "autoscaling/v1", "Scale"),)


def _below(kind: Kind) -> tuple[tuple[str, str, str], ...]:
    """Return the subresources that are answered: name, group and version of the answer, kind."""
    key = (kind.group, kind.name)
    return _SCALE if key in SCALED else _BELOW.get(key, ())


class Discovery:
    """Answers of ``/api``, ``/apis`` and what lies directly below."""

    def __init__(self, catalogue: Catalogue) -> None:
        kinds = [*catalogue.kinds, *_reviews()]
        kinds.sort(key=lambda kind: (kind.group, kind.version, kind.name))
        self._groups: dict[str, dict[str, list[Kind]]] = {
            group: {version: list(same) for version, same in groupby(found, _version)}
            for group, found in groupby(kinds, lambda kind: kind.group)
        }

    def core(self) -> Obj:
        """Return the answer of ``/api``."""
        return {
            "kind": "APIVersions",
            "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }

    def groups(self) -> Obj:
        """Return the answer of ``/apis``."""
        groups = [self._group(group) for group in self._groups if group]
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}

    def group(self, name: str) -> Obj:
        """Return the answer of ``/apis/<group>``.

        Raises:
            ApiError: 404, the cluster has no such group.
        """
        if not name or name not in self._groups:
            raise ApiError(404, "the server could not find the requested resource")
        return {"kind": "APIGroup", "apiVersion": "v1"} | self._group(name)

    def resources(self, group: str, version: str) -> Obj:
        """Return the answer of ``/api/v1`` and ``/apis/<group>/<version>``.

        Raises:
            ApiError: 404, the cluster has no such group or version.
        """
        kinds = self._groups.get(group, {}).get(version)
        if kinds is None:
            raise ApiError(404, "the server could not find the requested resource")
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{version}" if group else version,
            "resources": [row for kind in kinds for row in _rows(kind)],
        }

    def aggregated(self, core: bool, version: str) -> Obj:
        """Return everything of ``/api`` or ``/apis`` at once; ``version`` is v2 or v2beta1."""
        items = []
        for group, versions in self._groups.items():
            if (not group) is core:
                found = [
                    {
                        "version": name,
                        "resources": [_aggregated(kind) for kind in kinds],
                        "freshness": "Current",
                    }
                    for name, kinds in versions.items()
                ]
                items.append({"metadata": {"name": group} if group else {}, "versions": found})
        return {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{version}",
            "metadata": {},
            "items": items,
        }

    def _group(self, name: str) -> Obj:
        versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in self._groups[name]]
        return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def _version(kind: Kind) -> str:
    return kind.version


def _reviews() -> Iterator[Kind]:
    for (group, name), kind in REVIEWS.items():
        yield Kind(group, "v1", name, kind, False, kind.lower())


def verbs(kind: Kind) -> list[str]:
    """Return the verbs that a kind takes here."""
    if (kind.group, kind.name) in REVIEWS:
        return ["create"]
    return ["get", "list"] if kind.group == METRICS else list(VERBS)


def _rows(kind: Kind) -> Iterable[Obj]:
    row: Obj = {
        "name": kind.name,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": verbs(kind),
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    if kind.categories:
        row["categories"] = list(kind.categories)
    yield row
    for name, api, answer in _below(kind):
        group, _, version = api.rpartition("/")
        yield {
            "name": f"{kind.name}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            **({"group": group, "version": version} if api else {}),
            "kind": answer,
            "verbs": ["get"],
        }


def _aggregated(kind: Kind) -> Obj:
    row: Obj = {
        "resource": kind.name,
        "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": verbs(kind),
    }
    if kind.short:
        row["shortNames"] = list(kind.short)
    if kind.categories:
        row["categories"] = list(kind.categories)
    found = []
    for name, api, answer in _below(kind):
        group, _, version = (api or "v1").rpartition("/")
        gvk = {"group": group, "version": version, "kind": answer}
        found.append({"subresource": name, "responseKind": gvk, "verbs": ["get"]})
    return row | ({"subresources": found} if found else {})
