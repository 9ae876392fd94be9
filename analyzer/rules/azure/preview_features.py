"""The cluster uses a preview feature.

What it means:
  The subscription has feature flags of AKS registered, and a setting of this cluster or of a pool
  needs one of them.
Why it matters:
  What is in preview gets best effort, in business hours, and is not meant for production. It does
  not touch the support of the rest of the cluster.
How we know:
  The registered features in their export, against the settings of the cluster and its pools that
  need a flag. Flags that nothing here uses, or whose use no setting shows, are only counted.
What to do:
  customer: Leave the preview where the cluster is used in production, or take it up with support
    as best effort.
  microsoft: Best effort for what stays within the preview.
References:
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Preview features: https://learn.microsoft.com/azure/azure-resource-manager/management/preview-features
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import NotCollected
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._cluster import cluster_of, word
from analyzer.rules.azure._sets import inside

RULE = Rule(
    id="AKS-PRE-001",
    title="The cluster uses a preview feature",
    component="preview-features",
    clauses=("PRE-02", "PRE-04"),
    signals=frozenset({Signal.PREVIEW_FEATURE}),
)

#: Flags in preview, with the setting that needs each: where it stands, and the value (any for "").
#: Source: the pages of learn.microsoft.com/azure/aks that tell to register them (August 2026).
_OF_CLUSTER = {
    "IMDSRestrictionPreview": ("networkProfile.podLinkLocalAccess", "none"),
    "KubeProxyConfigurationPreview": ("networkProfile.kubeProxyConfig", ""),
    "EnableImageIntegrityPreview": ("securityProfile.imageIntegrity.enabled", "true"),
}
_OF_POOL = {
    "AKSFlatcarPreview": ("osSku", "flatcar"),
    "AzureLinuxOSGuardPreview": ("osSku", "azurelinuxosguard"),
    "KataCcIsolationPreview": ("workloadRuntime", "kataccisolation"),
    "DisableSSHPreview": ("securityProfile.sshAccess", "disabled"),
}


def check(azure: AzureExports | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    registered = sorted(
        str(row.get("name") or "").rpartition("/")[2]
        for row in exports.rows("features")
        if word(inside(row, "properties", "state")) == "registered"
    )
    cluster = cluster_of(exports)
    pools = _pools(exports, cluster)
    used = {name: place for name in registered if (place := _use(name, cluster, pools))}
    if used:
        shown = "; ".join(f"{name} ({place})" for name, place in sorted(used.items()))
        yield Hit(
            subject=CLUSTER,
            title=f"The cluster uses preview features: {', '.join(sorted(used))}",
            saw=f"Registered in the subscription and used by this cluster: {shown}. "
            f"{len(registered) - len(used)} other flags of AKS are registered.",
            expected="A cluster in production uses no feature that is in preview.",
            evidence=tuple(
                exports.where("features", f"name: Microsoft.ContainerService/{name}")
                for name in sorted(used)[:4]
            ),
        )


def _pools(azure: AzureExports, cluster: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    try:
        return azure.rows("agent-pools")
    except NotCollected:
        listed = cluster.get("agentPoolProfiles") or ()
        return tuple(pool for pool in listed if isinstance(pool, dict))


def _use(name: str, cluster: Mapping[str, Any], pools: tuple[Mapping[str, Any], ...]) -> str:
    """Where the flag is used, as text; empty where nothing shows its use."""
    if name in _OF_CLUSTER:
        path, value = _OF_CLUSTER[name]
        return path if _is(inside(cluster, *path.split(".")), value) else ""
    path, value = _OF_POOL.get(name, ("", ""))
    found = [p for p in pools if path and _is(inside(p, *path.split(".")), value)]
    return f"{path} of pool {found[0].get('name')}" if found else ""


def _is(found: Any, value: str) -> bool:
    return bool(found) if not value else word(found) == value
