"""Which namespaces and objects an admission webhook sees, by its selectors and rules."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.facts.listings import Namespaces
from analyzer.facts.objects import FullSelector, SelectorRequirement, Webhook

SYSTEM = "kube-system"
#: What kube-system is labelled with in AKS, where the listing of namespaces is missing.
_SYSTEM_LABELS = {"kubernetes.io/metadata.name": SYSTEM, "control-plane": "true"}

#: Resources whose creation keeps a component from running.
_RUNS = frozenset({"*", "*/*", "pods", "replicasets", "daemonsets", "deployments"})
_WRITES = frozenset({"*", "CREATE", "UPDATE"})


def selects(selector: FullSelector, labels: Mapping[str, str]) -> bool:
    """True where a label selector holds (kubernetes.io, "Labels and Selectors")."""
    matched = all(labels.get(key) == value for key, value in selector.match_labels.items())
    return matched and all(_holds(one, labels) for one in selector.match_expressions)


def _holds(one: SelectorRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(one.key)
    if one.operator == "In":
        return value in one.values
    if one.operator == "NotIn":
        return value not in one.values
    if one.operator == "Exists":
        return value is not None
    return value is None  # DoesNotExist


def blocks_components(webhook: Webhook) -> bool:
    """True if the webhook is asked for pods (or their controllers) that carry no label for it.

    An object selector that asks for a label is taken to leave managed objects out.
    """
    asked = any(
        (not rule.resources or _RUNS & set(rule.resources))
        and (not rule.operations or _WRITES & set(rule.operations))
        and rule.scope != "Cluster"
        for rule in webhook.rules
    )
    wants_label = bool(webhook.object_selector.match_labels) or any(
        one.operator in ("In", "Exists") for one in webhook.object_selector.match_expressions
    )
    return asked and not wants_label


def system_labels(namespaces: Namespaces | None) -> Mapping[str, str]:
    """The labels of kube-system, as they are shown or as AKS sets them."""
    for item in namespaces.items if namespaces is not None else ():
        if item.name == SYSTEM:
            return item.metadata.labels
    return _SYSTEM_LABELS
