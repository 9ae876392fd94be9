"""Rows of configuration, access, admission and what extends the API server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.serve.tables.cells import NONE, Obj, age, at, condition, joined

Cells = list[Any]


def config_map(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a ConfigMap."""
    count = len(obj.get("data") or {}) + len(obj.get("binaryData") or {})
    return [at(obj, "metadata.name"), count, age(obj, now)]


def named(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an object of which name and age are all that is shown."""
    return [at(obj, "metadata.name"), age(obj, now)]


def role(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Role or ClusterRole: the time as it is, as the API server shows it."""
    return [at(obj, "metadata.name"), at(obj, "metadata.creationTimestamp")]


def binding(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a RoleBinding or ClusterRoleBinding."""
    subjects: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for subject in obj.get("subjects") or ():
        name = str(subject.get("name"))
        if subject.get("kind") == "ServiceAccount":
            name = f"{subject.get('namespace', '')}/{name}"
        subjects.setdefault(str(subject.get("kind")), []).append(name)
    return [
        at(obj, "metadata.name"),
        f"{at(obj, 'roleRef.kind')}/{at(obj, 'roleRef.name')}",
        age(obj, now),
        *(", ".join(subjects[kind]) for kind in ("User", "Group", "ServiceAccount")),
    ]


def webhooks(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a webhook configuration."""
    return [at(obj, "metadata.name"), len(obj.get("webhooks") or ()), age(obj, now)]


def quota(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a ResourceQuota."""
    hard, used = at(obj, "status.hard", {}), at(obj, "status.used", {})
    texts: dict[bool, list[str]] = {False: [], True: []}
    for name in sorted(hard):
        texts[name.startswith("limits.")].append(f"{name}: {used.get(name, 0)}/{hard[name]}")
    return [
        at(obj, "metadata.name"),
        ", ".join(texts[False]),
        ", ".join(texts[True]),
        age(obj, now),
    ]


def limit_range(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a LimitRange."""
    return [at(obj, "metadata.name"), at(obj, "metadata.creationTimestamp")]


def revision(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a ControllerRevision."""
    owners = at(obj, "metadata.ownerReferences", [])
    owner = next((o for o in owners if o.get("controller")), None)
    shown = NONE
    if owner:
        group = str(owner.get("apiVersion", "")).rpartition("/")[0]
        kind = str(owner.get("kind", "")).lower()
        shown = f"{kind}.{group}/{owner.get('name')}" if group else f"{kind}/{owner.get('name')}"
    return [at(obj, "metadata.name"), shown, str(obj.get("revision", 0)), age(obj, now)]


def definition(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a CustomResourceDefinition."""
    return [at(obj, "metadata.name"), at(obj, "metadata.creationTimestamp")]


def api_service(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an APIService."""
    backend = at(obj, "spec.service", {})
    where = f"{backend.get('namespace')}/{backend.get('name')}" if backend else "Local"
    state = condition(obj, "Available")
    shown = str(state.get("status") or "Unknown")
    if shown != "True" and state.get("reason"):
        shown = f"{shown} ({state['reason']})"
    return [at(obj, "metadata.name"), where, shown, age(obj, now)]


def priority(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a PriorityClass."""
    preempts = obj.get("preemptionPolicy") or "PreemptLowerPriority"
    default = bool(obj.get("globalDefault"))
    return [at(obj, "metadata.name"), obj.get("value", 0), default, age(obj, now), preempts]


def runtime(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a RuntimeClass."""
    return [at(obj, "metadata.name"), obj.get("handler") or "", age(obj, now)]


def signing(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a CertificateSigningRequest."""
    seconds = at(obj, "spec.expirationSeconds", None)
    states = [str(c.get("type")) for c in at(obj, "status.conditions", [])] or ["Pending"]
    if at(obj, "status.certificate"):
        states.append("Issued")
    return [
        at(obj, "metadata.name"),
        age(obj, now),
        at(obj, "spec.signerName") or NONE,
        at(obj, "spec.username"),
        NONE if seconds is None else f"{seconds}s",
        joined(states),
    ]


_HOOKS = ("Name Webhooks# Age", "", webhooks)
_ROLES = ("Name Created_At", "", role)
_BINDINGS = ("Name Role Age", "Users Groups ServiceAccounts", binding)
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
PRINTERS = {
    ("", "configmaps"): ("Name Data Age", "", config_map),
    ("", "serviceaccounts"): ("Name Age", "", named),
    ("", "resourcequotas"): ("Name Request Limit Age", "", quota),
    ("", "limitranges"): ("Name Created_At", "", limit_range),
    ("apps", "controllerrevisions"): ("Name Controller Revision Age", "", revision),
    (_RBAC, "roles"): _ROLES,
    (_RBAC, "clusterroles"): _ROLES,
    (_RBAC, "rolebindings"): _BINDINGS,
    (_RBAC, "clusterrolebindings"): _BINDINGS,
    (_ADMISSION, "mutatingwebhookconfigurations"): _HOOKS,
    (_ADMISSION, "validatingwebhookconfigurations"): _HOOKS,
    ("apiextensions.k8s.io", "customresourcedefinitions"): ("Name Created_At", "", definition),
    ("apiregistration.k8s.io", "apiservices"): ("Name Service Available Age", "", api_service),
    ("scheduling.k8s.io", "priorityclasses"): (
        "Name Value# Global-Default? Age PreemptionPolicy",
        "",
        priority,
    ),
    ("node.k8s.io", "runtimeclasses"): ("Name Handler Age", "", runtime),
    ("certificates.k8s.io", "certificatesigningrequests"): (
        "Name Age SignerName Requestor RequestedDuration Condition",
        "",
        signing,
    ),
}
