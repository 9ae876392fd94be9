"""A job failed for good.

What it means:
  The pods of a Job ended with errors as often as it allows, or it ran past its deadline; Kubernetes
  does not try again. For a CronJob, its newest runs failed.
Why it matters:
  Work that was meant to be done is not done, and nobody is told.
How we know:
  The Failed condition of Jobs within a day of the collection. A CronJob counts once, if its newest
  finished run failed; with two failed runs or more on end it weighs more. Runs that failed before a
  run that went well are left out.
What to do:
  customer: Read the logs of the Job's last pod (kubectl logs job/NAME), correct the cause, and
    start the Job anew (kubectl create job --from=cronjob/NAME NAME-again).
References:
  - Jobs: https://kubernetes.io/docs/concepts/workloads/controllers/job/
  - CronJobs: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.baselines.workload_owners import Key, WorkloadOwners
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Jobs
from analyzer.facts.objects import Condition, Workload
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.workload._workloads import named, subject_of

RULE = Rule(
    id="AKS-WL-012",
    title="A job failed for good",
    component="workload",
    clauses=("UNS-01", "UNS-14"),
    signals=frozenset({Signal.UNHEALTHY}),
)

RECENT = timedelta(hours=24)
MIN_RUNS = 2


def check(jobs: Jobs, identity: Identity, owners: WorkloadOwners) -> Iterator[Hit]:
    groups: dict[Key, list[Workload]] = {}
    for job in jobs.items:
        groups.setdefault(_key(job), []).append(job)
    for key, runs in sorted(groups.items()):
        failed = _failed_on_end(runs)
        if not failed or owners.of(failed[0], key).managed:
            continue
        job, condition = failed[0], _condition(failed[0])
        when = condition.last_transition_time if condition is not None else None
        now = identity.collected_at
        if condition is None or (when and now and now - when > RECENT):
            continue
        yield Hit(
            subject=subject_of(key),
            title=f"{named(key)} failed",
            saw=f"Job {job.name} failed: {condition.reason}: {condition.message}"
            + (f" The {len(failed)} newest runs failed." if len(failed) > 1 else ""),
            expected="The job ends well.",
            evidence=(job.where("type: Failed", f"reason: {condition.reason}"),),
            variant="on-end" if len(failed) >= MIN_RUNS else "default",
            signals=owners.signals(key),
            first_seen=min((t for j in failed if (t := _ended(j))), default=when),
            last_seen=when,
            count=len(failed),
        )


def _key(job: Workload) -> Key:
    for owner in job.metadata.owner_references:
        if owner.kind == "CronJob":
            return "CronJob", job.namespace or "", owner.name
    return "Job", job.namespace or "", job.name


def _failed_on_end(runs: list[Workload]) -> list[Workload]:
    """The newest runs that failed, newest first, up to one that went well."""
    ended = [job for job in runs if _condition(job) or _complete(job)]
    ended.sort(key=lambda job: (_ended(job) is None, _ended(job), job.name), reverse=True)
    failed: list[Workload] = []
    for job in ended:
        if _condition(job) is None:
            break
        failed.append(job)
    return failed


def _condition(job: Workload) -> Condition | None:
    rows = job.status.conditions if job.status else ()
    return next((c for c in rows if c.type == "Failed" and c.status == "True"), None)


def _complete(job: Workload) -> bool:
    rows = job.status.conditions if job.status else ()
    return any(c.type == "Complete" and c.status == "True" for c in rows)


def _ended(job: Workload) -> datetime | None:
    rows = job.status.conditions if job.status else ()
    times = [c.last_transition_time for c in rows if c.last_transition_time]
    return max(times, default=job.metadata.creation_timestamp)
