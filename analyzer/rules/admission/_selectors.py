"""Whether an admission webhook is asked for AKS's own components.

By its rules with matchPolicy, its selectors and its matchConditions
(https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.markers import whose
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Namespaces, Pods
from analyzer.facts.objects import FullSelector, Pod, SelectorRequirement, Webhook, WebhookRule
from analyzer.rules.admission._conditions import leaves_system_out

SYSTEM = "kube-system"
#: What kube-system is labelled with in AKS, where the listing of namespaces is missing.
_SYSTEM_LABELS = {"kubernetes.io/metadata.name": SYSTEM, "control-plane": "true"}

#: Resources whose creation keeps a component from running.
_RUNS = {"pods": "", "replicasets": "apps", "daemonsets": "apps", "deployments": "apps"}
_ALL = frozenset({"*", "*/*"})
#: In these groups, too, the same objects were served: matchPolicy Equivalent takes them for one.
_OLDER_GROUPS = frozenset({"extensions"})
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


@dataclass(frozen=True)
class System:
    """kube-system as a webhook sees it: its labels, and the managed pods in it.

    ``pods`` is None where they were not listed.
    """

    labels: Mapping[str, str]
    pods: tuple[Pod, ...] | None
    catalogue: Catalogue
    identity: Identity

    def reached_by(self, webhook: Webhook) -> bool:
        """True if the webhook is asked when AKS makes or changes its components.

        A condition that cannot be read speaks against it: nothing is claimed then.
        """
        asked = any(_takes_in(rule, webhook) for rule in webhook.rules)
        if not asked or not selects(webhook.namespace_selector, self.labels):
            return False
        conditions = [leaves_system_out(one.expression) for one in webhook.match_conditions]
        return all(one is False for one in conditions) and self._objects(webhook.object_selector)

    def _objects(self, selector: FullSelector) -> bool:
        """True if the selector takes in a managed object; without pods, if it asks for no label."""
        if not selector.match_labels and not selector.match_expressions:
            return True
        if self.pods is not None:
            return any(
                selects(selector, pod.metadata.labels)
                and whose(pod, self.catalogue, self.identity).managed
                for pod in self.pods
            )
        return not selector.match_labels and not any(
            one.operator in ("In", "Exists") for one in selector.match_expressions
        )


def system_of(
    namespaces: Namespaces | None, pods: Pods | None, catalogue: Catalogue, identity: Identity
) -> System:
    """kube-system by what the bundle shows of it."""
    shown = None if pods is None else tuple(p for p in pods.items if p.namespace == SYSTEM)
    return System(system_labels(namespaces), shown or None, catalogue, identity)


def _takes_in(rule: WebhookRule, webhook: Webhook) -> bool:
    """True if a rule takes in pods or what makes them, in the versions that are served today."""
    writes = not rule.operations or bool(_WRITES & set(rule.operations))
    if rule.scope == "Cluster" or not writes:
        return False
    exact = webhook.match_policy == "Exact"
    if exact and rule.api_versions and not {"*", "v1"} & set(rule.api_versions):
        return False
    groups = set(rule.api_groups) or {"*"}
    if not exact and _OLDER_GROUPS & groups:
        groups.add("apps")
    every = not rule.resources or bool(_ALL & set(rule.resources))
    return any(
        (every or resource in rule.resources) and ("*" in groups or group in groups)
        for resource, group in _RUNS.items()
    )


def system_labels(namespaces: Namespaces | None) -> Mapping[str, str]:
    """The labels of kube-system, as they are shown or as AKS sets them."""
    for item in namespaces.items if namespaces is not None else ():
        if item.name == SYSTEM:
            return item.metadata.labels
    return _SYSTEM_LABELS
