"""The shape of the component catalogue: what a data file may say of a managed component."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from analyzer.baselines.data_files import Data
from analyzer.facts.identity import Dataplane, NetworkMode, PolicyEngine
from analyzer.model.owner import Confidence


def _minor(text: str) -> str:
    if not re.fullmatch(r"1\.\d{1,3}", text):
        raise ValueError(f"{text!r} is not a Kubernetes minor version such as 1.33")
    return text


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError(f"{text!r} is not a date as YYYY-MM-DD")
    return text


#: A Kubernetes minor such as ``1.33``.
Minor = Annotated[str, AfterValidator(_minor)]
#: A date as ``YYYY-MM-DD``.
Day = Annotated[str, AfterValidator(_date)]
Names = tuple[str, ...]

#: Kinds that have an object in the cluster.
OBJECT_KINDS = frozenset({"Deployment", "DaemonSet", "StatefulSet", "CronJob", "Job", "Pod"})


class Scope(StrEnum):
    """What brings a component into a cluster."""

    ALWAYS = "always"
    NETWORK = "network"
    ADD_ON = "add-on"
    EXTENSION = "extension"
    FEATURE = "feature"
    LEGACY = "legacy"
    #: Installed by customers, although it looks like a part of AKS.
    CUSTOMER = "customer"
    NODE = "node"
    HOSTED = "hosted"


class Condition(Data):
    """All parts that are given must hold; within one part, any value is enough."""

    modes: tuple[NetworkMode, ...] = ()
    dataplanes: tuple[Dataplane, ...] = ()
    policies: tuple[PolicyEngine, ...] = ()
    #: Values of ``Network.proxy``.
    proxies: Names = ()
    #: Add-on or feature ids of ``data/add_ons.yaml``.
    add_ons: Names = ()
    min_minor: Minor | None = None
    max_minor: Minor | None = None
    #: Rolled out around this date; it took about three months to reach every cluster.
    since: Day | None = None


class When(Data):
    """When a component is expected: one of ``any_of`` (if given) holds, and none of ``not_in``."""

    scope: Scope
    any_of: tuple[Condition, ...] = ()
    not_in: tuple[Condition, ...] = ()


class Allowed(Data):
    """Something that a customer may change: an object of the cluster, or a setting in Azure.

    ``object`` is ``Kind/namespace/name`` (``*`` in a name matches anything); it is empty where the
    way is not an object. ``keys`` are globs over field paths (``data.*.server``); empty means all
    of it. ``content`` says whose the object is as a whole.
    """

    object: str = ""
    keys: Names = ()
    content: Literal["customer", "shared"] = "shared"
    what: str = ""


class Replicas(Data):
    """How many pods there should be, and who scales them."""

    min: int | None = None
    scaled_by: str = ""


class Lifecycle(Data):
    """Renames, removals and dates."""

    renamed_from: Names = ()
    since: str = ""
    retired: str = ""
    replaced_by: str = ""
    note: str = ""


class Component(Data):
    """A component that AKS (or an add-on, an extension, the node image) brings.

    ``name`` may hold ``*`` for a variable part. ``objects`` are other objects that belong to it, as
    ``Kind/name`` (in the same namespaces, or cluster-wide). ``images`` are repositories without
    registry; ``labels`` are those on its pods; ``versions`` gives the version lines (``1.12``) of
    its first image per Kubernetes minor or range (``1.24-1.31``, ``>=1.34``).
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    kind: str
    what: str = Field(min_length=10)
    category: str
    when: When
    namespaces: Names = ()
    os: Literal["linux", "windows", "both"] = "linux"
    images: Names = ()
    labels: dict[str, str] = Field(default_factory=dict)
    objects: Names = ()
    replicas: Replicas | None = None
    priority_class: str = ""
    service_account: str = ""
    versions: dict[str, Names] = Field(default_factory=dict)
    customer_may: tuple[Allowed, ...] = ()
    #: The ARM property that switches it off where that is supported.
    switch: str = ""
    #: How to tell it from a customer's own installation.
    tell_apart: str = ""
    #: True where AKS runs it without ``kubernetes.azure.com/managedby``.
    unlabelled: bool = False
    lifecycle: Lifecycle = Lifecycle()
    #: Part of what BYOCNI takes out of support: the CNI, pod networking, network policy, routing.
    pod_network_part: bool = False
    sources: Names = ()
    confidence: Confidence = Confidence.MEDIUM

    @property
    def in_cluster(self) -> bool:
        """True if it has a workload object in the cluster."""
        return self.kind in OBJECT_KINDS
