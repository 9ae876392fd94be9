"""The two axes of a verdict, never mixed: whose problem it is, and what support will do."""

from __future__ import annotations

from enum import StrEnum


class Owner(StrEnum):
    """The class of an issue as the AKS support policy assigns it."""

    MICROSOFT = "microsoft"
    CUSTOMER = "customer"
    UPSTREAM = "upstream"
    BYOCNI_EXCLUDED = "byocni-excluded"
    #: Not a fifth class: an open question that names what to collect.
    UNDETERMINED = "undetermined"


class Stance(StrEnum):
    """What support does for an issue of this kind."""

    SUPPORTED = "supported"
    BEST_EFFORT = "best-effort"
    NOT_SUPPORTED = "not-supported"
    CLUSTER_UNSUPPORTED = "cluster-unsupported"


class Confidence(StrEnum):
    """How firmly the evidence carries a verdict."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Actor(StrEnum):
    """Who has to move next; not the same question as whose problem it is."""

    MICROSOFT = "microsoft"
    CUSTOMER = "customer"
    CNI_VENDOR = "cni-vendor"
    UPSTREAM = "upstream"
