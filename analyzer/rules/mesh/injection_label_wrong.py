"""A namespace asks for a mesh sidecar that nothing injects.

What it means:
  The namespace's label names an Istio revision that is not in the cluster, or is the label of
  upstream Istio (istio-injection), which AKS's Istio add-on does not go by.
Why it matters:
  New pods start without the sidecar, and are outside of the mesh: mutual TLS then refuses them.
How we know:
  The namespace's label against the revisions of the mutating webhooks. The label istio-injection
  counts only where AKS's add-on is the one mesh in the cluster.
What to do:
  customer: Label the namespace with the revision that runs (kubectl label namespace NAME
    istio.io/rev=asm-X-Y --overwrite; az aks show tells it), and restart its workloads.
References:
  - Istio add-on: https://learn.microsoft.com/azure/aks/istio-deploy-addon
  - Upgrade of the add-on: https://learn.microsoft.com/azure/aks/istio-upgrade
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import MutatingWebhooks, Namespaces
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-MESH-001",
    title="A namespace asks for a mesh sidecar that nothing injects",
    component="istio",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_OPERATION}),
)

_ADDON = "aks-istio-system"
_REVISION, _INJECTION = "istio.io/rev", "istio-injection"


def check(namespaces: Namespaces, webhooks: MutatingWebhooks, identity: Identity) -> Iterator[Hit]:
    revisions = {
        rev for item in webhooks.items for key in (_REVISION, "istio.io/tag")
        if (rev := item.metadata.labels.get(key))
    }  # fmt: skip
    addon = any(item.name == _ADDON for item in namespaces.items)
    if not revisions and not addon:
        raise NotApplicable("no Istio is in the cluster")
    only_addon = addon and all(rev.startswith("asm-") for rev in revisions)
    for item in namespaces.items:
        wanted = item.metadata.labels.get(_REVISION, "")
        old = item.metadata.labels.get(_INJECTION) == "enabled"
        if wanted and wanted not in revisions:
            key, why = _REVISION, f"asks for revision {wanted}"
        elif old and not wanted and only_addon:
            key, why = _INJECTION, f"carries {_INJECTION}=enabled, which the add-on does not go by"
        else:
            continue
        there = ", ".join(sorted(revisions)) or "none"
        yield Hit(
            subject=item.subject,
            title=f"Namespace {item.name} asks for a mesh sidecar that nothing injects",
            saw=f"It {why}; the revisions in the cluster are {there}.",
            expected="The label of a revision that runs.",
            evidence=(item.where(key), webhooks.listing(what="the webhooks that inject")),
            last_seen=identity.collected_at,
        )
