"""Releases of a bundle, from the annotations that Helm puts on what it installs.

Helm 3.2 and later write ``meta.helm.sh/release-name`` and ``…-namespace`` on every object
(helm.sh/helm, ``pkg/action/validate.go``); AKS installs some of its add-ons that way too. Charts
mostly add the labels ``helm.sh/chart`` and ``app.kubernetes.io/version``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from analyzer.serve.catalogue import Catalogue
from analyzer.serve.helm.release import Chart, Obj, Release, chart_of
from analyzer.serve.helm.told import told_releases
from analyzer.serve.listing import Objects
from analyzer.serve.tables.cells import at, dicts, moment

_NAME = "meta.helm.sh/release-name"
_NAMESPACE = "meta.helm.sh/release-namespace"
_CHART = "helm.sh/chart"
_APP_VERSION = "app.kubernetes.io/version"
#: Kinds of which there are many and that Helm does not install: what controllers make.
_MADE = {
    ("", "pods"), ("", "events"), ("events.k8s.io", "events"), ("", "nodes"), ("", "endpoints"),
    ("discovery.k8s.io", "endpointslices"), ("apps", "replicasets"),
    ("apps", "controllerrevisions"), ("coordination.k8s.io", "leases"),
}  # fmt: skip
#: Releases at most, and names of objects that each keeps: a bundle may be made to hold more.
MAX_RELEASES = 5_000
_MAX_NAMES = 200
#: Other charts that a description names; the rest is counted.
_NAMED = 5


@dataclass(slots=True)
class _Found:
    """What the objects of one release said so far."""

    count: int = 0
    charts: Counter[str] = field(default_factory=Counter)
    #: (chart label, application version) → how many objects say so.
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)
    first: datetime | None = None
    created: datetime | None = None
    changed: datetime | None = None


def releases(catalogue: Catalogue, objects: Objects) -> list[Release]:
    """Return all releases that the bundle tells of, sorted by namespace, name and revision.

    A custom resource of a controller that runs Helm (Flux, k3s) knows more than labels do.
    """
    found: dict[tuple[str, str], _Found] = {}
    for key in sorted(catalogue.files):
        kind = catalogue.by_name(*key)
        if kind is None or key in _MADE:
            continue
        for obj in objects.holding(kind, _NAME.encode()):
            _add(found, obj, kind.kind)
    told = told_releases(catalogue, objects)
    made = [release for key, one in found.items() for release in _joined(key, one, told)]
    made += [release for key, some in told.items() if key not in found for release in some]
    return sorted(made, key=lambda r: (r.namespace, r.name, r.revision))


def _add(found: dict[tuple[str, str], _Found], obj: Obj, kind: str) -> None:
    annotations = at(obj, "metadata.annotations", {})
    name = annotations.get(_NAME) if isinstance(annotations, dict) else None
    if not isinstance(name, str) or not name or _controlled(obj):
        return
    space = str(annotations.get(_NAMESPACE) or at(obj, "metadata.namespace"))
    if (space, name) not in found and len(found) >= MAX_RELEASES:
        return
    one = found.setdefault((space, name), _Found())
    labels = at(obj, "metadata.labels", {})
    labels = labels if isinstance(labels, dict) else {}
    chart = str(labels.get(_CHART) or (labels.get("heritage") and labels.get("chart")) or "")
    one.count += 1
    if chart:
        one.charts[chart] += 1
    if labels.get(_APP_VERSION):
        one.versions[chart, str(labels[_APP_VERSION])] += 1
    if len(one.names) < _MAX_NAMES:
        where = str(at(obj, "metadata.namespace"))
        one.names.append(f"{kind} {where + '/' if where else ''}{at(obj, 'metadata.name')}")
    _times(one, obj)


def _controlled(obj: Obj) -> bool:
    """Tell what a controller made: it has its owner's annotations."""
    return any(owner.get("controller") for owner in dicts(obj, "metadata.ownerReferences"))


def _times(one: _Found, obj: Obj) -> None:
    created = moment(at(obj, "metadata.creationTimestamp"))
    if created:
        one.first = min(one.first or created, created)
        one.created = max(one.created or created, created)
    for entry in dicts(obj, "metadata.managedFields"):
        if entry.get("subresource"):
            continue
        when = moment(entry.get("time")) if "helm" in str(entry.get("manager")).lower() else None
        if when:
            one.changed = max(one.changed or when, when)


def _joined(
    key: tuple[str, str], one: _Found, told: dict[tuple[str, str], list[Release]]
) -> Iterator[Release]:
    """Make releases of what objects said, or of what a custom resource knows better."""
    names = tuple(sorted(one.names))
    known = told.get(key, [])
    if any(release.revision for release in known):
        for release in known:
            yield _with_objects(release, one, names)
        return
    namespace, name = key
    chart, why = _chart(name, one)
    if not chart.name and known:
        chart = known[0].chart
    unknown = ["revision", "values"]
    unknown += [] if chart.name else ["chart"]
    unknown += [] if chart.app_version else ["app version"]
    if not one.changed:
        unknown.append("time of the last upgrade (the newest object's creation stands for it)")
    count = f"{one.count} object{'s' if one.count != 1 else ''}"
    yield Release(
        namespace,
        name,
        chart,
        first=one.first,
        last=one.changed or one.created,
        source=f"Put together from labels and annotations of {count}; the status says no more than "
        f"that they are there.{why}",
        unknown=tuple(sorted(unknown)),
        objects=names,
    )


def _with_objects(release: Release, one: _Found, names: tuple[str, ...]) -> Release:
    return replace(
        release,
        first=release.first or one.first,
        last=release.last or one.changed or one.created,
        objects=names,
    )


def _chart(name: str, one: _Found) -> tuple[Chart, str]:
    """Pick the release's own chart; objects of a subchart carry the subchart's label."""
    if not one.charts:
        told = {version for _, version in one.versions}
        return Chart(app_version=told.pop() if len(told) == 1 else ""), ""

    def fit(label: str) -> tuple[int, int, str]:
        return _fit(chart_of(label).name, name), -one.charts[label], label

    best = min(one.charts, key=fit)
    chart = chart_of(best)
    versions = Counter({v: n for (label, v), n in one.versions.items() if label == best})
    app = min(versions, key=lambda v: (-versions[v], v)) if versions else ""
    why = ""
    if len(one.charts) > 1:
        others = sorted(set(one.charts) - {best})
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        why = f" Objects of other charts are part of it: {', '.join(others[:_NAMED])}{more}."
    return Chart(chart.name, chart.version, app), why


def _fit(chart: str, release: str) -> int:
    """How well a chart's name fits a release's: 0 for the same, 1 for a part, 2 for neither."""
    if chart == release:
        return 0
    return 1 if chart in release or release in chart else 2
