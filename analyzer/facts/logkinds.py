"""What a text member is a log of, told from its canonical path alone."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class LogKind(StrEnum):
    """The writer of a log, or the kind of text that patterns are written for."""

    # Journals and files of a node
    KUBELET = "kubelet"
    CONTAINERD = "containerd"
    KERNEL = "kernel"
    SYSLOG = "syslog"
    CNI = "cni"
    AZURE_AGENT = "azure-agent"
    PROVISIONING = "provisioning"
    # Pods, told by name and namespace
    CNS = "cns"
    NPM = "npm"
    COREDNS = "coredns"
    KUBE_PROXY = "kube-proxy"
    KONNECTIVITY = "konnectivity"
    CSI = "csi"
    CLOUD_NODE_MANAGER = "cloud-node-manager"
    CILIUM = "cilium"
    CALICO = "calico"
    GATEKEEPER = "gatekeeper"
    METRICS_SERVER = "metrics-server"
    KARPENTER = "karpenter"
    RETINA = "retina"
    OTHER_POD = "other-pod"
    #: Hosted control plane; no collector reaches it, users may bring such logs.
    CONTROL_PLANE = "control-plane"
    # Texts that are no logs
    EVENT = "event"
    MOUNTS = "mounts"
    MODULES = "modules"
    CGROUPS = "cgroups"
    RESOLV_CONF = "resolv-conf"
    CONNTRACK = "conntrack"
    UNIT_FILE = "unit-file"
    OBJECT = "object"

    @property
    def is_pod(self) -> bool:
        """True for the log of a container."""
        return self in POD_KINDS


POD_KINDS = frozenset(
    {
        LogKind.CNS,
        LogKind.NPM,
        LogKind.COREDNS,
        LogKind.KUBE_PROXY,
        LogKind.KONNECTIVITY,
        LogKind.CSI,
        LogKind.CLOUD_NODE_MANAGER,
        LogKind.CILIUM,
        LogKind.CALICO,
        LogKind.GATEKEEPER,
        LogKind.METRICS_SERVER,
        LogKind.KARPENTER,
        LogKind.RETINA,
        LogKind.OTHER_POD,
    }
)

#: A journal or syslog of everything holds the lines of these writers too.
_MIXED = frozenset(
    {
        LogKind.SYSLOG,
        LogKind.KERNEL,
        LogKind.KUBELET,
        LogKind.CONTAINERD,
        LogKind.PROVISIONING,
        LogKind.AZURE_AGENT,
    }
)


def sources_of(kind: LogKind) -> frozenset[LogKind]:
    """The kinds whose patterns apply to a member of ``kind``; a mixed journal takes several."""
    return _MIXED if kind is LogKind.SYSLOG else frozenset({kind})


_NODE_FILES: tuple[tuple[re.Pattern[str], LogKind], ...] = tuple(
    (re.compile(expression), kind)
    for expression, kind in (
        (r"kubelet/journal\.log", LogKind.KUBELET),
        (r"containerd/journal\.log", LogKind.CONTAINERD),
        (r"host/dmesg", LogKind.KERNEL),
        (r"host/mounts", LogKind.MOUNTS),
        (r"host/modules", LogKind.MODULES),
        (r"host/cgroup", LogKind.CGROUPS),
        (r"network/resolv\.conf", LogKind.RESOLV_CONF),
        (r"network/conntrack-stats", LogKind.CONNTRACK),
        (r"kubelet/flags", LogKind.UNIT_FILE),
        (r"azure/(?:.+/)?waagent\.log(?:\.\d+)?", LogKind.AZURE_AGENT),
        # File names that the node's own log collector and users' copies of /var/log have.
        (r"(?:.+/)?azure-cns[^/]*\.log(?:\.\d+)?", LogKind.CNS),
        (r"(?:.+/)?(?:azure-vnet|azure-ipam|cilium-cni)[^/]*\.log(?:\.\d+)?", LogKind.CNI),
        (r"cni/[^/]+\.log(?:\.\d+)?", LogKind.CNI),
        (
            r"(?:.+/)?(?:cluster-provision|cloud-init|aks-node-controller)[^/]*\.(?:log|txt)",
            LogKind.PROVISIONING,
        ),
        (r"(?:.+/)?provision[^/]*", LogKind.PROVISIONING),
        (r"(?:.+/)?kubelet(?:\.service)?\.(?:log|txt)", LogKind.KUBELET),
        (r"(?:.+/)?containerd(?:\.service)?\.(?:log|txt)", LogKind.CONTAINERD),
        (r"(?:.+/)?(?:kern\.log|dmesg)(?:\.txt|\.\d+)?", LogKind.KERNEL),
        (
            r"(?:.+/)?(?:syslog|messages|journal(?:ctl)?|journald?)(?:\.log|\.txt|\.\d+)?",
            LogKind.SYSLOG,
        ),
        (r"(?:.+/)?apt/[^/]+\.log|(?:.+/)?unattended-upgrades[^/]*\.log", LogKind.SYSLOG),
    )
)

#: Pods by the head of their name; only in namespaces that AKS or an add-on uses.
_PODS: tuple[tuple[str, LogKind], ...] = (
    ("azure-cns", LogKind.CNS),
    ("azure-npm", LogKind.NPM),
    ("coredns", LogKind.COREDNS),
    ("node-local-dns", LogKind.COREDNS),
    ("kube-proxy", LogKind.KUBE_PROXY),
    ("konnectivity-agent", LogKind.KONNECTIVITY),
    ("csi-", LogKind.CSI),
    ("cloud-node-manager", LogKind.CLOUD_NODE_MANAGER),
    ("cilium", LogKind.CILIUM),
    ("hubble", LogKind.CILIUM),
    ("calico", LogKind.CALICO),
    ("tigera-operator", LogKind.CALICO),
    ("gatekeeper", LogKind.GATEKEEPER),
    ("metrics-server", LogKind.METRICS_SERVER),
    ("karpenter", LogKind.KARPENTER),
    ("retina", LogKind.RETINA),
    ("kube-apiserver", LogKind.CONTROL_PLANE),
    ("kube-controller-manager", LogKind.CONTROL_PLANE),
    ("kube-scheduler", LogKind.CONTROL_PLANE),
    ("cloud-controller-manager", LogKind.CONTROL_PLANE),
)
_POD_LOG = re.compile(  # other tools keep rotated pieces too; no container's name has a dot
    r"cluster/logs/([^/]+)/([^/]+)/([^/]+?)"
    r"(?:\.rotated-[^/]+?)?(?:\.previous\.log|\.log\.previous|\.log)$"
)
_NODE = re.compile(r"nodes/([^/]+)/(.+)$")


@lru_cache(maxsize=64)
def log_kind(canonical_path: str) -> LogKind | None:
    """The kind of a member by its canonical path (``bundle-format``), None where it is no log."""
    if pod := _POD_LOG.match(canonical_path):
        name = pod[2]
        if "-autoscaler-" in name:  # coredns-autoscaler, konnectivity-agent-autoscaler
            return LogKind.OTHER_POD
        return next((kind for head, kind in _PODS if name.startswith(head)), LogKind.OTHER_POD)
    if node := _NODE.match(canonical_path):
        return _node_file(node[2])
    return None


@lru_cache(maxsize=4096)
def _node_file(item: str) -> LogKind | None:
    """By the item alone: thousands of nodes send the same ones."""
    return next((kind for pattern, kind in _NODE_FILES if pattern.fullmatch(item)), None)


@lru_cache(maxsize=64)
def place(canonical_path: str) -> tuple[str | None, str | None, str | None, str | None]:
    """Node, namespace, pod and container that a canonical path names, None for the others."""
    if pod := _POD_LOG.match(canonical_path):
        return None, pod[1], pod[2], pod[3]
    if node := _NODE.match(canonical_path):
        return node[1], None, None, None
    return None, None, None, None
