"""A webhook of the customer put containers into pods of AKS's components.

What it means:
  Pods of a managed component run a container that is not in the component's own specification: a
  mutating webhook added it while the pod was made, as service meshes and agents do.
Why it matters:
  The component does not run as Microsoft ships it; a sidecar can take its traffic away or keep it
  from starting.
How we know:
  The containers of the pod against those of the Deployment or DaemonSet that made it, of which none
  has such a container, and an image that is not from Microsoft's registry. The customer's mutating
  webhooks that take in the namespace are named.
What to do:
  customer: Leave AKS's namespaces out of the webhook's namespaceSelector, and restart the component
    (kubectl rollout restart).
References:
  - Webhooks and AKS's own namespaces: https://learn.microsoft.com/azure/aks/faq
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, is_managed_namespace, whose
from analyzer.facts.cnis import is_microsoft_image
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets, Deployments, MutatingWebhooks, Pods
from analyzer.facts.objects import Pod, Workload
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-ADM-003",
    title="A webhook of the customer put containers into pods of AKS's components",
    component="admission-webhook",
    clauses=("MGD-06", "FAQ-02"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)

Key = tuple[str, str | None, str]


def check(
    pods: Pods,
    identity: Identity,
    baseline: Baseline,
    deployments: Deployments,
    daemonsets: DaemonSets,
    webhooks: MutatingWebhooks | None,
) -> Iterator[Hit]:
    made: dict[Key, Workload] = {
        (item.kind, item.namespace, item.name): item
        for item in (*deployments.items, *daemonsets.items)
    }
    found: dict[Key, list[tuple[Pod, list[str]]]] = {}
    for pod in pods.items:
        if not is_managed_namespace(pod.namespace) or pod.controller is None:
            continue
        kind, name = pod.controller
        owner = made.get((kind, pod.namespace, name))
        extra = _extra(pod, owner) if owner is not None else []
        if extra and whose(pod, baseline.catalogue, identity).managed:
            found.setdefault((kind, pod.namespace, name), []).append((pod, extra))
    for key, rows in sorted(found.items(), key=lambda row: str(row[0])):
        yield _hit(key, rows, _injectors(webhooks, baseline, identity), baseline, identity)


def _extra(pod: Pod, owner: Workload) -> list[str]:
    """Containers that the specification does not have, with images from elsewhere."""
    spec = owner.spec.template.spec
    known = {c.name for c in (*spec.init_containers, *spec.containers)}
    return [
        f"{c.name} ({c.image})"
        for c in (*pod.spec.init_containers, *pod.spec.containers)
        if c.name not in known and not is_microsoft_image(c.image)
    ]


def _injectors(
    webhooks: MutatingWebhooks | None, baseline: Baseline, identity: Identity
) -> list[str]:
    """The customer's mutating webhooks that are asked for pods."""
    return [
        item.name
        for item in (webhooks.items if webhooks is not None else ())
        if not whose(item, baseline.catalogue, identity).managed
        and any("pods" in r.resources or "*" in r.resources for w in item.webhooks for r in w.rules)
    ]


def _hit(
    key: Key,
    rows: list[tuple[Pod, list[str]]],
    injectors: list[str],
    baseline: Baseline,
    identity: Identity,
) -> Hit:
    kind, namespace, name = key
    pod, extra = rows[0]
    component = component_of(pod, baseline.catalogue)
    by = f" Mutating webhooks of the customer: {', '.join(injectors[:5])}." if injectors else ""
    who = Signal.CHANGED_BY_CUSTOMER if injectors else Signal.CHANGED_BY_UNKNOWN
    return Hit(
        subject=Subject(kind=kind, namespace=namespace, name=name),
        title=f"Pods of {namespace}/{name} run containers that AKS did not put there",
        component=component.id if component is not None else None,
        saw=f"{len(rows)} pods have {', '.join(extra[:3])}, which its specification has not.{by}",
        expected="The containers of the specification and no others.",
        evidence=(pod.where(f"name: {extra[0].split(' ', 1)[0]}"),),
        signals=frozenset({who}),
        affects=tuple(
            Subject(kind="Pod", namespace=p.namespace, name=p.name, node=p.spec.node_name)
            for p, _ in rows
        ),
        first_seen=min(
            (p.metadata.creation_timestamp for p, _ in rows if p.metadata.creation_timestamp),
            default=None,
        ),
        last_seen=identity.collected_at,
        count=len(rows),
    )
