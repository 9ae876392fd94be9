"""A third-party CNI runs on a cluster whose network AKS manages.

What it means:
  Somebody installed another CNI beside the one that AKS manages. That is no BYOCNI: BYOCNI is
  chosen when the cluster is made, and AKS then installs none.
Why it matters:
  Two CNIs write into the same folder and the same routes. Which one connects a pod depends on file
  names; pods lose addresses, policies and routes at the next update.
How we know:
  A DaemonSet of a known CNI that pulls from another registry than Microsoft's, or a CNI
  configuration on nodes that AKS does not write, while the network mode is a managed one. The
  runtime uses the first file by name: where that is the third-party one, it connects the pods.
  Where the nodes' folders show AKS's file alone, only its agents run (as for its network policies).
  Meta plugins such as Multus are named, too.
What to do:
  customer: Remove the third-party CNI and its files in /etc/cni/net.d, and upgrade the node image
    of each pool; to use it for good, make a new cluster with networkPlugin none.
References:
  - Bring your own CNI with AKS: https://learn.microsoft.com/azure/aks/use-byo-cni
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from analyzer.facts.cnis import cni_data, own_cni_of_conflist
from analyzer.facts.identity import Identity
from analyzer.facts.listings import DaemonSets
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Workload
from analyzer.facts.parse.cni import Conflist, parse_conflist
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.cni._network import own_cni_daemonsets, require_mode

RULE = Rule(
    id="AKS-CNI-002",
    title="A third-party CNI runs on a managed network",
    component="cni",
    clauses=("UNS-05",),
    signals=frozenset({Signal.THIRD_PARTY_CNI, Signal.CNI_ITSELF}),
)

#: Files that the runtime reads (libcni, ConfFiles); backups with other endings are ignored by it.
ENDINGS = (".conf", ".conflist", ".json")
NO_EFFECT: frozenset[str] = frozenset()


@dataclass
class _OnNodes:
    """Where the configuration of one CNI lies, by node: first by name, or behind AKS's own."""

    first: dict[str, EvidenceRef] = field(default_factory=dict)
    behind: dict[str, EvidenceRef] = field(default_factory=dict)


def check(
    daemonsets: DaemonSets, identity: Identity, archives: NodeArchives | None
) -> Iterator[Hit]:
    if identity.network.byocni is True:
        raise NotApplicable("the cluster brings its own CNI (networkPlugin none)")
    installed = own_cni_daemonsets(daemonsets)
    files, seen = _files(archives)
    if installed or files:
        require_mode(identity)
    for name in sorted({name for name, _ in installed} | set(files)):
        own = [d for n, d in installed if n == name]
        places = files.get(name, _OnNodes())
        nodes = {**places.behind, **places.first}
        created = [d.metadata.creation_timestamp for d in own if d.metadata.creation_timestamp]
        active = bool(places.first)
        yield Hit(
            subject=own[0].subject if own else CLUSTER,
            title=f"{name} runs on a cluster whose network AKS manages",
            saw=_sentence(name, own, places, seen),
            expected=f"Only the CNI of the mode {identity.network.mode.value}.",
            evidence=(
                *(d.where("image", what=f"DaemonSet {d.namespace}/{d.name}") for d in own),
                *list(nodes.values())[:2],
            ),
            variant=_variant(places, seen),
            affects=tuple(Subject(kind="Node", name=node) for node in sorted(nodes)),
            first_seen=min(created, default=None),
            produces=None if active or not seen else frozenset({"component-changed"}),
        )


def _variant(places: _OnNodes, seen: int) -> str:
    """Where nodes were looked at and none holds its file, only the agents run."""
    if places.first:
        return "active"
    return "beside" if seen and not places.behind else "default"


def _files(archives: NodeArchives | None) -> tuple[dict[str, _OnNodes], int]:
    """CNI → where its configuration lies, and how many nodes' folders were seen."""
    found: dict[str, _OnNodes] = {}
    seen = 0
    for node in archives or ():
        conflists = _conflists(node)
        seen += bool(conflists)
        for number, conflist in enumerate(conflists):
            name = own_cni_of_conflist(conflist)
            if name is None or _is_chained(conflist):
                continue
            places = found.setdefault(name, _OnNodes())
            (places.behind if number else places.first)[node.node] = conflist.where
    return found, seen


def _conflists(node: NodeFiles) -> list[Conflist]:
    """What the runtime would read, in its order."""
    parsed = [parse_conflist(item, file) for item, file in node.under("cni/net.d/")]
    read = [c for c in parsed if c.readable and c.file_name.endswith(ENDINGS)]
    return sorted(read, key=lambda c: c.file_name)


def _is_chained(conflist: Conflist) -> bool:
    """A plugin of a mesh that hangs behind AKS's own (istio-cni, linkerd-cni) is no CNI."""
    return conflist.plugins[0] in cni_data().aks_plugins


def _sentence(name: str, own: list[Workload], places: _OnNodes, seen: int) -> str:
    by = []
    if own:
        names = ", ".join(f"{d.namespace}/{d.name}" for d in own)
        by.append(f"DaemonSet {names} installs it")
    if places.first:
        by.append(f"on {_nodes(len(places.first))} its configuration comes first and is used")
    if places.behind:
        by.append(f"on {_nodes(len(places.behind))} its configuration lies behind AKS's own")
    if seen and not places.first and not places.behind:
        by.append(f"none of the {_nodes(seen)} looked at holds its configuration")
    return f"{name} is installed beside AKS's own CNI: {', and '.join(by)}."


def _nodes(count: int) -> str:
    return "one node" if count == 1 else f"{count} nodes"
