"""A quota or a limit range of the customer lies on AKS's own namespace.

What it means:
  Somebody put a ResourceQuota or a LimitRange into kube-system. It decides on the pods of managed
  components too.
Why it matters:
  At the next upgrade a component may ask for more than it may have, and is refused.
How we know:
  The object is in kube-system, and nothing marks it as AKS's. Refusals that name it, in events of
  the last hour, make it more than a risk, and so do managed pods that run with a limit of the
  limit range which the component's own specification does not have.
What to do:
  customer: Delete it (kubectl -n kube-system delete <kind> <name>).
References:
  - Limit ranges: https://kubernetes.io/docs/concepts/policy/limit-range/
  - Resource quotas: https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, Events, Pods, ResourceQuotas
from analyzer.facts.more_listings import LimitRanges
from analyzer.facts.objects import AnyObject, Event, Pod, ResourceQuota
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.admission._selectors import SYSTEM
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-005",
    title="A quota or a limit range of the customer lies on AKS's own namespace",
    component="quota",
    clauses=("MGD-06", "UNS-01"),
    signals=frozenset({Signal.OWN_OPERATION}),
)

_Limit = AnyObject | ResourceQuota
RECENT = timedelta(hours=1)
#: Texts of the limit ranger (kubernetes/kubernetes plugin/pkg/admission/limitranger).
_LIMIT = re.compile(
    r"(?:maximum|minimum) [\w./-]+ usage per|must be less than or equal to .* limit"
)


def check(
    limits: LimitRanges | None,
    quotas: ResourceQuotas | None,
    identity: Identity,
    baseline: Baseline,
    events: Events | None,
    pods: Pods | None,
    deployments: Deployments | None,
    daemonsets: DaemonSets | None,
) -> Iterator[Hit]:
    refused = [e for e in (events.items if events is not None else ()) if _refused(e, identity)]
    laid, missing = _laid(limits or LimitRanges(), quotas or ResourceQuotas())
    for item in laid:
        if whose(item, baseline.catalogue, identity).managed:
            continue
        told = [e for e in refused if item.kind == "LimitRange" and _LIMIT.search(e.text)]
        told += [e for e in refused if f"quota: {item.name}" in e.text]
        bounded = _bounded(item, pods, deployments, daemonsets)
        yield _hit(item, told, bounded, identity)
    if missing:
        raise NotCollected(*missing)


def _laid(
    limits: LimitRanges, quotas: ResourceQuotas
) -> tuple[tuple[_Limit, ...], tuple[Gap, ...]]:
    """What lies on the namespace, and what of it was not read: each of the two counts alone."""
    found: list[_Limit] = []
    missing: list[Gap] = []
    for listing in (limits, quotas):
        try:
            found += listing.of(SYSTEM)
        except NotCollected as gap:
            missing += gap.gaps
    return tuple(found), tuple(missing)


def _hit(item: _Limit, told: list[Event], bounded: list[Pod], identity: Identity) -> Hit:
    says = f" It refuses pods: {told[0].text[:300]}" if told else ""
    if bounded:
        says += f" It bounds {len(bounded)} pods of managed components, {bounded[0].name} for one."
    ill = any(pod.ready is False for pod in bounded)
    variant = "refuses" if told or ill else ("bounds" if bounded else "default")
    effects = {"admission-blocked"} if told else set()
    return Hit(
        subject=item.subject,
        title=f"{item.kind} {item.name} of the customer lies on {SYSTEM}",
        saw=f"{SYSTEM} has a {item.kind} that AKS did not make.{says}",
        expected=f"No quota and no limit range of the customer's in {SYSTEM}.",
        evidence=(
            item.where(),
            *(event.where("message") for event in told[:2]),
            *(pod.where("limits") for pod in bounded[:2]),
        ),
        variant=variant,
        affects=(
            *((Subject(kind="Namespace", name=SYSTEM),) if told else ()),
            *(
                Subject(kind="Pod", namespace=p.namespace, name=p.name, node=p.spec.node_name)
                for p in bounded
            ),
        ),
        first_seen=item.metadata.creation_timestamp,
        last_seen=identity.collected_at,
        produces=frozenset(effects | ({"component-changed"} if bounded or told else set())),
    )


def _bounded(
    item: _Limit,
    pods: Pods | None,
    deployments: Deployments | None,
    daemonsets: DaemonSets | None,
) -> list[Pod]:
    """Pods with a limit that the limit range gives and the specification does not have."""
    rows = item.spec.get("limits") if item.kind == "LimitRange" else None
    given: dict[str, str] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("type") == "Container":
            given |= {str(k): str(v) for k, v in (row.get("default") or {}).items()}
    made = {
        (one.kind, one.name): {
            c.name: c.resources.limits for c in one.spec.template.spec.containers
        }
        for listing in (deployments, daemonsets)
        for one in (listing.items if listing is not None else ())
        if one.namespace == SYSTEM
    }
    shown = pods.items if pods is not None and given else ()
    return [
        pod
        for pod in shown
        if pod.namespace == SYSTEM
        and any(
            key not in made.get(pod.controller or ("", ""), {}).get(part.name, given)
            and part.resources.limits.get(key) == value
            for part in pod.spec.containers
            for key, value in given.items()
        )
    ]


def _refused(event: Event, identity: Identity) -> bool:
    now = identity.collected_at
    old = now is not None and event.last is not None and now - event.last > RECENT
    return event.reason == "FailedCreate" and event.about[1] == SYSTEM and not old
