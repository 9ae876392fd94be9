"""No node may take a pod, because its volume lies elsewhere.

What it means:
  A disk lies in one availability zone, or on one node, and only nodes there can use it. None of
  the nodes that the pod may run on is there.
Why it matters:
  The pod waits until a node of that zone is there; no other pool helps.
How we know:
  The scheduler says of the pod "volume node affinity conflict", and of no node that only room is
  lacking there. The zones of the volume and of the nodes are shown.
What to do:
  customer: Add a node in the volume's zone (a pool with that zone in --zones), or move the data;
    use a storage class with volumeBindingMode WaitForFirstConsumer or a zone-redundant disk (ZRS).
References:
  - Availability zones in AKS: https://learn.microsoft.com/azure/aks/availability-zones
  - Azure disks on AKS: https://learn.microsoft.com/azure/aks/azure-disk-csi
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes, PersistentVolumeClaims, PersistentVolumes, Pods
from analyzer.facts.objects import PersistentVolume
from analyzer.facts.parse.scheduler import Obstacle
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._waiting import claims_of, held_back, subject_of, workload_of

RULE = Rule(
    id="AKS-STO-003",
    title="No node may take a pod, because its volume lies elsewhere",
    component="storage",
    clauses=("SHR-05", "SUP-03"),
    signals=frozenset({Signal.STORAGE, Signal.CAPACITY_EXHAUSTED}),
)

_ZONES = ("topology.disk.csi.azure.com/zone", "topology.kubernetes.io/zone")


def check(
    pods: Pods,
    identity: Identity,
    nodes: Nodes | None,
    claims: PersistentVolumeClaims | None,
    volumes: PersistentVolumes | None,
) -> Iterator[Hit]:
    of_claim = _volumes_of_claims(claims, volumes)
    for pod, read, since in held_back(pods, Obstacle.VOLUME_PLACE, identity.collected_at):
        own = claims_of(pod)
        placed = [(c, v) for c in own if (v := of_claim.get(c.key)) is not None and _place(v)]
        subject, volume = placed[0] if placed else (own[0], None)
        count = read.count(Obstacle.VOLUME_PLACE)
        where = f" {volume.name} lies in {_place(volume)}." if volume is not None else ""
        zones = sorted(
            {z for n in (nodes.items if nodes else ()) if (z := _zone(n.metadata.labels))}
        )
        there = f" The nodes are in {', '.join(zones)}." if zones else ""
        yield Hit(
            subject=subject,
            title=f"The volume of {subject.namespace}/{subject.name} lies where no node may take "
            "its pod",
            saw=f"{count} nodes cannot use the volume of pod {pod.name}.{where}{there}",
            expected="A node where the volume lies, with room for the pod.",
            evidence=(
                pod.where("type: PodScheduled", "reason: Unschedulable"),
                *((volume.where("nodeAffinity"),) if volume is not None else ()),
            ),
            affects=(subject_of(pod), workload_of(pod), *own),
            first_seen=since,
            last_seen=identity.collected_at,
        )


def _volumes_of_claims(
    claims: PersistentVolumeClaims | None, volumes: PersistentVolumes | None
) -> dict[str, PersistentVolume]:
    by_name = {volume.name: volume for volume in (volumes.items if volumes is not None else ())}
    found: dict[str, PersistentVolume] = {}
    for item in claims.items if claims is not None else ():
        volume = by_name.get(str(item.spec.get("volumeName") or ""))
        if volume is not None:
            key = Subject(kind="PersistentVolumeClaim", namespace=item.namespace, name=item.name)
            found[key.key] = volume
    return found


def _place(volume: PersistentVolume) -> str:
    """The zone or node that the volume's node affinity asks for, or nothing."""
    affinity = volume.spec.get("nodeAffinity")
    required = affinity.get("required") if isinstance(affinity, dict) else None
    terms = required.get("nodeSelectorTerms") if isinstance(required, dict) else None
    values: list[str] = []
    for term in terms if isinstance(terms, list) else ():
        for one in (term.get("matchExpressions") or ()) if isinstance(term, dict) else ():
            if isinstance(one, dict) and one.get("key") in (*_ZONES, "kubernetes.io/hostname"):
                values += [str(value) for value in one.get("values") or () if value]
    return " or ".join(dict.fromkeys(values))


def _zone(labels: dict[str, str]) -> str:
    return next((labels[key] for key in _ZONES if labels.get(key)), "")
