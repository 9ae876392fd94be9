"""A known bug was seen at work, and the version that has it runs here.

What it means:
  Log lines or states that a documented bug leaves behind were found, and what runs on that node or
  in that component is a version with the bug. Where a version could not be told, where the bug
  names none, or where AKS has long had a release with the fix, it is only possible.
Why it matters:
  The cause is known and has links, a workaround and often a fixed version: nobody has to look for
  it again.
How we know:
  The signature (an expression over one log line, or a state) together with the gates of the bug:
  kernel, containerd, kubelet, node image, component version. A gate that fails vetoes it, and so
  does a node image that has the fix; lines of the first minutes after boot do not count. A state
  that several causes share (no free address, a slow etcd) is told as a lead only, and explains
  nothing. See the bug's own page: demarc explain and its name.
What to do:
  customer: Upgrade to the release or node image with the fix, or apply the workaround; where there
    is neither, report it to AKS with the bug's links and watch them.
  microsoft: Link the bug, and say in which release the fix comes.
  cni-vendor: Compare with the bug's links, and deliver the fixed version of the CNI.
References:
  - AKS support policies, upstream bugs: https://learn.microsoft.com/azure/aks/support-policies
  - Known issues of AKS: https://github.com/Azure/AKS/issues
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.bugs import BugSighting, BugSightings, Status
from analyzer.bugs.gates import states_range
from analyzer.facts.listings import Pods
from analyzer.facts.logs import Logs
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.upstream._lack_of_addresses import is_only_lack_of_addresses, tells_of_lack

RULE = Rule(
    id="AKS-BUG-001",
    title="A known bug is at work",
    component="node",
    clauses=("UP-01", "UP-02"),
)

NO_EFFECT: frozenset[str] = frozenset()


def check(sightings: BugSightings, pods: Pods | None, logs: Logs | None) -> Iterator[Hit]:
    for sighting in sightings.findings:
        bug = sighting.bug
        sure, lack = _is_sure(sighting), tells_of_lack(bug)
        yield Hit(
            subject=sighting.subject,
            title=f"Known bug: {bug.title}" if sure else f"Possibly a known bug: {bug.title}",
            component=bug.component,
            saw=_sentences(sighting.why),
            evidence=sighting.evidence,
            variant=bug.severity.value if sure else "possible",
            group=f"{bug.id}/{sighting.status}",
            signals=_signals(sighting) if sure else frozenset(),
            affects=(*sighting.affects, *_workloads(sighting, pods)),
            first_seen=sighting.first_seen,
            last_seen=sighting.last_seen,
            count=sighting.count,
            known_bug=bug.known_bug,
            would_change=() if sure else (_doubt(sighting),),
            do_next=sighting.next_step,
            produces=_produces(lack=lack) if sure else NO_EFFECT,
            instance_of=frozenset({"no-pod-ips"}) if lack and not sure else NO_EFFECT,
        )
    if logs is None:  # most signs are lines of logs: silence says nothing without any
        raise NotCollected(Gap(path="nodes/*: logs", reason=Presence.NOT_ASKED))


def _is_sure(sighting: BugSighting) -> bool:
    """Affected by version, and by more than a state that has several causes."""
    shared = sighting.bug.default_category == "shared"
    affected = sighting.status is Status.AFFECTED
    return affected and not shared and not is_only_lack_of_addresses(sighting)


def _produces(*, lack: bool) -> frozenset[str] | None:
    """What bugs of its component produce; one that loses addresses leaves pods without any."""
    return frozenset({"no-pod-ips"}) if lack else None


def _signals(sighting: BugSighting) -> frozenset[Signal]:
    """Which row decides: the customer's own software, Microsoft's component, or an upstream bug."""
    bug = sighting.bug
    if sighting.byocni_excluded:
        return frozenset({Signal.KNOWN_BUG, Signal.CNI_ITSELF})
    if bug.default_category == "customer":
        return frozenset({Signal.OWN_WORKLOAD})
    if bug.microsoft_owned or bug.default_category == "microsoft-managed":
        return frozenset({Signal.KNOWN_BUG, Signal.BUG_OF_MICROSOFT})
    return frozenset({Signal.KNOWN_BUG})


def _workloads(sighting: BugSighting, pods: Pods | None) -> tuple[Subject, ...]:
    """What made the pods that show the signs: people know these by name."""
    named = {
        (s.namespace, s.name) for s in (sighting.subject, *sighting.affects) if s.kind == "Pod"
    }
    made = {
        (pod.namespace, *pod.controller)
        for pod in (pods.items if pods and named else ())
        if (pod.namespace, pod.name) in named and pod.controller is not None
    }
    ordered = sorted(made, key=lambda row: (row[0] or "", row[1], row[2]))
    return tuple(Subject(kind=kind, namespace=space, name=name) for space, kind, name in ordered)


def _sentences(parts: tuple[str, ...]) -> str:
    return " ".join(part if part.endswith(".") else f"{part}." for part in parts)


def _doubt(sighting: BugSighting) -> str:
    if sighting.status is Status.AFFECTED:
        return (
            "Several causes leave this sign; a second one of the bug, or what else was found on "
            "the same node, tells them apart."
        )
    if not sighting.bug.gates and not states_range(sighting.bug):
        return "The bug names no version: its links say what else tells it from other causes."
    return "The version that runs here would confirm the bug or rule it out."
