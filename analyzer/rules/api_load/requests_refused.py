"""The store of the cluster is full, or the API server turns requests away.

What it means:
  Controllers were told that the database of etcd has no space left, or that there are too many
  requests.
Why it matters:
  With a full database nothing can be written any more, and the cluster stands still. Refused
  requests make controllers late.
How we know:
  The errors of etcd and of the API server in the events of controllers within the hour, three times
  or more. Who filled the store or asks so much is not in them.
What to do:
  customer: Count the objects by kind (kubectl get --raw /metrics, apiserver_storage_objects), and
    delete what has piled up: events, finished Jobs, old releases, objects of custom resources.
  microsoft: See the size of the cluster's etcd database and its largest kinds.
References:
  - API server and etcd trouble: https://learn.microsoft.com/troubleshoot/azure/azure-kubernetes/create-upgrade-delete/troubleshoot-apiserver-etcd
  - Operating etcd: https://kubernetes.io/docs/tasks/administer-cluster/configure-upgrade-etcd/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.facts.objects import Event
from analyzer.model.subject import CLUSTER, Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-API-002",
    title="The store of the cluster is full, or the API server turns requests away",
    component="apiserver",
    clauses=("MGD-01", "SUP-02"),
    signals=frozenset({Signal.CONTROL_PLANE, Signal.UNHEALTHY, Signal.CHANGE_NOT_CHECKED}),
)

RECENT = timedelta(hours=1)
MIN_TIMES = 3
#: Errors of etcd (server/etcdserver/api/v3rpc/rpctypes) and of apimachinery (pkg/api/errors).
FORMS = {
    "full": re.compile(r"etcdserver: mvcc: database space exceeded"),
    "slow": re.compile(r"etcdserver: (?:request timed out|too many requests|leader changed)"),
    "refused": re.compile(r"the server has received too many requests and has asked us to try"),
}
_SAYS = {
    "full": "The database of etcd is full",
    "slow": "etcd does not answer in time",
    "refused": "The API server turns requests away",
}


def check(events: Events, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for kind, looks in FORMS.items():
        found = [
            event
            for event in events.items
            if looks.search(event.text)
            and (now is None or event.last is None or now - event.last <= RECENT)
        ]
        if sum(event.times for event in found) >= MIN_TIMES:
            yield _hit(kind, found, identity)


def _hit(kind: str, found: list[Event], identity: Identity) -> Hit:
    about = dict.fromkeys(event.about for event in found)
    return Hit(
        subject=CLUSTER,
        title=_SAYS[kind],
        saw=f"{sum(e.times for e in found)} requests failed, for example: {found[0].text[:300]}",
        expected="The API server takes what controllers write.",
        evidence=tuple(event.where("message") for event in found[:3]),
        variant=kind,
        group=kind,
        affects=tuple(Subject(kind=k, namespace=n, name=m) for k, n, m in list(about)[:20] if k),
        first_seen=min((e.first for e in found if e.first), default=None),
        onset_at_latest=True,
        last_seen=identity.collected_at,
        count=sum(event.times for event in found),
        produces=frozenset({"api-throttled" if kind == "refused" else "api-server-unhealthy"}),
        would_change=(
            "The counts of objects by kind (apiserver_storage_objects), or the audit log: mostly "
            "objects or requests of the customer's software would make it the customer's.",
        ),
    )
