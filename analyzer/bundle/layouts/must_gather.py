"""``must-gather`` and ``oc adm inspect``: objects and listings in YAML, by namespace and group.

Source of the layout: openshift/oc, ``pkg/cli/admin/inspect``; gmeghnag/omc, which reads the same
folders. Several image folders may lie side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.paging import Pages
from analyzer.bundle.rotated import SUFFIX as PACKED
from analyzer.bundle.stamps import Stamp, of_go

_NAMESPACES = "namespaces"
_CLUSTER = "cluster-scoped-resources"
#: The insecure one is asked for where the other failed.
_LOGS = {
    "current.log": "log",
    "previous.log": "previous.log",
    "previous.insecure.log": "rotated-insecure.previous.log",
}
#: Written at the start and at the end, by each image that gathers.
_TIMESTAMP = "timestamp"
_SUFFIXES = ("yaml", "yml", "json")
_SECRETS = ("secrets", "secrets.yaml", "secrets.json")
#: Folders in front: the run, and the image that gathered.
_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class MustGatherMapping(ForeignMapping):
    """``whole`` are the namespaces of which there is a listing of pods."""

    layout: str = "must-gather"
    whole: frozenset[str] = frozenset()
    pages: Pages = field(default_factory=Pages, compare=False)

    def place(self, name: str) -> Place | None:
        """Map listings, single objects and logs."""
        found = _split(name)
        if found is None:
            return None
        top, parts = found
        if self.refused(name):
            return Place("", name)
        if top == _CLUSTER:
            return self._objects(name, parts, "")
        namespace, rest = parts[0], parts[1:]
        if len(rest) == 1:
            stem, _, suffix = rest[0].rpartition(".")
            if stem != namespace or suffix not in _SUFFIXES:
                return None
            return self._page(name, "resources/core/namespaces", suffix)
        if rest[0] == "pods":
            return self._pod(name, namespace, rest[1:])
        return self._objects(name, rest, f"/{namespace}")

    def refused(self, name: str) -> str:
        """Say that a file holds Secrets."""
        found = _split(name)
        inside = found is not None and any(part in _SECRETS for part in found[1][1:])
        return "holds Secrets; not read" if inside else ""

    def tells_time(self, name: str) -> bool:
        """The file ``timestamp`` beside the folders of an image, or of the run."""
        return name.rpartition("/")[2] == _TIMESTAMP and name.count("/") < _DEEPEST

    def time_in(self, name: str, data: bytes) -> Stamp | None:
        """The last time in it."""
        return of_go(data.decode("utf-8", "replace"), f"file {_TIMESTAMP}")

    def holds(self, path: str) -> bool:
        """Listings and logs."""
        return path.startswith(("cluster/resources/", "cluster/logs/"))

    def _objects(self, name: str, parts: list[str], scope: str) -> Place | None:
        """Place ``<group>/<plural>.yaml``, a listing, or ``<group>/<plural>/<name>.yaml``."""
        stem, _, suffix = parts[-1].rpartition(".")
        if suffix not in _SUFFIXES:
            return None
        if len(parts) == 2:
            return Place("cluster", f"resources/{parts[0]}/{stem}{scope}.{suffix}")
        if len(parts) == 3:
            return self._page(name, f"resources/{parts[0]}/{parts[1]}{scope}", suffix)
        return None

    def _pod(self, name: str, namespace: str, parts: list[str]) -> Place | None:
        pod, file = parts[0], parts[-1]
        if len(parts) == 2:
            if namespace in self.whole or file != f"{pod}.yaml":
                return None
            return self._page(name, f"resources/core/pods/{namespace}", "yaml")
        if len(parts) >= 4 and "logs" in (parts[2], parts[3]):
            return _log(f"logs/{namespace}/{pod}/{parts[1]}", parts[parts.index("logs", 2) + 1 :])
        return None

    def _page(self, name: str, listing: str, suffix: str) -> Place | None:
        """Place one object: that others are not there says nothing."""
        path = self.pages.path(name, listing, suffix)
        return Place("cluster", path, selection=True) if path else None


def _log(stem: str, parts: list[str]) -> Place | None:
    """Place a log of a container, or a piece that was rotated out of it."""
    if len(parts) == 1 and parts[0] in _LOGS:
        return Place("cluster", f"{stem}.{_LOGS[parts[0]]}")
    if len(parts) == 2 and parts[0] == "rotated":
        file = parts[1].removesuffix(PACKED)
        how = "" if file == parts[1] else "packed"
        return Place("cluster", f"{stem}.rotated-{file}.log", how=how)
    return None


def _split(name: str) -> tuple[str, list[str]] | None:
    """Return the folder that this tool writes, and the path below it; None without one."""
    parts = name.split("/")
    for depth, part in enumerate(parts[: _DEEPEST + 1]):
        if part in (_NAMESPACES, _CLUSTER):
            rest = parts[depth + 1 :]
            return (part, rest) if len(rest) > 1 else None
    return None


class MustGatherLayout:
    """Recognises a namespace's own file, a listing below one, or an object of the cluster."""

    def match(self, names: Sequence[str], label: str) -> MustGatherMapping | None:
        """Look at any depth up to the image folders."""
        found = [split for name in names if (split := _split(name)) is not None]
        whole = frozenset(rest[0] for _, rest in found if rest[1:] == ["core", "pods.yaml"])
        for top, rest in found:
            yaml = rest[-1].endswith((".yaml", ".yml"))
            own = rest[-1] == f"{rest[0]}.yaml" and len(rest) == 2
            below = len(rest) in (3, 4) and "pods" not in rest[1:2]
            logs = rest[-2:] == ["logs", "current.log"]
            of_namespace = logs or (yaml and (own or below))
            if yaml if top == _CLUSTER else of_namespace:
                return MustGatherMapping("", whole=whole)
        return None
