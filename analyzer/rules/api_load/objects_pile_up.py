"""Objects pile up in the store of the API server.

What it means:
  A namespace of the customer holds thousands of objects of a kind that is meant to go away:
  finished Jobs and pods, events, old ReplicaSets, or ConfigMaps that a tool leaves behind.
Why it matters:
  Every client that lists them makes the API server work, and etcd has a limit of its own. Very many
  of them explain an API server that is slow or a store that is full.
How we know:
  The number of objects in the listings, by namespace: 5,000 of one kind are told, and from 50,000
  on they count as the cause of an overloaded API server.
What to do:
  customer: Set ttlSecondsAfterFinished on Jobs and history limits on CronJobs and Deployments, find
    out what writes the events, and delete what is not needed.
References:
  - API server and etcd trouble: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/troubleshoot-apiserver-etcd
  - Finished Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.kube import KubeObject
from analyzer.facts.listings import ConfigMaps, Events, Jobs, Pods, ReplicaSets
from analyzer.facts.objects import Workload
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-API-003",
    title="Objects pile up in the store of the API server",
    component="apiserver",
    clauses=("UNS-01",),
    signals=frozenset({Signal.OWN_WORKLOAD}),
)

MANY = 5_000
OVERFULL = 50_000


def check(
    events: Events,
    identity: Identity,
    jobs: Jobs | None,
    pods: Pods | None,
    replica_sets: ReplicaSets | None,
    config_maps: ConfigMaps | None,
) -> Iterator[Hit]:
    ended = [p for p in (pods.items if pods else ()) if p.status.phase in ("Succeeded", "Failed")]
    old = [s for s in (replica_sets.items if replica_sets else ()) if not s.spec.replicas]
    done = [job for job in (jobs.items if jobs else ()) if _done(job)]
    maps = config_maps.items if config_maps else ()
    for listing, what, items in (
        (events, "events", events.items),
        (jobs, "finished Jobs", done),
        (pods, "finished pods", ended),
        (replica_sets, "ReplicaSets without pods", old),
        (config_maps, "ConfigMaps", maps),
    ):
        for namespace, count in _crowded(items):
            if listing is not None:
                yield _hit(namespace, what, count, listing.listing(namespace, what), identity)


def _crowded(items: Iterable[KubeObject]) -> list[tuple[str, int]]:
    counts = Counter(item.namespace or "" for item in items)
    return sorted(
        (namespace, count)
        for namespace, count in counts.items()
        if count >= MANY and namespace and not is_managed_namespace(namespace)
    )


def _done(job: Workload) -> bool:
    conditions = job.status.conditions if job.status else ()
    return any(c.type in ("Complete", "Failed") and c.status == "True" for c in conditions)


def _hit(namespace: str, what: str, count: int, where: EvidenceRef, identity: Identity) -> Hit:
    full = count >= OVERFULL
    return Hit(
        subject=Subject(kind="Namespace", name=namespace),
        title=f"{count:,} {what} pile up in namespace {namespace}",
        saw=f"Namespace {namespace} holds {count:,} {what}.",
        expected=f"Fewer than {MANY:,} of them in a namespace.",
        evidence=(where,),
        variant="overfull" if full else "default",
        group=f"{namespace}/{what}",
        last_seen=identity.collected_at,
        count=count,
        produces=None if full else frozenset(),
    )
