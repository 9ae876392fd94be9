"""Azure's error codes by what stands behind them.

Codes: learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors,
learn.microsoft.com/troubleshoot/azure/azure-kubernetes/error-codes/. The texts have the forms of
public reports: github.com/Azure/AKS/issues/1184 and /5808 (quota), /329 (lock), /211 and /2681
(policy); github.com/jenkins-infra/helpdesk/issues/4459 (allocation).
"""

from __future__ import annotations

import re
from enum import StrEnum


class Kind(StrEnum):
    """What stands behind a refusal."""

    SUBSCRIPTION = "subscription"
    GOVERNANCE = "governance"
    LOCKDOWN = "lockdown"
    QUOTA = "quota"
    CAPACITY = "capacity"
    SUBNET = "subnet"
    AUTHORIZATION = "authorization"


#: The first that matches names the kind. A quota's refusal carries a code of many uses, so its own
#: words are needed as well.
_CODES: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(text))
    for kind, text in (
        (Kind.SUBSCRIPTION, r"\b(?P<code>ReadOnlyDisabledSubscription)\b"),
        (Kind.LOCKDOWN, r"\b(?P<code>DenyAssignmentAuthorizationFailed)\b"),
        (
            Kind.GOVERNANCE,
            r"\b(?P<code>ScopeLocked|RequestDisallowedByPolicy|AmbiguousPolicyEvaluationPaths)\b",
        ),
        (
            Kind.SUBNET,
            r"\b(?P<code>SubnetIsFull|InsufficientSubnetSize|SubnetIsFullForPods)\b",
        ),
        (
            Kind.CAPACITY,
            r"\b(?P<code>(?:Overconstrained)?(?:Zonal)?AllocationFailed"
            r"|Overconstrained(?:Zonal)?AllocationRequest|SkuNotAvailable)\b",
        ),
        (
            Kind.QUOTA,
            r"\b(?P<code>QuotaExceeded|PublicIPCountLimitReached|InsufficientVCPUQuota"
            r"|exceeding (?:approved [\w ]{1,60}?quota|quota limits?))",
        ),
        (Kind.AUTHORIZATION, r"\b(?P<code>(?:Linked)?AuthorizationFailed)\b"),
    )
)


def kind_of(text: str) -> tuple[Kind, str] | None:
    """The kind and code of an error's text, or None where it names none of those known."""
    for kind, pattern in _CODES:
        if match := pattern.search(text):
            return kind, match["code"]
    return None
