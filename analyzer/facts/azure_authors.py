"""Who wrote an Azure resource: the question that an export leaves open, and the command for it.

Azure keeps the activity log of a resource for 90 days
(https://learn.microsoft.com/azure/azure-monitor/platform/activity-log).
"""

from __future__ import annotations

from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.command_words import plain
from analyzer.model.gap import NotCollected

_GROUP = "<node resource group>"


def author_command(azure: AzureExports | None, resource: str) -> str:
    """The command that lists who wrote to the resource of that name in the last 90 days."""
    name = resource if plain(resource) else "<resource>"
    columns = "[eventTimestamp, caller, operationName.value, status.value]"
    return (
        f"az monitor activity-log list -g {_group(azure)} --offset 90d --query "
        f"\"[?contains(resourceId, '{name}')].{columns}\" -o table"
    )


def settled_by(azure: AzureExports | None, resource: str) -> str:
    """The sentence that says what that command would change in a verdict."""
    return (
        f"The author in the activity log ({author_command(azure, resource)}): AKS itself would "
        "make it Microsoft's, anybody else the customer's for sure."
    )


def _group(azure: AzureExports | None) -> str:
    try:
        document: Any = (azure or AzureExports()).get("managed-cluster")
    except NotCollected:
        return _GROUP
    found = document.get("nodeResourceGroup") if isinstance(document, dict) else None
    return str(found) if found and plain(found) else _GROUP
