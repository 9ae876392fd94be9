"""Where the cluster's version can be looked up."""

from __future__ import annotations

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.model.evidence import EvidenceRef


def version_evidence(identity: Identity, nodes: Nodes | None) -> tuple[EvidenceRef, ...]:
    """The API server's own answer, the manifest, and a kubelet of the same version."""
    version = identity.kubernetes_version or ""
    own = EvidenceRef(
        path="cluster/version.json",
        what="version of the API server",
        anchors=(f"gitVersion: v{version}",),
    )
    told = EvidenceRef(
        path="manifest.json",
        what="version in the manifest",
        anchors=(f"server_version: v{version}",),
    )
    same = [n for n in (nodes.items if nodes is not None else ())
            if n.status.node_info.kubelet_version == f"v{version}"]  # fmt: skip
    kubelet = tuple(n.where("nodeInfo", f"kubeletVersion: v{version}") for n in same[:1])
    return (own, *kubelet) if kubelet else (own, told)
