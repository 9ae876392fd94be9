"""The role by which Microsoft supports a cluster, its binding, and who wrote AKS's own rights."""

from __future__ import annotations

from analyzer.baselines.attribution import (
    EARLIER_MACHINERY,
    Change,
    changes,
    customer_changes,
    unknown_changes,
)
from analyzer.baselines.schema import Component
from analyzer.facts.objects import Role, RoleBinding

ROLE, BINDING = "aks-service", "aks-service-rolebinding"


def foreign_changes(obj: Role | RoleBinding, component: Component | None) -> tuple[Change, ...]:
    """Changes by tools of the customer, else by strangers.

    An object that ``kubectl apply`` or Helm wrote as a whole is left out: its managed fields cannot
    tell AKS's older machinery from a person.

    Raises:
        NotCollected: the managed fields are not shown.
    """
    written = [change for change in changes(obj) if change.subresource != "status"]
    main = max(written, key=lambda change: len(change.fields), default=None)
    if main is None or main.kind == "unknown":
        return ()
    if main.kind == "customer" and main.manager in EARLIER_MACHINERY:
        return ()
    return customer_changes(obj, component) or unknown_changes(obj, component)
