"""The tools whose output is read, by layout: their names, and what their output cannot hold."""

from __future__ import annotations

from dataclasses import dataclass

_NODE_SIDE = "files and logs of nodes"
_AZURE = "Azure resources"
_CHANGES = "who changed an object (managed fields)"


@dataclass(frozen=True, slots=True)
class Tool:
    """``name`` as people know it; ``cannot`` are the kinds of evidence that its output lacks."""

    name: str
    cannot: tuple[str, ...] = ()


#: By the layout's id. An own layout has no row: its parts say themselves what was asked for.
#: The lists follow from the tools' sources, which the layouts' modules name.
TOOLS: dict[str, Tool] = {
    "troubleshoot": Tool(
        "troubleshoot (support-bundle)",
        (
            _NODE_SIDE,
            _AZURE,
            "API services, CSI drivers and flow schemas",
            "health and feature gates of the API server",
            "values that its redactors hid",
        ),
    ),
    "must-gather": Tool(
        "must-gather or oc adm inspect",
        (_NODE_SIDE, _AZURE, "version and health of the API server", "namespaces not inspected"),
    ),
    "cluster-info-dump": Tool(
        "kubectl cluster-info dump",
        (
            _NODE_SIDE,
            _AZURE,
            _CHANGES,
            "logs of containers before their restart",
            "ConfigMaps, StatefulSets, volumes, webhooks, custom resources, policies",
            "version and health of the API server",
        ),
    ),
    "aks-node-logs": Tool(
        "AKS node log collector (logs.zip)",
        (
            "the API server's view of the cluster",
            _AZURE,
            "egress and DNS probes",
            "the packet filter in the form of iptables-save",
        ),
    ),
    "aks-periscope": Tool(
        "aks-periscope",
        (
            "objects of the API server (it keeps descriptions, not objects)",
            _AZURE,
            _CHANGES,
            "namespaces of container logs",
        ),
    ),
    "sos": Tool(
        "sos report",
        ("the API server's view of the cluster", _AZURE, "egress and DNS probes"),
    ),
    "sonobuoy": Tool(
        "sonobuoy",
        (
            "files of nodes",
            _AZURE,
            "logs of containers before their restart",
            "health of the API server",
        ),
    ),
    "cilium-sysdump": Tool(
        "cilium sysdump",
        (
            "logs of nodes, and files of nodes other than CNI configuration and what bugtool shows",
            _AZURE,
            "Deployments, DaemonSets and ConfigMaps other than Cilium's own",
            "volumes, webhooks, StatefulSets",
            "health of the API server",
        ),
    ),
    "node-folder": Tool(
        "files of nodes, gathered by hand or by another tool",
        ("the API server's view of the cluster", _AZURE),
    ),
    "azure-export": Tool(
        "output of az",
        ("the API server's view of the cluster", _NODE_SIDE),
    ),
    "kubectl-output": Tool(
        "output of kubectl get",
        (
            "all objects that the command did not ask for",
            _NODE_SIDE,
            _AZURE,
            "container logs",
        ),
    ),
}


def tool_of(layout: str) -> Tool | None:
    """Return the tool that writes a layout; None for our own layouts."""
    return TOOLS.get(layout)
