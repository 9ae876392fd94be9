"""A managed component runs an image that AKS does not ship.

What it means:
  A container of a component that AKS manages runs an image from another registry, or the image of
  another product. AKS did not put it there.
Why it matters:
  The component is then software that Microsoft neither built nor tested. AKS puts its own image
  back at some update, and what depended on the other one breaks at that moment.
How we know:
  The images in the Deployment or DaemonSet (and in its pods, where a webhook rewrites them) against
  the repositories that AKS uses for the component, mirrors and caches of Microsoft's registry
  included. The managed fields tell who wrote the image; one that AKS wrote itself is no finding.
What to do:
  customer: Put the image of AKS back, or reconcile the cluster (az aks update -g <resource group>
    -n <cluster>). Where a webhook rewrites images, leave managed namespaces out of its scope.
  microsoft: Check whether this image is one that AKS rolls out by itself.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Outbound rules, registry names: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.baselines.attribution import Change, author_of, changes
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.drift import with_authors
from analyzer.baselines.images import foreign_image
from analyzer.baselines.projections import image_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, Pods
from analyzer.facts.objects import Pod, Workload
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import (
    managed_workloads,
    pod_subject,
    pods_by_workload,
    require_system,
)

RULE = Rule(
    id="AKS-CMP-004",
    title="A managed component runs an image that AKS does not ship",
    component="managed-component",
    clauses=("MGD-06", "MGD-05"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)


def check(
    deployments: Deployments,
    daemonsets: DaemonSets,
    baseline: Baseline,
    identity: Identity,
    pods: Pods | None,
) -> Iterator[Hit]:
    index = pods_by_workload(pods)
    for component, workload in managed_workloads(deployments, daemonsets, baseline, identity):
        rows = tuple(image_rows(component, workload))
        if rows:
            yield from _in_template(component, workload, rows)
            continue
        own = index.get((workload.namespace or "", workload.kind, workload.name), [])
        yield from _in_pods(component, workload, own)
    require_system(deployments, daemonsets)


def _in_template(
    component: Component, workload: Workload, rows: tuple[DriftRow, ...]
) -> Iterator[Hit]:
    found: tuple[Change, ...] = ()
    signals: set[Signal] = set()
    try:
        found = changes(workload)
    except NotCollected:
        signals = {Signal.CHANGE_NOT_CHECKED, Signal.CHANGED_BY_UNKNOWN}
    authors = {row.path: author_of(row.path, found) for row in rows}
    foreign = tuple(row for row in rows if not _by_aks(authors[row.path]))
    if not foreign:
        return  # AKS wrote the image itself: the data does not know it yet
    writers = [author for row in foreign if (author := authors[row.path]) is not None]
    if found:
        by_customer = any(writer.kind == "customer" for writer in writers)
        signals = {Signal.CHANGED_BY_CUSTOMER if by_customer else Signal.CHANGED_BY_UNKNOWN}
    yield Hit(
        subject=workload.subject,
        title=f"{workload.name} runs an image that AKS does not ship",
        component=component.id,
        saw=_sentence(component, foreign, writers),
        expected=foreign[0].expected,
        evidence=tuple(workload.where("template", f"image: {row.actual}") for row in foreign),
        signals=frozenset(signals),
        drift=with_authors(foreign, found),
        first_seen=min((w.time for w in writers if w.time), default=None),
    )


def _by_aks(author: Change | None) -> bool:
    return author is not None and author.kind in ("aks", "kubernetes")


def _sentence(component: Component, rows: Iterable[DriftRow], writers: list[Change]) -> str:
    images = "; ".join(f"{row.actual} ({foreign_image(row.actual, component)})" for row in rows)
    who = f"Written by {writers[0]}" if writers else "Who wrote it is not shown"
    return f"Image {images}. {who}."


def _in_pods(component: Component, workload: Workload, pods: list[Pod]) -> Iterator[Hit]:
    """The template is AKS's own, and its pods run something else: changed on the way in."""
    names = {c.name for c in workload.spec.template.spec.containers}
    images = {c.image for pod in pods for c in pod.spec.containers}  # few, in thousands of pods
    told = {image for image in images if foreign_image(image, component)}
    foreign = [
        (pod, container.image)
        for pod in pods
        for container in pod.spec.containers
        if container.name in names and container.image in told
    ]
    if not foreign:
        return
    first, image = foreign[0]
    path = "spec.containers[].image of its pods"
    made = [pod.metadata.creation_timestamp for pod, _ in foreign]
    yield Hit(
        subject=workload.subject,
        title=f"Pods of {workload.name} run an image that AKS does not ship",
        component=component.id,
        saw=f"{len(foreign)} pods run {image} although the template of {workload.name} names "
        "AKS's own: an admission webhook changed them when they were made.",
        expected=", ".join(workload.images),
        evidence=(first.where("spec", f"image: {image}"),),
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN}),
        affects=tuple(pod_subject(pod) for pod, _ in foreign),
        drift=(DriftRow(path=path, expected="the template's", actual=image),),
        first_seen=min((time for time in made if time is not None), default=None),
    )
