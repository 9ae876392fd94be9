"""The configuration of a managed component was edited.

What it means:
  A ConfigMap that AKS keeps for one of its components was written by someone other than AKS,
  outside of the keys that are meant for customers.
Why it matters:
  The component runs with settings that AKS does not know, and AKS puts its own back at some update.
  An edited Corefile can take down name resolution for the whole cluster.
How we know:
  The managed fields of the ConfigMap; for the Corefile of CoreDNS also its frame (server block,
  plugins, imports). ConfigMaps that are the customer's by design (coredns-custom, settings of
  agents) and keys that AKS leaves to customers are no finding, nor is what AKS itself wrote.
What to do:
  customer: Undo the edit. Settings of CoreDNS belong into the ConfigMap coredns-custom; AKS puts
    its own state back with: az aks update -g <resource group> -n <cluster>
References:
  - Customise CoreDNS: https://learn.microsoft.com/azure/aks/coredns-custom
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.drift import with_authors
from analyzer.baselines.drift_rows import ABSENT, text_of
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.baselines.projections import corefile_rows
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import ConfigMaps
from analyzer.facts.objects import ConfigMap
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.component._managed import SYSTEM, customers_of, strangers_of
from analyzer.rules.component._written import AS_SET, NOT_SHOWN, content_only, sentence

RULE = Rule(
    id="AKS-CMP-006",
    title="The configuration of a managed component was edited",
    component="managed-component",
    clauses=("MGD-06", "MGD-03"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)


def check(config_maps: ConfigMaps, baseline: Baseline, identity: Identity) -> Iterator[Hit]:
    not_shown: NotCollected | None = None
    for config_map in config_maps.items:
        component = component_of(config_map, baseline.catalogue)
        if component is None or not is_managed_namespace(config_map.namespace):
            continue
        if not whose(config_map, baseline.catalogue, identity).managed:
            continue
        try:
            yield from _of(config_map, component)
        except NotCollected as gap:
            not_shown = gap
            yield from _by_frame(config_map, component)
    if not_shown is not None:
        raise not_shown
    config_maps.of(SYSTEM)


def _of(config_map: ConfigMap, component: Component) -> Iterator[Hit]:
    if found := content_only(customers_of(config_map, component)):
        yield _hit(
            config_map, component, found, "corefile" if _is_corefile(config_map) else "default"
        )
    elif found := content_only(strangers_of(config_map, component)):
        yield _hit(config_map, component, found, "unknown-author")


def _hit(
    config_map: ConfigMap, component: Component, found: tuple[Change, ...], variant: str
) -> Hit:
    stranger = variant == "unknown-author"
    who = "an unknown writer" if stranger else "the customer"
    rows = _rows(config_map, found)
    return Hit(
        subject=config_map.subject,
        title=f"ConfigMap {config_map.name} of {component.name} was edited by {who}",
        component=component.id,
        saw=sentence(rows, found),
        expected=f"ConfigMap {config_map.name} as AKS writes it",
        evidence=tuple(config_map.where(f"manager: {change.manager}") for change in found[:3]),
        variant=variant,
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN if stranger else Signal.CHANGED_BY_CUSTOMER}),
        drift=rows[:20],
        first_seen=min((change.time for change in found if change.time), default=None),
        produces=frozenset() if stranger else None,
    )


def _rows(config_map: ConfigMap, found: tuple[Change, ...]) -> tuple[DriftRow, ...]:
    """The keys that were written; of the Corefile the lines that leave its frame, where any do."""
    frame = with_authors(corefile_rows(config_map), found) if _is_corefile(config_map) else ()
    return frame or tuple(_row(config_map, change, f) for change in found for f in change.fields)


def _by_frame(config_map: ConfigMap, component: Component) -> Iterator[Hit]:
    """Without managed fields only what breaks the Corefile's frame tells of an edit."""
    rows = tuple(row for row in corefile_rows(config_map) if row.expected != ABSENT)
    if not _is_corefile(config_map) or not rows:
        return
    yield Hit(
        subject=config_map.subject,
        title=f"ConfigMap {config_map.name} of {component.name} is not as AKS writes it",
        component=component.id,
        saw=sentence(rows, ()),
        expected=f"ConfigMap {config_map.name} as AKS writes it",
        evidence=(config_map.where("Corefile"),),
        variant="unattributed",
        signals=frozenset({Signal.CHANGE_NOT_CHECKED, Signal.CHANGED_BY_UNKNOWN}),
        drift=rows,
        would_change=("The managed fields of the ConfigMap, which name who wrote it.",),
    )


def _is_corefile(config_map: ConfigMap) -> bool:
    return config_map.name == "coredns" and config_map.namespace == SYSTEM


def _row(config_map: ConfigMap, change: Change, path: str) -> DriftRow:
    value = config_map.data.get(path.removeprefix("data").strip(".[]"))
    return DriftRow(
        path=path,
        expected=AS_SET,
        actual=text_of(value.replace("\n", " ")) if value is not None else NOT_SHOWN,
        changed_by=change.manager or change.tool,
        changed_at=change.time,
    )
