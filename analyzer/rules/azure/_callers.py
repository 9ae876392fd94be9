"""Who stands behind a row of the Azure activity log: AKS, the cluster's identity, or somebody else.

The claims of a row are those of the caller's token
(https://learn.microsoft.com/azure/azure-monitor/platform/activity-log-schema): ``appid`` is the
application, ``xms_mirid`` the resource of a managed identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import NotCollected

#: The application "Azure Kubernetes Service AzureContainerService", the same in every tenant.
AKS_APPS = frozenset({"7319c514-987d-4e9b-ac3d-d38c4f427f4c"})
_AKS_NAMES = frozenset({"azurecontainerservice", "azure kubernetes service", "aks-remediator"})
_OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_GUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
#: Fields of the managed cluster that name an identity of the cluster, at any depth.
_ID_FIELDS = frozenset({"clientid", "principalid", "objectid", "resourceid"})


class Who(StrEnum):
    """On whose behalf a row was written."""

    #: AKS itself, or the cluster in its own name (cloud provider, autoscaler, CSI drivers).
    AKS = "aks"
    #: A person: an account with a user name.
    PERSON = "person"
    #: An application or identity that is not one of the cluster's.
    APPLICATION = "application"
    #: An assignment of Azure Policy; what it leaves is judged by itself.
    POLICY = "policy"
    #: Cannot be told.
    UNKNOWN = "unknown"


def own_ids(azure: AzureExports) -> frozenset[str]:
    """Ids and resource ids of the cluster's identities, in lower case; empty without the export."""
    try:
        cluster = azure.get("managed-cluster")
    except NotCollected:
        return frozenset()
    if not isinstance(cluster, dict):
        return frozenset()
    found = set(_ids(cluster))
    assigned = (cluster.get("identity") or {}).get("userAssignedIdentities") or {}
    found.update(str(key).lower() for key in assigned)
    return frozenset(found - {"", "msi", "none"})


def who_wrote(row: Mapping[str, Any], own: frozenset[str]) -> Who:
    """Whose a row is. A bare id without claims, or with no identity to compare, stays unknown."""
    claims = row.get("claims")
    claims = claims if isinstance(claims, dict) else {}
    caller = str(row.get("caller") or "").lower()
    app = str(claims.get("appid") or "").lower()
    ids = {caller, app, str(claims.get(_OBJECT_ID) or "").lower()} - {""}
    resource = str(claims.get("xms_mirid") or "").lower()
    if app in AKS_APPS or caller in AKS_APPS or caller in _AKS_NAMES or ids & own:
        return Who.AKS
    if resource and (resource in own or "/microsoft.containerservice/managedclusters/" in resource):
        return Who.AKS
    if "/microsoft.authorization/policyassignments/" in resource:
        return Who.POLICY
    if "@" in caller:
        return Who.PERSON
    if _GUID.match(caller) and own and (_GUID.match(app) or resource):
        return Who.APPLICATION
    return Who.UNKNOWN


def _ids(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.lower() in _ID_FIELDS and isinstance(inner, str):
                yield inner.lower()
            else:
                yield from _ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _ids(inner)
