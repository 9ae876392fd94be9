"""The rights of a managed component were changed by someone other than AKS.

What it means:
  Rules of a cluster role, or the subjects of a binding, that AKS installs for one of its components
  were written by somebody else.
Why it matters:
  With fewer rights the component fails in places far from the change; with more it is a way to
  rights that nobody granted. AKS puts its own state back at some update.
How we know:
  The managed fields of cluster roles and bindings that belong to a component of AKS by name, labels
  and writer. Roles that Kubernetes itself keeps are left out, and so are added labels.
What to do:
  customer: Undo the change (az aks update -g <resource group> -n <cluster> lets AKS write its own
    state), and give additional rights with roles and bindings of your own.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Role bindings: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change
from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.schema import Component
from analyzer.facts.identity import Identity
from analyzer.facts.listings import ClusterRoleBindings, ClusterRoles
from analyzer.facts.objects import Role, RoleBinding
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.rules.access._support_role import BINDING, ROLE, foreign_changes
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-RBAC-002",
    title="The rights of a managed component were changed by someone other than AKS",
    component="managed-component",
    clauses=("MGD-06",),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)


def check(
    roles: ClusterRoles,
    bindings: ClusterRoleBindings | None,
    baseline: Baseline,
    identity: Identity,
) -> Iterator[Hit]:
    not_shown: NotCollected | None = None
    granted: tuple[RoleBinding, ...] = bindings.items if bindings is not None else ()
    objects: tuple[Role | RoleBinding, ...] = (*roles.items, *granted)
    for obj in objects:
        component = component_of(obj, baseline.catalogue)
        if component is None or obj.name in (ROLE, BINDING):
            continue
        if not whose(obj, baseline.catalogue, identity).managed:
            continue
        try:
            yield from _of(obj, component)
        except NotCollected as gap:
            not_shown = gap
    if not_shown is not None:
        raise not_shown
    (bindings or ClusterRoleBindings()).require()


def _of(obj: Role | RoleBinding, component: Component) -> Iterator[Hit]:
    found = _rights(foreign_changes(obj, component))
    if found:
        stranger = all(change.kind == "unknown" for change, _ in found)
        yield _hit(obj, component, found, stranger=stranger)


def _rights(found: tuple[Change, ...]) -> tuple[tuple[Change, str], ...]:
    return tuple(
        (change, field)
        for change in found
        for field in change.fields
        if field.startswith(("rules", "subjects", "roleRef", "aggregationRule"))
    )


def _hit(
    obj: Role | RoleBinding,
    component: Component,
    found: tuple[tuple[Change, str], ...],
    *,
    stranger: bool,
) -> Hit:
    authors = ", ".join(dict.fromkeys(str(change) for change, _ in found))
    fields = ", ".join(dict.fromkeys(f"`{field}`" for _, field in found))
    return Hit(
        subject=obj.subject,
        title=f"{obj.subject.kind} {obj.name} of {component.name} was changed",
        component=component.id,
        saw=f"{fields} was written by {authors}.",
        expected=f"The rights that AKS gives {component.name}.",
        evidence=tuple(obj.where(f"manager: {change.manager}") for change, _ in found[:3]),
        variant="unknown-author" if stranger else "default",
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN if stranger else Signal.CHANGED_BY_CUSTOMER}),
        drift=tuple(_row(obj, change, field) for change, field in found),
        first_seen=min((change.time for change, _ in found if change.time), default=None),
        produces=frozenset() if stranger else None,
    )


def _row(obj: Role | RoleBinding, change: Change, field: str) -> DriftRow:
    return DriftRow(
        path=field,
        expected="as AKS set it",
        actual=_now(obj, field),
        changed_by=change.manager or change.tool,
        changed_at=change.time,
    )


def _now(obj: Role | RoleBinding, field: str) -> str:
    """The present value in a few words; a role has too many rules to show."""
    if isinstance(obj, Role):
        return f"{len(obj.rules)} rules"
    if field.startswith("roleRef"):
        return str(obj.role_ref.get("name") or "not shown")
    return ", ".join(str(subject.get("name")) for subject in obj.subjects) or "nobody"
