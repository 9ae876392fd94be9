"""What keeps a pod from starting, read from the newest warning about it or its waiting state.

The forms are those of the kubelet (events FailedCreatePodSandBox, NetworkNotReady, FailedMount,
FailedAttachVolume; waiting states CreateContainerConfigError, CreateContainerError,
RunContainerError), of containerd's CRI plugin and of runc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.facts.identity import Dataplane, Identity, PolicyEngine
from analyzer.model.signal import Signal

VOLUME_REASONS = frozenset({"FailedMount", "FailedAttachVolume", "FailedMapVolume"})
#: Containers whose image is there and that still cannot be made or started.
CONTAINER_REASONS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
        "PreCreateHookError",
    }
)
_SANDBOX_REASONS = frozenset(
    {"FailedCreatePodSandBox", "NetworkNotReady", "FailedPodSandBoxStatus"}
)
_NODE_STATE = frozenset({"NodeNotReady", "NodeShutdown", "TaintManagerEviction"})

_PLUGIN = re.compile(r'plugin type=\\?"(?P<plugin>[\w.-]+)\\?"')
_NETWORK = re.compile(
    r"failed to setup network|network for pod|network is not ready|cni plugin|\bCNI\b"
)
_SANDBOX_IMAGE = re.compile(r"failed to (?:get|pull) (?:the )?sandbox image|pull sandbox image")
#: The pod's own specification: limits below what a process needs, a runtime class that is not there
#: …
_OWN_SANDBOX = re.compile(
    r"memory limit too low|container init was OOM-killed|no runtime for|RuntimeClass|"
    r"runtime handler|port is already allocated|[Ss]eccomp|[Aa]pp[Aa]rmor|forbidden sysctl|"
    r"unsafe sysctl"
)
_OWN_CONTAINER = re.compile(
    r"exec: |executable file not found|permission denied|no such file or directory|not a directory|"
    r"mkdir |chdir|error mounting|subPath|runAsNonRoot|run as root|non-numeric user|"
    r"unable to find user|unable to start container process"
)
#: A missing ConfigMap, Secret or key is the workload's own mistake, whatever else is broken.
_OWN_VOLUME = re.compile(
    r"configmap|secret|references non-existent|mount error\(13\)|keyvault", re.IGNORECASE
)
_NO_DRIVER = re.compile(
    r"not found in the list of registered CSI drivers|provider not found|"
    r"error connecting to provider"
)

_NETWORK_EFFECTS = frozenset(
    {
        "no-pod-ips", "no-pod-network", "runtime-down", "kernel-stalls", "component-down",
        "pods-not-running", "api-unreachable", "node-overloaded",
    }
)  # fmt: skip
_RUNTIME_EFFECTS = frozenset(
    {"runtime-down", "kernel-stalls", "pods-not-running", "node-overloaded"}
)
_VOLUME_EFFECTS = frozenset(
    {"disk-not-attached", "no-disks", "azure-api-denied", "pods-not-running"}
)
_EVERYTHING = _NETWORK_EFFECTS | _VOLUME_EFFECTS | {"kubelet-down"}

_OF_NODE = frozenset({Signal.NODE_AGENT})
_OF_NETWORK = frozenset({Signal.POD_NETWORK, Signal.NODE_AGENT})
#: Plugin types of the CNIs that AKS installs (conflists of azure-vnet, azure-ipam, kubenet).
_OF_AKS = frozenset(
    {"azure-vnet", "azure-vnet-ipam", "azure-ipam", "bridge", "host-local", "portmap"}
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What it can be a symptom of, and the signals; ``volume``: the pod's claims matter.

    ``signals`` None stands for "the owner of the workload".
    """

    effects: frozenset[str]
    signals: frozenset[Signal] | None = None
    volume: bool = False


def obstacle_of(reason: str, text: str, identity: Identity) -> Obstacle:
    """Judge a reason with its text; without any, everything about the node may be the cause."""
    if reason in VOLUME_REASONS:
        return _volume(text)
    if reason in CONTAINER_REASONS:
        return _container(reason, text)
    if reason in _SANDBOX_REASONS:
        return _sandbox(text, identity)
    if reason in _NODE_STATE:
        return Obstacle(frozenset({"pods-not-running", "kubelet-down", "api-unreachable"}))
    return Obstacle(_EVERYTHING)


def _volume(text: str) -> Obstacle:
    if _NO_DRIVER.search(text):
        return Obstacle(
            _VOLUME_EFFECTS | {"component-down"}, frozenset({Signal.STORAGE}), volume=True
        )
    if _OWN_VOLUME.search(text):
        return Obstacle(frozenset(), volume=True)
    return Obstacle(_VOLUME_EFFECTS, volume=True)


def _container(reason: str, text: str) -> Obstacle:
    if reason == "CreateContainerConfigError" or _OWN_CONTAINER.search(text):
        return Obstacle(frozenset())
    return Obstacle(_RUNTIME_EFFECTS, frozenset())


def _sandbox(text: str, identity: Identity) -> Obstacle:
    if _OWN_SANDBOX.search(text):
        return Obstacle(frozenset())
    if _SANDBOX_IMAGE.search(text):
        return Obstacle(frozenset({"image-pull-fails", "no-egress", "no-dns"}), _OF_NODE)
    plugin = _PLUGIN.search(text)
    if plugin is None and not _NETWORK.search(text):
        return Obstacle(_RUNTIME_EFFECTS, _OF_NODE)
    if identity.network.byocni:
        return Obstacle(_NETWORK_EFFECTS, frozenset({Signal.POD_NETWORK}))
    if (
        plugin is not None
        and identity.network.byocni is False
        and _foreign(plugin["plugin"], identity)
    ):
        return Obstacle(_NETWORK_EFFECTS, frozenset({Signal.THIRD_PARTY_CNI, Signal.POD_NETWORK}))
    return Obstacle(_NETWORK_EFFECTS, _OF_NETWORK)


def _foreign(plugin: str, identity: Identity) -> bool:
    """True for a plugin that AKS does not install in this mode."""
    network = identity.network
    if plugin in _OF_AKS:
        return False
    if plugin == "cilium-cni":
        return network.dataplane is Dataplane.AZURE
    if plugin == "calico":
        return network.policy not in (PolicyEngine.CALICO, PolicyEngine.UNKNOWN)
    return plugin in (
        "flannel",
        "antrea",
        "weave-net",
        "kube-ovn",
        "kube-router",
        "multus",
        "multus-shim",
    )
