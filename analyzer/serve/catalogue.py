"""Which kinds the cluster had, which of them the bundle holds, and in which files."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from analyzer.serve.items import each_item
from analyzer.serve.loading import parsed
from analyzer.serve.store import Store

_FILE = re.compile(
    r"resources/(?P<group>[^/]+)/(?P<name>[^/.]+)(?:/(?P<namespace>[^/]+?))?"
    r"(?:\.\d{4})?\.(?:json|ya?ml)"
)
#: Kinds that are shown even where the cluster's own list is not known to name them: whoever asks
#: for one hears that it was not collected, and not that there is no such kind.
_ALWAYS = {
    ("", name) for name in ("secrets", "pods", "nodes", "namespaces", "events", "configmaps")
}
METRICS = "metrics.k8s.io"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object as discovery names it. ``group`` is empty for the core group."""

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool
    singular: str = ""
    short: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    #: Printer columns of a custom resource, as its definition has them.
    columns: tuple[dict[str, Any], ...] = ()
    #: The bundle holds a listing of it, though maybe not of all namespaces.
    collected: bool = False

    @property
    def api_version(self) -> str:
        """``group/version``, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """``deployments.apps``, ``pods``: as error messages name it."""
        return f"{self.name}.{self.group}" if self.group else self.name


@lru_cache(maxsize=1)
def built_in() -> dict[tuple[str, str], Kind]:
    """Return the kinds that come with Kubernetes, by group and resource."""
    text = files("analyzer.serve").joinpath("data/kinds.yaml").read_text(encoding="utf-8")
    found: dict[tuple[str, str], Kind] = {}
    for group_version, rows in yaml.safe_load(text).items():
        group, _, version = group_version.rpartition("/")
        for row in rows.splitlines():
            name, kind, scope, short, categories = row.split()
            found[group, name] = Kind(
                group,
                version,
                name,
                kind,
                scope == "N",
                kind.lower(),
                _words(short),
                _words(categories),
            )
    return found


def _words(cell: str) -> tuple[str, ...]:
    return () if cell == "-" else tuple(cell.split(","))


class Catalogue:
    """The kinds of one bundle. Built once, when the first question is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        #: (group, resource) → namespace (empty for lists that tell no namespace) → files, sorted.
        self.files: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(dict)
        for path in sorted(store.files):
            match = _FILE.fullmatch(path)
            if match:
                group = "" if match["group"] == "core" else match["group"]
                listed = self.files[group, match["name"]]
                listed.setdefault(match["namespace"] or "", []).append(path)
        kinds = {(kind.group, kind.name): kind for kind in self._kinds()}
        self._kinds_by_key = {key: kinds[key] for key in sorted(kinds)}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds, sorted by group and name."""
        return tuple(self._kinds_by_key.values())

    def find(self, group: str, version: str, name: str) -> Kind | None:
        """Return one kind; None where the cluster has no such kind or version."""
        kind = self._kinds_by_key.get((group, name))
        return kind if kind is not None and kind.version == version else None

    def by_name(self, group: str, name: str) -> Kind | None:
        """Return one kind in whatever version it is served."""
        return self._kinds_by_key.get((group, name))

    def schema_of(self, kind: Kind) -> dict[str, Any]:
        """Return the schema that a custom resource's definition has; empty for other kinds."""
        for entry in self._versions.get((kind.group, kind.name), ()):
            if entry.get("name") == kind.version:
                schema = entry.get("schema")
                found = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
                return found if isinstance(found, dict) else {}
        return {}

    def _kinds(self) -> Iterator[Kind]:
        """Yield the kinds; what the cluster itself said comes before what is known in general."""
        custom = self._custom()
        told = {(str(r.get("group") or ""), str(r.get("name") or "")): r for r in self._told()}
        known = set(told) | set(self.files) | _ALWAYS | set(custom)
        if any(path.endswith("/stats-summary.json") for path in self._store.files):
            known |= {(METRICS, "nodes"), (METRICS, "pods")}
        if not told:
            known |= {key for key in built_in() if key[0] != METRICS}
        for key in known:
            if key[1]:
                yield self._kind(key, told.get(key, {}), custom.get(key))

    def _kind(self, key: tuple[str, str], told: dict[str, Any], custom: Kind | None) -> Kind:
        start = custom or built_in().get(key)
        if start is None:
            start = Kind(key[0], "v1", key[1], key[1].capitalize(), bool(set(self.files[key])))
        seen_version, seen_kind = ("", "")
        if key in self.files and (custom is not None or start.kind == key[1].capitalize()):
            seen_version, seen_kind = self._seen(key)
        version = seen_version or str(told.get("version") or "") or start.version
        kind = str(told.get("kind") or "") or seen_kind or start.kind
        namespaced = told.get("namespaced", start.namespaced)
        if "namespaced" not in told and custom is None and key not in built_in():
            namespaced = any(self.files[key])
        collected = bool(self.files.get(key))
        return replace(
            start,
            version=version,
            kind=kind,
            namespaced=bool(namespaced),
            singular=start.singular or kind.lower(),
            columns=start.columns if custom is None else self._columns_of(key, version),
            # "kubectl get all" would otherwise complain of each kind that no collector asks for
            categories=start.categories if collected else (),
            collected=collected,
        )

    def _seen(self, key: tuple[str, str]) -> tuple[str, str]:
        """Return version and kind as the first object of a listing tells them."""
        for paths in self.files[key].values():
            for path in paths:
                for obj in self._objects(path):
                    version = str(obj.get("apiVersion") or "").rpartition("/")[2]
                    return version, str(obj.get("kind") or "")
        return "", ""

    def _objects(self, path: str) -> Iterator[dict[str, Any]]:
        for item in each_item(self._store, self._store.files[path], not _is_json(path)):
            yield parsed(self._store.read(item.piece))

    def _told(self) -> list[dict[str, Any]]:
        piece = self._store.files.get("api-resources.json")
        if piece is None:
            return []
        rows = parsed(self._store.read(piece)).get("resources")
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return [row for row in rows if "/" not in str(row.get("name"))]

    def _definitions(self) -> Iterator[dict[str, Any]]:
        listed = self.files.get(("apiextensions.k8s.io", "customresourcedefinitions"), {})
        for paths in listed.values():
            for path in paths:
                for obj in self._objects(path):
                    spec = obj.get("spec")
                    if isinstance(spec, dict) and isinstance(spec.get("names"), dict):
                        yield spec

    def _custom(self) -> dict[tuple[str, str], Kind]:
        """Return the kinds that definitions of custom resources make."""
        found = {}
        self._versions: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for spec in self._definitions():
            names = spec["names"]
            versions = [v for v in _dicts(spec.get("versions")) if v.get("served", True)]
            if not versions:
                continue
            key = str(spec.get("group") or ""), str(names.get("plural") or "")
            self._versions[key] = versions
            stored = next((v for v in versions if v.get("storage")), versions[0])
            found[key] = Kind(
                key[0],
                str(stored.get("name")),
                key[1],
                str(names.get("kind") or ""),
                spec.get("scope") == "Namespaced",
                str(names.get("singular") or ""),
                _texts(names.get("shortNames")),
                _texts(names.get("categories")),
            )
        return found

    def _columns_of(self, key: tuple[str, str], version: str) -> tuple[dict[str, Any], ...]:
        for entry in self._versions[key]:
            if entry.get("name") == version:
                return _dicts(entry.get("additionalPrinterColumns"))
        return ()


def _dicts(value: Any) -> tuple[dict[str, Any], ...]:
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _is_json(path: str) -> bool:
    return path.endswith(".json")
