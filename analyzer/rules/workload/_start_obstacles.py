"""What keeps a pod from starting, read from the newest warning about it or its waiting state.

The forms are those of the kubelet (events FailedCreatePodSandBox, NetworkNotReady, FailedMount,
FailedAttachVolume; waiting states CreateContainerConfigError, CreateContainerError,
RunContainerError), of containerd's CRI plugin and of runc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analyzer.facts.cnis import cni_data
from analyzer.facts.identity import Dataplane, PolicyEngine
from analyzer.model.evidence import EvidenceRef
from analyzer.model.signal import Signal
from analyzer.rules.workload._node_network import PodNetwork, own_dns_server
from analyzer.rules.workload._secrets_store import DRIVER, SecretsStore

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
_WRONG_PLATFORM = re.compile(r"exec format error|does not match the host operating system")
#: A missing ConfigMap, Secret or key is the workload's own mistake, whatever else is broken, and so
#: is what a key vault or a share refuses.
_OWN_VOLUME = re.compile(
    r"(?:configmap|secret|secretproviderclass\S*)s? \\?\"[^\"]+\" not found|"
    r"references non-existent|mount error\(13\)|get secretproviderclass|"
    r"keyvault.{0,400}(?:StatusCode=40[034]|Forbidden|NotFound)",
    re.IGNORECASE,
)
#: The kubelet reads these objects from the API server, and did not get them in time
#: (pkg/kubelet/util/manager).
_API_CACHE = re.compile(
    r"failed to sync (?:configmap|secret) cache|failed to fetch token: (?:Post|Get) "
)
#: The kubelet's summary while any of the pod's volumes is not there yet.
SUMMARY = re.compile(r"Unable to attach or mount volumes")
#: What a storage driver passes on, or does not answer.
_OF_DRIVER = re.compile(r"rpc error|MountDevice|timed out waiting|DeadlineExceeded")
_NO_DRIVER = re.compile(
    r"not found in the list of registered CSI drivers|provider not found|"
    r"error connecting to provider"
)

_DRIVER_NAME = re.compile(
    r"driver name (?P<name>[\w.-]+) not found in the list of registered CSI drivers"
)
#: The secrets store's driver, and its answers about the provider of Azure's key vaults.
_OF_SECRETS_STORE = re.compile(
    r"secrets-store\.csi\.k8s\.io not found in the list|error connecting to provider|"
    r"provider not found"
)
#: Azure's own drivers, the secrets store with its add-on, and Azure Container Storage.
_DRIVERS_OF_AKS = (".csi.azure.com", "secrets-store.csi.k8s.io", ".acstor.io")
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
    {"disk-not-attached", "volume-not-mounted", "no-disks", "azure-api-denied", "pods-not-running"}
)
_API_EFFECTS = frozenset({"api-unreachable", "kubelet-down", "api-server-unhealthy"})
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

    ``signals`` None stands for "the owner of the workload". ``outside``: it also takes the way out
    of the node, so that nobody is blamed where no probe shows it. ``seen`` and ``where``: what else
    shows the reason.
    """

    effects: frozenset[str]
    signals: frozenset[Signal] | None = None
    volume: bool = False
    outside: bool = False
    seen: str = ""
    where: EvidenceRef | None = None


def obstacle_of(reason: str, text: str, network: PodNetwork, store: SecretsStore) -> Obstacle:
    """Judge a reason with its text; without any, everything about the node may be the cause."""
    if reason == "FailedAttachVolume":
        return Obstacle(_VOLUME_EFFECTS, volume=True)
    if reason in VOLUME_REASONS:
        return _volume(text, store)
    if reason in CONTAINER_REASONS:
        return _container(reason, text)
    if reason in _SANDBOX_REASONS:
        return _sandbox(text, network)
    if reason in _NODE_STATE:
        return Obstacle(frozenset({"pods-not-running", "kubelet-down", "api-unreachable"}))
    return Obstacle(_EVERYTHING)


def _volume(text: str, store: SecretsStore) -> Obstacle:
    driver = _DRIVER_NAME.search(text)
    if driver is not None and driver["name"] == DRIVER and store.never_brought:
        signals = frozenset({Signal.CLUSTER_SETTING})
        return Obstacle(frozenset(), signals, seen=store.says, where=store.where)
    if _OF_SECRETS_STORE.search(text) and store.of_customer:
        effects = _VOLUME_EFFECTS | {"component-down"}
        return Obstacle(effects, frozenset({Signal.THIRD_PARTY}), seen=store.says)
    if driver is not None and not driver["name"].endswith(_DRIVERS_OF_AKS):
        effects = _VOLUME_EFFECTS | {"component-down"}
        return Obstacle(effects, frozenset({Signal.THIRD_PARTY}), volume=True)
    if _NO_DRIVER.search(text):
        return Obstacle(
            _VOLUME_EFFECTS | {"component-down"}, frozenset({Signal.STORAGE}), volume=True
        )
    if _API_CACHE.search(text):
        return Obstacle(_API_EFFECTS, frozenset())
    if _OWN_VOLUME.search(text):
        return Obstacle(frozenset({"volume-not-mounted"}), volume=True)
    of_driver = frozenset({Signal.STORAGE}) if _OF_DRIVER.search(text) else None
    return Obstacle(_VOLUME_EFFECTS, of_driver, volume=True)


def _container(reason: str, text: str) -> Obstacle:
    if reason == "CreateContainerConfigError":
        return Obstacle(frozenset())
    if _WRONG_PLATFORM.search(text):
        return Obstacle(frozenset({"wrong-platform"}))
    if _OWN_CONTAINER.search(text):
        return Obstacle(frozenset())
    return Obstacle(_RUNTIME_EFFECTS, frozenset())


def _sandbox(text: str, network: PodNetwork) -> Obstacle:
    if _OWN_SANDBOX.search(text):
        return Obstacle(frozenset())
    if _SANDBOX_IMAGE.search(text):
        effects = frozenset({"image-pull-fails", "no-egress", "no-dns"})
        if own_dns_server(text) is not None:
            return Obstacle(effects, _OF_NODE | {Signal.CUSTOM_DNS})
        return Obstacle(effects, _OF_NODE, outside=True)
    plugin = _PLUGIN.search(text)
    if plugin is None and not _NETWORK.search(text):
        return Obstacle(_RUNTIME_EFFECTS, _OF_NODE)
    byocni, name = network.identity.network.byocni, plugin["plugin"] if plugin else ""
    if name in cni_data().mesh_plugins:
        return Obstacle(_NETWORK_EFFECTS, _mesh(name, network))
    if byocni:
        return Obstacle(_NETWORK_EFFECTS, frozenset({Signal.POD_NETWORK}))
    if name and byocni is False and _foreign(name, network):
        return Obstacle(_NETWORK_EFFECTS, frozenset({Signal.THIRD_PARTY_CNI, Signal.POD_NETWORK}))
    return Obstacle(_NETWORK_EFFECTS, _OF_NETWORK)


def _mesh(plugin: str, network: PodNetwork) -> frozenset[Signal]:
    """A mesh chains its plugin behind any CNI: the customer's, but for AKS's own Istio."""
    if plugin != "istio-cni" or network.istio_addon is False:
        return frozenset({Signal.THIRD_PARTY})
    return _OF_NETWORK if network.istio_addon else frozenset({Signal.POD_NETWORK})


def _foreign(plugin: str, around: PodNetwork) -> bool:
    """True for a plugin that AKS does not install in this mode."""
    network = around.identity.network
    if plugin in _OF_AKS:
        return False
    if plugin == "cilium-cni":
        return network.dataplane is Dataplane.AZURE
    if plugin == "calico":
        if network.policy is PolicyEngine.UNKNOWN:
            return around.calico is False
        return network.policy is not PolicyEngine.CALICO
    return any(plugin in cni.plugins for cni in cni_data().cnis)
