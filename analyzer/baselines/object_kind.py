"""The kind of an object, also where its listing left it out."""

from __future__ import annotations

import re

from analyzer.facts.kube import KubeObject

#: Lists of typed clients (and ``kubectl cluster-info dump``) name the kind once or not at all; the
#: member's name tells the resource then.
_RESOURCES = {
    "deployments": "Deployment",
    "daemonsets": "DaemonSet",
    "statefulsets": "StatefulSet",
    "replicasets": "ReplicaSet",
    "jobs": "Job",
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "mutatingwebhookconfigurations": "MutatingWebhookConfiguration",
    "validatingwebhookconfigurations": "ValidatingWebhookConfiguration",
}
#: Models that stand for several kinds.
_SHARED = frozenset({"Workload", "Role", "RoleBinding", "WebhookConfiguration", "AnyObject"})
_WORD = re.compile(r"[a-z]+")


def kind_of(obj: KubeObject) -> str:
    """``kind`` as the object says it; else by its model or the member in which it was found."""
    model = type(obj).__name__
    if obj.kind or model not in _SHARED:
        return obj.kind or model
    for word in _WORD.findall(obj.path.lower()):
        if word in _RESOURCES:
            return _RESOURCES[word]
    return model
