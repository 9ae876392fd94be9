"""There are no addresses left for pods.

What it means:
  The CNI asked for an address for a new pod and got none: the subnet is full (Azure CNI), or the
  range of the node is used up (overlay, kubenet, most third-party CNIs).
Why it matters:
  New pods hang in ContainerCreating, CoreDNS and other system pods among them; upgrades that need
  surge nodes fail as well.
How we know:
  The CNI's own messages in events of pods and in the logs of kubelet, containerd, azure-cns and the
  IPAM, repeated over at least five minutes, and within half an hour of the collection. That the
  subnet is full is sure where azure-cns or the node network configuration says SubnetFull. A node
  with few pods and no free address has lost addresses instead: then a known bug, if one is seen, is
  the cause.
What to do:
  customer: Give the pools a larger subnet or another one, lower max-pods, remove pods that are not
    needed, or move to Azure CNI overlay.
  microsoft: Compare the addresses that the node holds with those that its pods use.
  cni-vendor: Look at the address pools of the CNI.
References:
  - Plan IP addressing: https://learn.microsoft.com/azure/aks/concepts-network-ip-address-planning
  - Azure CNI overlay: https://learn.microsoft.com/azure/aks/azure-cni-overlay
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from analyzer.facts.identity import Identity, NetworkMode
from analyzer.facts.kube import quantity
from analyzer.facts.listings import Events, NodeNetworkConfigs, Nodes, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import AnyObject, Node
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.cni._addresses import UNKNOWN_NODE, Seen, gather_signs

RULE = Rule(
    id="AKS-CNI-004",
    title="There are no addresses left for pods",
    component="cni",
    clauses=("SUP-05",),
    signals=frozenset({Signal.POD_NETWORK}),
)

#: Above this share of the pods that a node may hold, its addresses are in use, not lost.
CROWDED = 0.8


@dataclass(frozen=True, slots=True)
class Room:
    """Pods with an address of their own on the nodes concerned, and the limit of those nodes."""

    pods: int = 0
    limit: int = 0

    @property
    def crowded(self) -> bool:
        """True where the pods account for the addresses."""
        return self.limit > 0 and self.pods >= CROWDED * self.limit

    @property
    def sparse(self) -> bool:
        """True where they clearly do not."""
        return self.limit > 0 and not self.crowded


def check(
    events: Events,
    identity: Identity,
    logs: Logs | None,
    pods: Pods | None,
    nodes: Nodes | None,
    configs: NodeNetworkConfigs | None,
) -> Iterator[Hit]:
    seen = gather_signs(events, logs, pods, identity.collected_at)
    if not seen:
        return
    full = _full_configs(configs, seen)
    sure = bool(full) or any(one.subnet_full for one in seen.values())
    room = _room(seen, pods, nodes)
    waiting = sorted({pod for one in seen.values() for pod in one.pods})
    yield Hit(
        subject=Subject(kind="Subnet", name="pod addresses"),
        saw=_sentence(seen, waiting, room, sure=sure),
        expected="A free address for every pod that the nodes may hold.",
        evidence=(
            *(place for one in seen.values() for place in one.places[:2]),
            *(c.where("status: SubnetFull") for c in full),
        )[:6],
        signals=_signals(room, identity, sure=sure),
        affects=(
            *(Subject(kind="Node", name=name) for name in seen if name != UNKNOWN_NODE),
            *(Subject(kind="Pod", namespace=ns, name=name) for ns, name in waiting[:200]),
        ),
        first_seen=min((one.first for one in seen.values() if one.first), default=None),
        onset_at_latest=True,  # events and rotated logs keep the last hours only
        last_seen=identity.collected_at,
        count=sum(one.count for one in seen.values()),
        would_change=_doubt(room, sure=sure),
        # A full subnet explains itself; otherwise a bug that loses addresses may explain it.
        instance_of=frozenset() if sure or room.crowded else None,
    )


def _signals(room: Room, identity: Identity, *, sure: bool) -> frozenset[Signal]:
    """A full subnet and a node full of pods are sizes that the customer chose.

    In overlay a node has its own range, larger than its pods can use up. Elsewhere few pods leave
    two reasons: a subnet without room, or addresses that were lost on the node.
    """
    if sure or room.crowded:
        return frozenset({Signal.CAPACITY_EXHAUSTED})
    if identity.network.mode is NetworkMode.OVERLAY:
        return frozenset({Signal.UNHEALTHY})
    doubt = {Signal.CAPACITY_DOUBTED} if room.sparse else set()
    return frozenset({Signal.CAPACITY_EXHAUSTED, *doubt})


def _full_configs(configs: NodeNetworkConfigs | None, seen: Mapping[str, Seen]) -> list[AnyObject]:
    """Node network configurations that say SubnetFull (acn.azure.com/v1alpha, NCStatus)."""
    found = []
    for config in configs.items if configs else ():
        containers = config.status.get("networkContainers")
        rows = [row for row in containers or () if isinstance(row, dict)]
        if config.name in seen and any(row.get("status") == "SubnetFull" for row in rows):
            found.append(config)
    return found


def _room(seen: Mapping[str, Seen], pods: Pods | None, nodes: Nodes | None) -> Room:
    """Known only where every node concerned and the pods were listed."""
    if pods is None or pods.gaps or nodes is None:
        return Room()
    known: dict[str, Node] = {n.name: n for n in nodes.items if n.name in seen}
    if set(known) != set(seen):
        return Room()
    limits = [quantity(n.status.allocatable.get("pods")) or 0 for n in known.values()]
    using = [p for p in pods.items if p.spec.node_name in known and p.status.pod_ip]
    own = [p for p in using if not p.spec.host_network]
    return Room(len(own), int(sum(limits)) if all(limits) else 0)


def _sentence(
    seen: Mapping[str, Seen], waiting: list[tuple[str, str]], room: Room, *, sure: bool
) -> str:
    where = next(iter(seen)) if len(seen) == 1 else f"{len(seen)} nodes"
    most = max(one.count for one in seen.values())
    parts = [f"The CNI had no address for new pods on {where}, {most} times and more."]
    if waiting:
        names = "one pod" if len(waiting) == 1 else f"{len(waiting)} pods"
        parts.append(f"The events name {names}.")
    if sure:
        parts.append("The subnet is full: the allocator says SubnetFull.")
    elif room.limit:
        parts.append(f"{room.pods} pods hold an address there; the limit is {room.limit} pods.")
    return " ".join(parts)


def _doubt(room: Room, *, sure: bool) -> tuple[str, ...]:
    if sure or room.crowded:
        return ()
    if room.sparse:
        return (
            "Few pods run there for the number allowed: if the subnet has free addresses "
            "(az network vnet subnet show), addresses were lost on the node: the CNI's fault.",
        )
    return ("The free addresses of the subnet (az network vnet subnet show) would settle it.",)
