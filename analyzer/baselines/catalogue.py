"""The catalogue of managed components: loaded from data once, searched by object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from analyzer.baselines.data_files import (
    Data,
    DataFile,
    DataFileError,
    extra,
    packaged,
    packaged_folder,
)
from analyzer.baselines.schema import Allowed, Component
from analyzer.baselines.schema import Condition as Condition
from analyzer.baselines.schema import Scope as Scope
from analyzer.baselines.schema import When as When

#: Cluster-wide kinds among ``Component.objects``: their namespace is not looked at.
_CLUSTER_WIDE = frozenset(
    {
        "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "APIService",
        "StorageClass", "CSIDriver", "IngressClass", "GatewayClass", "NodePool",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "Installation",
        "ValidatingAdmissionPolicyBinding",
    }
)  # fmt: skip
#: What a controller appends to the name of a workload for its pods and replica sets.
_SUFFIX = {
    "Pod": re.compile(r"-(?:[a-z0-9]{6,10}-[a-z0-9]{5}|[a-z0-9]{5}|\d{1,5})$"),
    "ReplicaSet": re.compile(r"-[a-z0-9]{6,10}$"),
    "ControllerRevision": re.compile(r"-[a-z0-9]{6,10}$"),
}


class _AddOn(Data):
    id: str
    aliases: tuple[str, ...] = ()


class Catalogue:
    """All known components, by id. ``as_of`` is the newest date of the data in it."""

    def __init__(self, components: Iterable[Component], as_of: str = "") -> None:
        self.components: tuple[Component, ...] = tuple(sorted(components, key=lambda c: c.id))
        self.as_of = as_of
        self._by_id = {c.id: c for c in self.components}
        self._exact: dict[tuple[str, str], list[Component]] = {}
        self._globs: list[tuple[str, str, Component]] = []
        self._settings: dict[tuple[str, str, str], Component] = {}
        for component in self.components:
            for rule in component.customer_may:
                if rule.object and "*" not in rule.object:
                    kind, namespace, name = rule.object.split("/", 2)
                    self._settings[(kind, namespace, name)] = component
            for kind, name in _names(component):
                if "*" in name:
                    self._globs.append((kind, name, component))
                else:
                    self._exact.setdefault((kind, name), []).append(component)

    def get(self, component_id: str) -> Component:
        """The component of that id.

        Raises:
            KeyError: there is none.
        """
        return self._by_id[component_id]

    def find(self, kind: str, namespace: str | None, name: str) -> Component | None:
        """The component to which an object belongs by kind, namespace and name.

        Workloads, their pods and replica sets, the other objects of ``Component.objects``, and
        objects made for the customer's settings (``coredns-custom``). It is a candidate by name
        alone; :func:`analyzer.baselines.markers.whose` weighs the rest.
        """
        found = self._lookup(kind, namespace, name)
        found = found or self._settings.get((kind, namespace or "", name))
        if found is None and kind in _SUFFIX:
            owner = _SUFFIX[kind].sub("", name)
            for parent in ("Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob"):
                if owner != name and (found := self._lookup(parent, namespace, owner)):
                    return found
        return found

    def allowed(
        self, kind: str, namespace: str | None, name: str
    ) -> tuple[Component, Allowed] | None:
        """The customisation that covers an object as a whole or in part, or None.

        An exact rule goes before a pattern, so that own objects never hide a named one.
        """
        best: tuple[Component, Allowed] | None = None
        for component in self.components:
            for rule in component.customer_may:
                if rule.object and _matches(rule.object, kind, namespace, name):
                    if "*" not in rule.object:
                        return component, rule
                    best = best or (component, rule)
        return best

    def _lookup(self, kind: str, namespace: str | None, name: str) -> Component | None:
        for component in self._exact.get((kind, name), ()):
            if _in_namespace(component, kind, namespace):
                return component
        for glob_kind, glob, component in self._globs:
            if glob_kind != kind or not fnmatchcase(name, glob):
                continue
            if _in_namespace(component, kind, namespace):
                return component
        return None


def load(extra_dirs: Iterable[Path] = ()) -> Catalogue:
    """The packaged catalogue, with a user's components added; the same id replaces.

    ``extra_dirs`` are ``--data`` folders; their ``baselines/*.yaml`` are read, in order. Cached.

    Raises:
        DataFileError: a file is not valid; the message names file and line.
    """
    return _load(tuple(extra_dirs))


@lru_cache(maxsize=8)
def _load(extra_dirs: tuple[Path, ...]) -> Catalogue:
    components: dict[str, Component] = {}
    dates: list[str] = []
    for file in packaged_folder("components"):
        dates.append(file.as_of)
        _add(components, file, replace=False)
    for file in extra(extra_dirs):
        if "components" in file.content:
            dates.append(file.as_of)
            _add(components, file, replace=True)
    return Catalogue(components.values(), max(dates))


def _add(components: dict[str, Component], file: DataFile, *, replace: bool) -> None:
    seen: set[str] = set()
    for index, component in enumerate(file.records("components", Component)):
        if component.id in seen or (component.id in components and not replace):
            raise DataFileError(
                file.name, file.line_of("components", index), f"{component.id} is there twice"
            )
        unknown = sorted(_add_ons_of(component) - set(add_ons()))
        if unknown:
            line = file.line_of("components", index)
            raise DataFileError(file.name, line, f"unknown add-on {', '.join(unknown)}")
        seen.add(component.id)
        components[component.id] = component


def _add_ons_of(component: Component) -> set[str]:
    conditions = (*component.when.any_of, *component.when.not_in)
    return {name for condition in conditions for name in condition.add_ons}


@lru_cache(maxsize=1)
def add_ons() -> dict[str, tuple[str, ...]]:
    """Add-on and feature ids with their other names, from ``data/add_ons.yaml``."""
    rows = packaged("add_ons.yaml").records("add_ons", _AddOn)
    return {row.id: row.aliases for row in rows}


@lru_cache(maxsize=1)
def _by_alias() -> dict[str, str]:
    return {
        _plain(name): add_on for add_on, aliases in add_ons().items() for name in (add_on, *aliases)
    }


def add_on_id(name: str) -> str | None:
    """Our id of an add-on that az, ARM or a bundle names in its own way; None if not known."""
    return _by_alias().get(_plain(name))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


@lru_cache(maxsize=1)
def _prefixes() -> dict[str, str]:
    return {str(k): str(v) for k, v in packaged("sources.yaml").content["prefixes"].items()}


def source_link(source: str) -> str:
    """The address of a ``sources`` entry such as ``docs:coredns-custom.md``."""
    prefix, colon, rest = source.partition(":")
    return _prefixes()[prefix] + rest if colon and prefix in _prefixes() else source


def _names(component: Component) -> Iterator[tuple[str, str]]:
    yield component.kind, component.name
    for entry in component.objects:
        kind, _, name = entry.partition("/")
        yield kind, name


def _in_namespace(component: Component, kind: str, namespace: str | None) -> bool:
    if kind in _CLUSTER_WIDE or not component.namespaces:
        return True
    return namespace in component.namespaces


def _matches(rule: str, kind: str, namespace: str | None, name: str) -> bool:
    rule_kind, rule_namespace, rule_name = (*rule.split("/", 2), "", "")[:3]
    return (
        rule_kind == kind
        and fnmatchcase(namespace or "", rule_namespace)
        and fnmatchcase(name, rule_name)
    )
