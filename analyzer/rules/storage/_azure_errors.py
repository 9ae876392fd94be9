"""Why Azure refused a disk or a share, read from the error that the driver passes on.

The forms are those of azuredisk-csi-driver and azurefile-csi-driver with the raw error of Azure
Resource Manager in it (``HTTPStatusCode: 403, RawError: {"error":{"code":…}}``), of the token
service (AADSTS numbers), and of the attach-detach controller of Kubernetes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.model.signal import Signal


@dataclass(frozen=True, slots=True)
class Cause:
    """What an error looks like, how a reader is told, its signals, and what can explain it."""

    name: str
    looks: re.Pattern[str]
    says: str
    signals: frozenset[Signal]
    effects: frozenset[str] = frozenset()

    @property
    def passes(self) -> bool:
        """True for an error that goes away by itself within minutes while nothing is wrong."""
        return self.name in ("multi-attach", "elsewhere", "driver", "azure", "other")


_DENIED = frozenset({Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY})
_OWN = frozenset({Signal.OWN_WORKLOAD})
_FULL = frozenset({Signal.CAPACITY_EXHAUSTED})
_MANAGED = frozenset({Signal.MANAGED_COMPONENT, Signal.UNHEALTHY})


def _cause(name: str, looks: str, says: str, signals: frozenset[Signal], *effects: str) -> Cause:
    return Cause(name, re.compile(looks), says, signals, frozenset(effects))


#: In this order: a refused read also says "NotFound … Volume not found".
CAUSES = (
    _cause(
        "credentials",
        r"AADSTS\d+|invalid_client|unauthorized_client|HTTPStatusCode: 401|"
        r"ExpiredAuthenticationToken|InvalidAuthenticationToken|adal: Refresh request failed",
        "Azure does not accept the credentials of the cluster's identity",
        _DENIED,
        "azure-api-denied",
    ),
    _cause(
        "authorization",
        r"AuthorizationFailed|AuthorizationPermissionMismatch|"
        r"does not have (?:authorization|permission)",
        "the cluster's identity has no right to it",
        _DENIED,
        "azure-api-denied",
        "azure-right-missing",
    ),
    _cause(
        "subscription",
        r"ReadOnlyDisabledSubscription|subscription .{0,120}is disabled",
        "the subscription is disabled, and Azure only lets it be read",
        _DENIED,
        "azure-api-denied",
    ),
    _cause(
        "policy",
        r"RequestDisallowedByPolicy|ScopeLocked|DisallowedByPolicy",
        "a policy or a lock of the customer in Azure forbids it",
        _DENIED,
    ),
    _cause(
        "full-vm",
        r"[Mm]aximum number of data disks|exceed max volume count|MaxDiskCountExceeded",
        "the VM takes no further disk",
        _FULL,
    ),
    _cause(
        "quota",
        r"QuotaExceeded|exceeding approved|SkuNotAvailable|OverconstrainedAllocationRequest|"
        r"ZonalAllocationFailed|StorageAccountQuota|[Mm]aximum number of storage accounts",
        "a quota or the capacity of the region is used up",
        _FULL,
    ),
    _cause(
        "multi-attach",
        r"Multi-Attach error|already exclusively attached|already used by pod|"
        r"disk.{0,300}already attached to (?:another )?node",
        "the volume is still attached to another node",
        _OWN,
        "pods-not-running",
        "kubelet-down",
        "api-unreachable",
    ),
    _cause(
        # Azure's own code; a drain, a lost node or a disk attached by hand can be behind it.
        "elsewhere",
        r"ConflictingUserInput|AttachDiskWhileBeingDetached|already attached to VM",
        "the disk is attached to another machine",
        frozenset(),
        "pods-not-running",
        "kubelet-down",
        "api-unreachable",
    ),
    _cause(
        "not-found",
        r"(?:ResourceNotFound|NotFound)\b.{0,300}Microsoft\.Compute/disks|Volume not found|"
        r"disk .{0,300}(?<!instance )not found",
        "the disk does not exist",
        _OWN,
    ),
    _cause(
        "mistake",
        r"InvalidParameter|invalid parameter|InvalidArgument|is not supported|"
        r"storageclass\.storage\.k8s\.io .{0,200}not found|"
        r"not available in (?:the )?(?:zone|region|location)|LinkedInvalidPropertyId|"
        r"PropertyChangeNotAllowed|BadRequest",
        "the volume or its storage class asks for what Azure does not offer here",
        _OWN,
    ),
    _cause(
        "driver",
        r"does not contain driver|not found in the list of registered CSI drivers",
        "the driver is not registered on the node",
        _MANAGED,
        "no-disks",
        "component-down",
        "pods-not-running",
    ),
    _cause(
        "azure",
        r"InternalServerError|ServiceUnavailable|HTTPStatusCode: 50\d|InternalExecutionError",
        "Azure failed itself",
        _MANAGED,
    ),
)
#: Neither the driver nor the customer can be told to be at fault.
OTHER = Cause(
    "other", re.compile(""), "Azure gives another reason", frozenset(), frozenset({"no-disks"})
)


def cause_in(text: str) -> Cause:
    """The cause that an error text tells, or :data:`OTHER`."""
    return next((cause for cause in CAUSES if cause.looks.search(text)), OTHER)
