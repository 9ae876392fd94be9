"""Signals: what a rule saw, in words that the decision table understands.

A rule attaches signals; it never decides an owner. The engine adds the signals that follow from
the cluster (such as ``byocni``). The table of
``ownership/data/rows.yaml`` may use no other; ``demarc explain`` shows which row uses which.
"""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    """The closed vocabulary of the decision table."""

    # What the finding sits on
    MANAGED_COMPONENT = "managed-component"
    CONTROL_PLANE = "control-plane"
    NODE_AGENT = "node-agent"
    NODE_HOST = "node-host"
    OWN_WORKLOAD = "own-workload"
    THIRD_PARTY = "third-party"
    POD_NETWORK = "pod-network"
    CNI_ITSELF = "cni-itself"
    STORAGE = "storage"
    # What the cluster is
    BYOCNI = "byocni"
    NETWORK_MODE_UNKNOWN = "network-mode-unknown"
    # Who changed it
    CHANGED_BY_CUSTOMER = "changed-by-customer"
    CHANGED_BY_UNKNOWN = "changed-by-unknown"
    CHANGED_BY_AKS = "changed-by-aks"
    #: What differs is written by AKS too in the course of its work: without an author, a difference
    #: can be a trace of AKS itself.
    WRITTEN_BY_AKS_TOO = "written-by-aks-too"
    ALLOWED_CUSTOMISATION = "allowed-customisation"
    CUSTOMISATION_BREAKS = "customisation-breaks"
    SYSTEM_METADATA_CHANGED = "system-metadata-changed"
    #: It is not like the other nodes of its pool in what AKS sets.
    NODE_DIFFERS = "node-differs"
    MANAGED_NETWORK_CHANGED = "managed-network-changed"
    CHANGE_NOT_CHECKED = "change-not-checked"
    # Parts of the customer by policy
    OUT_OF_WINDOW = "out-of-window"
    NODE_IMAGE_OLD = "node-image-old"
    NODE_IMAGE_UNSUPPORTED = "node-image-unsupported"
    VERSION_SKEW = "version-skew"
    CAPACITY_EXHAUSTED = "capacity-exhausted"
    #: Something says that it is used up, and what is seen in use does not account for it.
    CAPACITY_DOUBTED = "capacity-doubted"
    EGRESS_BLOCKED = "egress-blocked"
    EGRESS_NOT_CHECKED = "egress-not-checked"
    AUTHORIZATION_OF_CLUSTER_IDENTITY = "authorization-of-cluster-identity"
    OWN_WEBHOOK = "own-webhook"
    OWN_DAEMONSET = "own-daemonset"
    OWN_REGISTRY = "own-registry"
    #: Nothing came back from a registry of Microsoft's, for an image of the customer's workload.
    REGISTRY_OF_MICROSOFT = "registry-of-microsoft"
    CUSTOM_DNS = "custom-dns"
    #: Something that people do with kubectl in the course of running a cluster (cordon, scale).
    OWN_OPERATION = "own-operation"
    ALPHA_FEATURE = "alpha-feature"
    PREVIEW_FEATURE = "preview-feature"
    THIRD_PARTY_CNI = "third-party-cni"
    #: Third-party software whose source is closed: the policy takes it out of support altogether.
    CLOSED_SOURCE = "closed-source"
    OWN_INGRESS_CONTROLLER = "own-ingress-controller"
    OWN_NETWORK_POLICY = "own-network-policy"
    #: A Gatekeeper constraint or Azure Policy definition of the customer.
    OWN_ADMISSION_POLICY = "own-admission-policy"
    OWN_CERTIFICATE = "own-certificate"
    #: Somebody got onto a node (a shell, a command run through Azure); no change is shown.
    NODE_ACCESS = "node-access"
    # Azure's side, where the customer decides
    #: Storage accounts, key vaults and the like that the customer made and sets up.
    OWN_AZURE_RESOURCE = "own-azure-resource"
    SUBSCRIPTION_DISABLED = "subscription-disabled"
    #: The cluster or a pool was stopped through AKS, as it is meant to be.
    STOPPED_THROUGH_AKS = "stopped-through-aks"
    SPOT_EVICTION = "spot-eviction"
    #: A lock or an Azure Policy of the subscription refuses what AKS has to do.
    AZURE_GOVERNANCE = "azure-governance"
    #: Own subnets, route tables, groups on them, DNS zones, authorised ranges.
    OWN_AZURE_NETWORK = "own-azure-network"
    #: A setting of the cluster or pool that the customer chooses through the AKS API.
    CLUSTER_SETTING = "cluster-setting"
    #: Microsoft announced an end of it that is still ahead, or that is past.
    RETIRING = "retiring"
    RETIRED = "retired"
    # Known bugs
    KNOWN_BUG = "known-bug"
    BUG_OF_MICROSOFT = "bug-of-microsoft"
    # What speaks for the platform
    UNHEALTHY = "unhealthy"
    PLATFORM_EVENT = "platform-event"
