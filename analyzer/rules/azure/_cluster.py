"""The export of the managed cluster: its parts, and whether it is there at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import Gap, NotCollected, Presence


def cluster_of(azure: AzureExports | None) -> Mapping[str, Any]:
    """The export of the cluster.

    Raises:
        NotCollected: it is not there, or is no object; the gap names the command that makes it.
    """
    found = (azure or AzureExports()).get("managed-cluster")
    if not isinstance(found, dict):
        detail = "is no JSON object"
        raise NotCollected(
            Gap(path="azure/managed-cluster.json", reason=Presence.FAILED, detail=detail)
        )
    return found


def part(cluster: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of the cluster that is an object; empty where it is not set."""
    found = cluster.get(name)
    return found if isinstance(found, dict) else {}


def word(value: Any) -> str:
    """A value as lower-case text, empty for null."""
    return str(value or "").lower()


def running(cluster: Mapping[str, Any]) -> bool:
    """True unless AKS itself holds the cluster to be stopped or on the way there."""
    state = word(part(cluster, "powerState").get("code") or "running")
    return state == "running" and word(cluster.get("provisioningState")) not in (
        "stopping", "starting", "deleting",
    )  # fmt: skip
