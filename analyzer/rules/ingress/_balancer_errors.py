"""Why Azure refused a load balancer, read from the cloud provider's event.

The forms are those of cloud-provider-azure (pkg/provider, azure_loadbalancer.go) with the error
codes of Azure Resource Manager and Microsoft.Network
(learn.microsoft.com/azure/networking/troubleshoot-failed-state).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.model.signal import Signal


@dataclass(frozen=True, slots=True)
class Cause:
    """How it looks, how a reader is told, its signals, and what can explain it.

    ``passes``: it goes away by itself within minutes while nothing is wrong.
    """

    looks: re.Pattern[str]
    says: str
    signals: frozenset[Signal]
    effects: frozenset[str] = frozenset()
    passes: bool = False


def _cause(looks: str, says: str, *signals: Signal, effects: tuple[str, ...] = ()) -> Cause:
    return Cause(re.compile(looks), says, frozenset(signals), frozenset(effects))


_IN_AZURE = ("azure-api-denied", "azure-operation-fails")

CAUSES = (
    _cause(
        r"AADSTS\d+|invalid_client|HTTPStatusCode: 401|Refresh request failed",
        "Azure does not accept the credentials of the cluster's identity",
        Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY,
        effects=_IN_AZURE,
    ),
    _cause(
        r"ReadOnlyDisabledSubscription|subscription .{0,120}is disabled",
        "the subscription is disabled",
        Signal.SUBSCRIPTION_DISABLED,
        effects=_IN_AZURE,
    ),
    _cause(
        r"AuthorizationFailed|does not have authorization|LinkedAuthorizationFailed",
        "the cluster's identity has no right to it",
        Signal.AUTHORIZATION_OF_CLUSTER_IDENTITY,
        effects=(*_IN_AZURE, "azure-right-missing"),
    ),
    _cause(
        r"ScopeLocked|RequestDisallowedByPolicy|DisallowedByPolicy",
        "a lock or a policy of the customer in Azure forbids it",
        Signal.AZURE_GOVERNANCE,
        effects=_IN_AZURE,
    ),
    _cause(
        r"PublicIPCountLimitReached|QuotaExceeded|LimitReached|LimitExceeded|exceeding approved",
        "a quota or a limit is reached",
        Signal.CAPACITY_EXHAUSTED,
        effects=("azure-operation-fails",),
    ),
    _cause(
        r"ExceedsTotalNumberOfAllocatablePorts|ExceedsMaxAllowedOutboundPorts",
        "the outbound ports for each node that are set leave no room on its addresses",
        Signal.CLUSTER_SETTING,
        effects=("azure-operation-fails",),
    ),
    _cause(
        r"SubnetIsFull|InsufficientSubnetSize|does not have enough capacity for \d+ IP addresses",
        "the subnet has no address left",
        Signal.CAPACITY_EXHAUSTED,
        effects=("azure-operation-fails",),
    ),
    _cause(
        r"user supplied IP [Aa]ddress \S+ was not found|findMatchedPIP|PublicIPAddressNotFound|"
        r"ResourceNotFound.{0,400}publicIPAddresses",
        "the address that the Service asks for does not exist",
        Signal.OWN_WORKLOAD,
    ),
    _cause(
        r"PrivateIPAddressInUse|PrivateIPAddressIsAllocated|PrivateIPAddressNotInSubnet|"
        r"PublicIPAddressInUse|PrivateIPAddressIsInUse|StaticIPAddressAlreadyAllocated",
        "the address that the Service asks for is in use or not in the subnet",
        Signal.OWN_WORKLOAD,
    ),
    _cause(
        r"LoadBalancerAndPublicIPSkuMismatch|PublicIPAndLBSkuDoNotMatch|SkuDoNotMatch|"
        r"DnsRecordInUse|InvalidDomainNameLabel|LoadBalancerFrontendIPConfigurationsCannot|"
        r"RulesUseSameBackendPortProtocol|RulesOfSameLoadBalancerType|"
        r"(?:subnet|Subnet) .{0,200}(?:not found|does not exist|NotFound)",
        "the Service's settings do not fit",
        Signal.OWN_WORKLOAD,
    ),
    _cause(
        r"InternalServerError|HTTPStatusCode: 50\d|ServiceUnavailable",
        "Azure failed itself",
        Signal.CONTROL_PLANE,
        Signal.UNHEALTHY,
        effects=("azure-operation-fails",),
    ),
)
#: Throttling, operations that get in each other's way, and what is not known.
OTHER = Cause(
    re.compile(""),
    "Azure gives another reason",
    frozenset(),
    frozenset(_IN_AZURE),
    passes=True,
)


def cause_in(text: str) -> Cause:
    """The cause that an event tells, or :data:`OTHER`."""
    return next((cause for cause in CAUSES if cause.looks.search(text)), OTHER)
