"""A service that the node image brings has failed.

What it means:
  systemd holds a unit to be failed that AKS's node image brings and that the node needs: name
  resolution, network set-up, time, Azure's agent, monitoring of the node.
Why it matters:
  The node works on for a while and loses a part: names are not resolved, addresses are not renewed,
  the clock drifts, extensions and repairs do not reach it.
How we know:
  The failed units of the node. Units of the customer, units that only report or log, and those of
  kubelet and containerd, which have rules of their own, do not count. Nodes that have just joined
  do not count either.
What to do:
  customer: See why (journalctl -u <unit> on the node), start it again (systemctl restart), or
    replace the node by a node image upgrade.
  microsoft: See whether other nodes of the same image have it too.
References:
  - Access to nodes: https://learn.microsoft.com/azure/aks/node-access
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.facts.parse.host import parse_failed_units
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import files_of, passing

RULE = Rule(
    id="AKS-NODE-019",
    title="A service that the node image brings has failed",
    component="node-services",
    clauses=("NODE-01", "NODE-03"),
    signals=frozenset({Signal.NODE_HOST, Signal.UNHEALTHY}),
)

#: What each is for. Source: units of AKS's node images (Azure/AgentBaker, parts/linux/cloud-init).
NEEDED = {
    "systemd-resolved.service": "name resolution",
    "systemd-networkd.service": "network set-up",
    "chrony.service": "the clock",
    "chronyd.service": "the clock",
    "walinuxagent.service": "Azure's agent",
    "waagent.service": "Azure's agent",
    "node-problem-detector.service": "monitoring of the node",
    "localdns.service": "the node's own DNS cache",
    "secure-tls-bootstrap.service": "the kubelet's first certificate",
    "nvidia-device-plugin.service": "GPUs for pods",
}


def check(archives: NodeArchives, nodes: Nodes | None, identity: Identity) -> Iterator[Hit]:
    young = passing(nodes, identity.collected_at)
    for name, file in files_of(archives, "host/failed-units"):
        for unit, where in parse_failed_units(file):
            if unit in NEEDED and name not in young:
                yield Hit(
                    subject=Subject(kind="Node", name=name),
                    title=f"The service {unit} has failed on nodes",
                    saw=f"On {name} systemd holds {unit} ({NEEDED[unit]}) to be failed.",
                    expected="The services that the image brings run.",
                    evidence=(where,),
                    group=unit,
                    do_next=f"See why (journalctl -u {unit} on the node), start it again "
                    f"(systemctl restart {unit}), or replace the node by a node image upgrade.",
                )
