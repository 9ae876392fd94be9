"""Releases that custom resources tell of: those of controllers that run Helm themselves.

Flux, HelmRelease (fluxcd.io/flux/components/helm/api/v2): ``status.history`` has revision, status,
chart and times of each release. k3s, HelmChart (docs.k3s.io/helm): the chart that is wanted.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.serve.catalogue import Catalogue
from analyzer.serve.helm.release import Chart, Obj, Release
from analyzer.serve.listing import Objects
from analyzer.serve.tables.cells import at, condition, dicts, moment

_FLUX = ("helm.toolkit.fluxcd.io", "helmreleases")
_K3S = ("helm.cattle.io", "helmcharts")
#: Revisions of one release; Flux keeps 5 unless told otherwise.
_MAX_HISTORY = 50
#: Words for a status that Helm clients know (helm.sh/helm, pkg/release/common/status.go).
_STATUSES = {
    "deployed", "superseded", "failed", "uninstalled", "uninstalling",
    "pending-install", "pending-upgrade", "pending-rollback",
}  # fmt: skip


def told_releases(catalogue: Catalogue, objects: Objects) -> dict[tuple[str, str], list[Release]]:
    """Return releases by (namespace, name)."""
    found: dict[tuple[str, str], list[Release]] = {}
    for key, read in ((_FLUX, _flux), (_K3S, _k3s)):
        kind = catalogue.by_name(*key)
        if kind is None or not kind.collected:
            continue
        for obj in objects.every(kind, "", lambda _: True):
            for release in read(obj):
                found.setdefault((release.namespace, release.name), []).append(release)
    return found


def _flux(obj: Obj) -> Iterator[Release]:
    """Yield the revisions of a HelmRelease's history; before v2 the last alone is told."""
    space, own = str(at(obj, "metadata.namespace")), str(at(obj, "metadata.name"))
    source = f"Put together from the Flux HelmRelease {space}/{own}"
    history = dicts(obj, "status.history")
    for entry in history[:_MAX_HISTORY]:
        if _number(entry.get("version")):
            yield _snapshot(entry, space, source)
    if history:
        return
    target = str(at(obj, "spec.targetNamespace"))
    name = str(at(obj, "spec.releaseName")) or (f"{target}-{own}" if target else own)
    ready = condition(obj, "Ready")
    unknown = ["values", "app version"]
    unknown += [] if _number(at(obj, "status.lastReleaseRevision", 0)) else ["revision"]
    told = f": {ready.get('message')}" if ready.get("message") else ""
    applied = at(obj, "status.lastAppliedRevision") or at(obj, "status.lastAttemptedRevision")
    yield Release(
        target or space,
        name,
        Chart(
            str(at(obj, "spec.chart.spec.chart")),
            str(applied or at(obj, "spec.chart.spec.version")),
        ),
        _number(at(obj, "status.lastReleaseRevision", 0)),
        "failed" if ready.get("status") == "False" else "deployed",
        last=moment(ready.get("lastTransitionTime")),
        source=f"{source}, whose Ready is {ready.get('status') or 'not told'}{told}.",
        unknown=tuple(sorted(unknown)),
    )


def _snapshot(entry: Obj, space: str, source: str) -> Release:
    status = str(entry.get("status") or "")
    words = "" if status in _STATUSES else f" Its status there is '{status}'."
    return Release(
        str(entry.get("namespace") or space),
        str(entry.get("name")),
        Chart(
            str(entry.get("chartName") or ""),
            str(entry.get("chartVersion") or ""),
            str(entry.get("appVersion") or ""),
        ),
        _number(entry.get("version")),
        status if status in _STATUSES else "unknown",
        moment(entry.get("firstDeployed")),
        moment(entry.get("lastDeployed")),
        f"{source}, its status.history.{words}",
        ("values",),
    )


def _k3s(obj: Obj) -> Iterator[Release]:
    space, own = str(at(obj, "metadata.namespace")), str(at(obj, "metadata.name"))
    chart = str(at(obj, "spec.chart")).rsplit("/", 1)[-1].removesuffix(".tgz")
    yield Release(
        str(at(obj, "spec.targetNamespace")) or space,
        own,
        Chart(chart, str(at(obj, "spec.version"))),
        source=f"Put together from the HelmChart {space}/{own}: what is wanted, and not whether it "
        "was installed.",
        unknown=("app version", "revision", "status", "values"),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 2**31 else 0
