"""The role or binding by which Microsoft supports the cluster is gone or changed.

What it means:
  AKS puts the role aks-service and its binding into every cluster. With the customer's consent,
  and while a support request is open, Microsoft reads the cluster through them.
Why it matters:
  Nothing in the cluster breaks, but Microsoft cannot look at it when help is asked for.
How we know:
  The complete lists of cluster roles and their bindings, the binding's role and users, and the
  managed fields of both. The rules of the role change with AKS releases and are not compared. Who
  removed an object is not shown in a cluster.
What to do:
  customer: Let AKS put them back (az aks update -g <resource group> -n <cluster>), and leave
    objects of that name out of clean-up scripts and policies.
  microsoft: Check that the add-on manager of the cluster applies its roles.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Role bindings: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.baselines.attribution import Change
from analyzer.baselines.drift import with_authors
from analyzer.baselines.projections import binding_rows
from analyzer.facts.listings import ClusterRoleBindings, ClusterRoles
from analyzer.facts.objects import Role, RoleBinding
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow
from analyzer.model.subject import Subject
from analyzer.rules.access._support_role import BINDING, ROLE, foreign_changes
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-RBAC-001",
    title="The role or binding by which Microsoft supports the cluster is gone or changed",
    component="aks-rbac",
    clauses=("SUP-11", "MGD-06"),
    signals=frozenset({Signal.MANAGED_COMPONENT}),
)


def check(roles: ClusterRoles | None, bindings: ClusterRoleBindings | None) -> Iterator[Hit]:
    missing: list[NotCollected] = []
    gone: list[Hit] = []
    places = ((roles or ClusterRoles(), ROLE), (bindings or ClusterRoleBindings(), BINDING))
    for listing, name in places:
        try:
            found = listing.get(None, name)
            if found is None:
                gone.append(_gone(listing, name))
            else:
                yield from _changed(found)
        except NotCollected as gap:
            missing.append(gap)
    for hit in gone:
        # a cluster in which neither was ever applied looks the same: that is told with less weight
        yield replace(hit, variant="both" if len(gone) == len(places) else "default")
    if missing:
        raise NotCollected(*(gap for one in missing for gap in one.gaps))


def _gone(listing: ClusterRoles | ClusterRoleBindings, name: str) -> Hit:
    if not listing.items:
        raise NotCollected(*listing.gaps)
    what = f"all {listing.kind} objects: {name} is not among them"
    return Hit(
        subject=Subject(kind=listing.kind, name=name),
        title=f"{listing.kind} {name}, by which Microsoft supports the cluster, is gone",
        saw=f"The complete list of {len(listing.items)} {listing.kind} objects has no {name}.",
        expected=f"AKS puts {name} into every cluster.",
        evidence=(listing.listing(what=what),),
        signals=frozenset({Signal.CHANGED_BY_UNKNOWN}),
    )


def _changed(found: Role | RoleBinding) -> Iterator[Hit]:
    """A binding to another role or other users, or fields that a tool of the customer wrote."""
    rows = binding_rows(found) if isinstance(found, RoleBinding) else ()
    unseen: NotCollected | None = None
    changes: tuple[Change, ...] = ()
    try:
        changes = foreign_changes(found, None)
    except NotCollected as gap:
        unseen = gap
    if rows or changes:
        yield _hit(found, rows, changes)
    if unseen is not None:
        raise unseen


def _hit(found: Role | RoleBinding, rows: tuple[DriftRow, ...], changes: tuple[Change, ...]) -> Hit:
    fields = tuple(dict.fromkeys(field for change in changes for field in change.fields))
    written = f"{', '.join(map(str, changes))} wrote {', '.join(fields[:3])}." if changes else ""
    known = any(change.kind == "customer" for change in changes)
    differs = "; ".join(f"{row.path} is {row.actual} and not {row.expected}" for row in rows)
    return Hit(
        subject=found.subject,
        title=f"{found.name}, by which Microsoft supports the cluster, was changed",
        saw=f"{differs}. {written}".strip(". ") + ".",
        expected="As AKS installs it, bound to AKS's own identity.",
        evidence=(found.where(f"manager: {changes[0].manager}"),)
        if changes
        else (found.where("roleRef"),),
        variant="changed",
        signals=frozenset({Signal.CHANGED_BY_CUSTOMER if known else Signal.CHANGED_BY_UNKNOWN}),
        drift=with_authors(rows, changes),
        first_seen=min((change.time for change in changes if change.time), default=None),
    )
