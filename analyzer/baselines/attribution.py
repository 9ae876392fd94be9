"""Who changed an object: managed fields read as a list of changes, and which are the customer's."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from analyzer.baselines.fields import field_paths
from analyzer.baselines.managers import Kind, manager_of, provenance
from analyzer.baselines.object_kind import kind_of
from analyzer.baselines.schema import Component
from analyzer.facts.kube import KubeObject, ManagedField, Meta
from analyzer.model.gap import Gap, NotCollected, Presence

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
#: Domains of metadata keys that AKS or Kubernetes writes; a customer's own labels are no change.
_SYSTEM_DOMAINS = ("azure.com", "kubernetes.io", "k8s.io", "fluxcd.io", "helm.sh")
_SYSTEM_KEYS = frozenset(
    {"control-plane", "k8s-app", "component", "tier", "agentpool", "storageprofile", "storagetier",
     "admissions.enforcer/disabled", "accelerator"}
)  # fmt: skip
#: Of other objects than nodes: keys by which AKS marks what is its own. Anyone may add metadata,
#: also in the domains of Kubernetes (``app.kubernetes.io/part-of``), so that those say nothing.
_AKS_DOMAINS = (
    "azure.com", "addonmanager.kubernetes.io", "helm.toolkit.fluxcd.io", "meta.helm.sh",
)  # fmt: skip
_AKS_KEYS = frozenset(
    {"kubernetes.io/cluster-service", "app.kubernetes.io/managed-by", "control-plane",
     "app.kubernetes.io/actually-managed-by"}
)  # fmt: skip
#: Names that AKS's add-on manager and its Helm have used, and people use too.
EARLIER_MACHINERY = frozenset({"kubectl-client-side-apply", "kubectl", "helm", "helm-controller"})
#: What was there before the first server-side apply, whoever had written it.
_NOBODY = "before-first-apply"
#: Written by tools in passing, or by ``kubectl rollout restart``: no change of the component.
_HARMLESS = (
    f"metadata.annotations[{_LAST_APPLIED}]",
    "spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]",
    "metadata.annotations[deployment.kubernetes.io/revision]",
    "metadata.annotations[kubernetes.io/change-cause]",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of ``managedFields``: who owns which fields since when.

    ``fields`` are readable paths (:func:`analyzer.baselines.fields.field_paths`); ``time`` is when
    the manager last changed any of them; ``kind`` says for whom it works, ``tool`` what it is.
    """

    manager: str
    operation: str
    subresource: str
    time: datetime | None
    fields: tuple[str, ...]
    kind: Kind
    tool: str

    def __str__(self) -> str:
        """``kubectl edit (kubectl-edit) at 2026-11-18T09:12:00Z``."""
        when = f" at {self.time:%Y-%m-%dT%H:%M:%SZ}" if self.time else ""
        return f"{self.tool} ({self.manager}){when}" if self.manager else f"{self.tool}{when}"


def changes(obj: KubeObject) -> tuple[Change, ...]:
    """All entries of the object's managed fields, in their order.

    Raises:
        NotCollected: the listing does not show managed fields.
    """
    known = _READ.get(id(obj.metadata))
    if known is not None and known[0]() is obj.metadata:
        return known[1]
    found = _read(obj)
    _READ[id(obj.metadata)] = (weakref.ref(obj.metadata), found)
    weakref.finalize(obj.metadata, _READ.pop, id(obj.metadata), None)
    return found


#: Changes that were read already, by the metadata that they stand in: many rules ask for the same.
_READ: dict[int, tuple[weakref.ref[Meta], tuple[Change, ...]]] = {}


def _read(obj: KubeObject) -> tuple[Change, ...]:
    entries = _managed_fields(obj)
    writers = [entry.manager for entry in entries]
    by = provenance(obj.metadata.labels, obj.metadata.annotations, writers)
    found = []
    for entry in entries:
        kind, tool = manager_of(entry.manager, entry.operation, entry.subresource, by)
        found.append(
            Change(
                manager=entry.manager,
                operation=entry.operation,
                subresource=entry.subresource,
                time=entry.time,
                fields=field_paths(entry.fields_v1),
                kind=kind,
                tool=tool,
            )
        )
    if not by.by_aks:
        return tuple(found)
    return tuple(_of_earlier_machinery(change, found) for change in found)


def _of_earlier_machinery(change: Change, found: list[Change]) -> Change:
    """Give a change back to AKS where its machinery of before left it.

    AKS moved its objects from the add-on manager (``kubectl apply``, once plain ``kubectl``) to
    Helm and to Eno; the entries of before stay in the list. AKS has written the object since then,
    so that a person's change of that time would be gone.
    """
    if change.kind != "customer" or change.subresource or change.manager not in EARLIER_MACHINERY:
        return change
    newest = max((c.time for c in found if c.time and _by_machinery(c)), default=None)
    if newest is None or change.time is None or change.time >= newest:
        return change
    return replace(change, kind="aks", tool="AKS, by its machinery of before")


def _by_machinery(change: Change) -> bool:
    """True for what applies AKS's objects as a whole, unlike scalers and controllers of AKS."""
    applies = change.operation == "Apply" or change.manager.lower().startswith("eno")
    return (
        change.kind == "aks"
        and not change.subresource
        and (applies or change.manager in EARLIER_MACHINERY)
    )


def customer_changes(obj: KubeObject, component: Component | None) -> tuple[Change, ...]:
    """Changes by tools of the customer that touch what AKS manages and no allowance covers.

    ``fields`` of each holds only the fields that count. The customer's own labels and annotations,
    a rollout restart, status, and what ``component.customer_may`` allows are left out.

    Raises:
        NotCollected: the listing does not show managed fields, so nothing can be said.
    """
    return _relevant(obj, component, "customer")


def unknown_changes(obj: KubeObject, component: Component | None) -> tuple[Change, ...]:
    """As :func:`customer_changes`, by managers that nobody knows.

    Raises:
        NotCollected: the listing does not show managed fields, so nothing can be said.
    """
    return _relevant(obj, component, "unknown")


def allowed_changes(obj: KubeObject, component: Component) -> tuple[Change, ...]:
    """Changes by tools of the customer in fields that AKS leaves to the customer.

    Raises:
        NotCollected: the listing does not show managed fields, so nothing can be said.
    """
    found = []
    for change in changes(obj):
        fields = tuple(f for f in change.fields if _allowed(obj, component, f))
        if change.kind == "customer" and change.subresource != "status" and fields:
            found.append(_with_fields(change, fields))
    return tuple(found)


def last_applied(obj: KubeObject) -> bool:
    """True if ``kubectl apply`` without ``--server-side`` wrote the object at least once."""
    return _LAST_APPLIED in obj.metadata.annotations


def author_of(path: str, found: Iterable[Change]) -> Change | None:
    """The change that owns a field path: the longest field at or above it, then the newest."""
    owners = [
        (len(field), change.time.timestamp() if change.time else 0.0, position, change)
        for position, change in enumerate(found)
        for field in change.fields
        if path == field or path.startswith((f"{field}.", f"{field}["))
    ]
    return max(owners, key=lambda row: row[:3])[3] if owners else None


def _relevant(obj: KubeObject, component: Component | None, kind: Kind) -> tuple[Change, ...]:
    found = []
    for change in changes(obj):
        if change.kind != kind or change.subresource == "status" or change.manager == _NOBODY:
            continue
        fields = tuple(field for field in change.fields if _counts(obj, component, field))
        if fields:
            found.append(_with_fields(change, fields))
    return tuple(found)


def _with_fields(change: Change, fields: tuple[str, ...]) -> Change:
    return replace(change, fields=fields)


def _counts(obj: KubeObject, component: Component | None, field: str) -> bool:
    if field in _HARMLESS or field.startswith(("status", "metadata.finalizers")):
        return False
    if component is not None and _allowed(obj, component, field):
        return False
    if kind_of(obj) == "Node" and field.startswith("spec."):
        return False  # cordons and taints are the everyday work of whoever runs the cluster
    if not field.startswith("metadata."):
        return True
    key = _metadata_key(field)
    if key is None:
        return False
    if kind_of(obj) == "Node":
        return system_key(key)
    return aks_key(key) or (component is not None and key in component.labels)


def aks_key(key: str) -> bool:
    """True for a label or annotation key that AKS's machinery puts on its own objects."""
    return key in _AKS_KEYS or key.partition("/")[0].endswith(_AKS_DOMAINS)


def system_key(key: str) -> bool:
    """True for a label or annotation key in the domains of AKS, Kubernetes, Flux and Helm."""
    domain, slash, _ = key.partition("/")
    return key in _SYSTEM_KEYS or bool(slash and domain.endswith(_SYSTEM_DOMAINS))


def _metadata_key(field: str) -> str | None:
    """The label or annotation key of a metadata path; None for anything else."""
    for part in ("metadata.labels", "metadata.annotations"):
        if field.startswith(part) and field != part:
            return field[len(part) :].strip(".[]")
    return None


def _allowed(obj: KubeObject, component: Component, field: str) -> bool:
    for rule in component.customer_may:
        if rule.object and not _same_object(rule.object, obj):
            continue
        if not rule.object and not rule.keys:
            continue  # a setting in Azure: it is no change of an object
        if not rule.keys or any(_fits(field, key) for key in rule.keys):
            return True
    return False


def _fits(field: str, key: str) -> bool:
    """A key glob against a path: ``data.*.server`` covers ``data[example.server]``."""
    plain = field.replace("[", ".").replace("]", "")
    glob = key.replace("[", ".").replace("]", "")
    return fnmatchcase(plain, glob)


def _same_object(rule: str, obj: KubeObject) -> bool:
    kind, namespace, name = (*rule.split("/", 2), "", "")[:3]
    return (
        kind_of(obj) == kind
        and fnmatchcase(obj.namespace or "", namespace)
        and fnmatchcase(obj.name, name)
    )


def _managed_fields(obj: KubeObject) -> tuple[ManagedField, ...]:
    fields: tuple[ManagedField, ...] | None = getattr(obj.metadata, "managed_fields", None)
    if fields is None:
        detail = f"the managed fields of {obj.subject} are not shown"
        path = obj.path or str(obj.subject)
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED, detail=detail))
    return fields
