"""What the rules are given: facts, expected state, recognised software, bug sightings; by type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.baselines.baseline import Baseline, ThirdPartySoftware, baseline_for
from analyzer.baselines.capture import captured_for
from analyzer.baselines.node_images import parse_node_image, versions
from analyzer.baselines.third_party import recognise
from analyzer.baselines.workload_owners import WorkloadOwners
from analyzer.bugs import BugSightings, match_bugs
from analyzer.facts.facts import Facts
from analyzer.facts.identity import Aks, Identity, NetworkMode
from analyzer.facts.listings import (
    CustomResourceDefinitions,
    DaemonSets,
    Deployments,
    Namespaces,
    Nodes,
)
from analyzer.model.signal import Signal
from analyzer.ownership.decide import Context
from analyzer.reference import Reference
from analyzer.timeline import Timeline, build_timeline

#: Network modes as people say them.
MODE_NAMES = {
    NetworkMode.NODE_SUBNET: "Azure CNI, node subnet",
    NetworkMode.POD_SUBNET: "Azure CNI, pod subnet",
    NetworkMode.OVERLAY: "Azure CNI overlay",
    NetworkMode.KUBENET: "kubenet",
    NetworkMode.BYOCNI: "BYOCNI",
    NetworkMode.UNKNOWN: "network mode unknown",
}


@dataclass(frozen=True)
class Supply:
    """What rules may ask for, and what holds for every decision."""

    by_type: Mapping[type[Any], Any]
    context: Context
    third_party: ThirdPartySoftware
    sightings: BugSightings
    #: None where nothing tells.
    is_aks: bool | None
    pool_of: Mapping[str, str]


def build_supply(facts: Facts, reference: Reference) -> Supply:
    """Prepare everything that follows from the facts before the first rule runs."""
    identity = facts.identity
    third_party = _third_party(facts)
    sightings = match_bugs(reference.bugs, facts, runc_of=_runc_of)
    by_type = facts.supply() | {
        Baseline: baseline_for(
            reference.catalogue, identity, captured_for(reference.captured, identity)
        ),
        ThirdPartySoftware: third_party,
        WorkloadOwners: _owners(facts, reference, third_party),
        BugSightings: sightings,
        Timeline: build_timeline(facts, sightings),
    }
    return Supply(
        by_type=by_type,
        context=_context(identity, reference, facts),
        third_party=third_party,
        sightings=sightings,
        is_aks=None if identity.aks is Aks.UNKNOWN else identity.aks is Aks.YES,
        pool_of={node.name: node.pool for node in facts.of(Nodes).items},
    )


def _runc_of(image: str) -> str | None:
    """The runc of a node image, which no node object tells."""
    parsed = parse_node_image(image)
    known = versions(parsed) if parsed is not None else None
    return known.runc if known is not None else None


def _third_party(facts: Facts) -> ThirdPartySoftware:
    conflists = {
        item.rsplit("/", 1)[-1] for node in facts.archives for item, _ in node.under("cni/net.d/")
    }
    return ThirdPartySoftware(
        recognise(
            daemon_sets=facts.of(DaemonSets).items,
            deployments=facts.of(Deployments).items,
            crds=[crd.name for crd in facts.of(CustomResourceDefinitions).items],
            namespaces=[namespace.name for namespace in facts.of(Namespaces).items],
            conflists=sorted(conflists),
        )
    )


def _owners(facts: Facts, reference: Reference, third_party: ThirdPartySoftware) -> WorkloadOwners:
    controllers = (*facts.of(DaemonSets).items, *facts.of(Deployments).items)
    return WorkloadOwners(reference.catalogue, facts.identity, third_party, controllers)


def _context(identity: Identity, reference: Reference, facts: Facts) -> Context:
    byocni = identity.network.byocni
    signals = {True: {Signal.BYOCNI}, None: {Signal.NETWORK_MODE_UNKNOWN}, False: set[Signal]()}
    count = len(reference.bugs)
    compared = f"{count} known bugs were compared" if facts.logs.readable else "no logs to compare"
    words = {"mode": MODE_NAMES[identity.network.mode], "bugs_checked": compared}
    return Context(signals=frozenset(signals[byocni]), words=words, pack=reference.pack)
