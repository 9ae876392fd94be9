"""Where signatures look: names in the data to kinds of log, or to texts of API objects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from analyzer.facts.logkinds import POD_KINDS, LogKind

_K = LogKind
#: Any pod but CoreDNS, which quotes the errors of the servers that it asks.
_ANY_POD = POD_KINDS - {_K.COREDNS}

#: Names that are texts of members: the scanner reads them.
PLACES: Mapping[str, frozenset[LogKind]] = MappingProxyType(
    {
        "event": frozenset({_K.EVENT}),
        "kubelet-journal": frozenset({_K.KUBELET}),
        "containerd-journal": frozenset({_K.CONTAINERD}),
        "dmesg": frozenset({_K.KERNEL}),
        "node-journal": frozenset({_K.SYSLOG}),
        "systemd": frozenset({_K.SYSLOG}),
        "apt-log": frozenset({_K.SYSLOG}),
        "cse-log": frozenset({_K.PROVISIONING, _K.AZURE_AGENT}),
        "CustomDataSetupScript.log": frozenset({_K.PROVISIONING}),
        "app-log": _ANY_POD,
        "controller-log": _ANY_POD,
        "coredns-log": frozenset({_K.COREDNS}),
        "azure-vnet-log": frozenset({_K.CNI}),
        "azure-cns-log": frozenset({_K.CNS}),
        "azure-npm-log": frozenset({_K.NPM}),
        "tigera-operator-log": frozenset({_K.CALICO}),
        "csi-azuredisk-node-log": frozenset({_K.CSI}),
        "karpenter-log": frozenset({_K.KARPENTER}),
        "konnectivity-agent-log": frozenset({_K.KONNECTIVITY}),
        "kube-proxy-log": frozenset({_K.KUBE_PROXY}),
        "windows-kubeproxy-log": frozenset({_K.KUBE_PROXY}),
        "metrics-server-log": frozenset({_K.METRICS_SERVER}),
        "hubble": frozenset({_K.CILIUM}),
        "apiserver-log": frozenset({_K.CONTROL_PLANE}),
        "ccm-log": frozenset({_K.CONTROL_PLANE}),
        "mount": frozenset({_K.MOUNTS}),
        "lsmod": frozenset({_K.MODULES}),
        "proc-cgroups": frozenset({_K.CGROUPS}),
        "conntrack-stats": frozenset({_K.CONNTRACK}),
        "conntrack": frozenset({_K.CONNTRACK}),
        "unit-file": frozenset({_K.UNIT_FILE}),
        "resolv-conf": frozenset({_K.RESOLV_CONF}),
    }
)

#: Names that are texts of API objects, see :mod:`analyzer.bugs.states`.
OBJECT_PLACES = frozenset(
    {
        "node-status", "node-image", "node-label", "node-taint", "node-condition", "pod-image",
        "pod-list", "pod-spec", "pod-volume", "coredns-custom", "configmap", "kube-proxy-config",
        "cluster-autoscaler-status", "NetworkPolicy",
    }
)  # fmt: skip

#: Names that bundles of format 1 do not hold; users may have looked there themselves.
UNSEEN_PLACES = frozenset(
    {
        "object-state", "pod-object", "tc-filter", "lsblk", "envoyfilter", "block-queue",
        "runc-version",
    }
)  # fmt: skip


def kinds_of(where: tuple[str, ...]) -> frozenset[LogKind]:
    """The kinds of text that the scanner looks through for these names."""
    return frozenset[LogKind]().union(*(PLACES.get(name, frozenset()) for name in where))
