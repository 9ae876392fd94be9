"""A CronJob misses its times.

What it means:
  The CronJob controller could not start runs at their times: too many were missed on end, so that
  it gave up, or the schedule cannot be read.
Why it matters:
  The work is not done; after a hundred missed times no run is started any more.
How we know:
  Warnings of the controller about the CronJob (TooManyMissedTimes, MissSchedule, an unreadable
  schedule) within an hour of the collection. A single missed time says nothing.
What to do:
  customer: Set startingDeadlineSeconds, or correct the schedule (kubectl edit cronjob NAME -n
    NAMESPACE). If it was suspended for long, make it anew.
References:
  - CronJobs: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-WL-013",
    title="A CronJob misses its times",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.OWN_WORKLOAD, Signal.UNHEALTHY}),
)

RECENT = timedelta(hours=1)
#: Reasons of pkg/controller/cronjob (cronjob_controllerv2.go), with the times from which they tell.
REASONS = {
    "TooManyMissedTimes": 1,
    "MissSchedule": 3,
    "InvalidSchedule": 1,
    "UnParseableCronJobSchedule": 1,
    "UnparseableSchedule": 1,
}


def check(events: Events, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    for event in events.items:
        kind, namespace, name = event.about
        if kind != "CronJob" or event.times < REASONS.get(event.reason, event.times + 1):
            continue
        old = now is not None and event.last is not None and now - event.last > RECENT
        if old or is_managed_namespace(namespace):
            continue
        yield Hit(
            subject=Subject(kind=kind, namespace=namespace, name=name),
            title=f"CronJob {namespace}/{name} misses its times",
            saw=f"The controller says: {event.text}",
            expected="A run starts at each time of the schedule.",
            evidence=(event.where(f"reason: {event.reason}"),),
            variant="default" if event.reason == "TooManyMissedTimes" else "minor",
            first_seen=event.first,
            onset_at_latest=True,
            last_seen=event.last,
            count=event.times,
        )
