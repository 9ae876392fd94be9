"""Known bugs against what was seen and what runs: affected, possible, or fixed here.

A finding needs a strong signature. A bug that needs corroboration needs two independent signals on
one object within ten minutes, or one that is not weak with a stated gate. Every gate must hold; one
that fails vetoes, one that cannot be answered leaves "possible". A bug that names neither a gate
nor a range of versions is never more than possible. See the gates and AKS's fixes for what is
known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analyzer.bugs.advice import advised
from analyzer.bugs.aks_fixes import fixed_by_aks
from analyzer.bugs.exposure import exposure
from analyzer.bugs.gates import (
    Answer,
    GateFacts,
    NodeGate,
    ask,
    fixed_by_version,
    runs_affected,
    states_range,
)
from analyzer.bugs.load import BugCatalogue
from analyzer.bugs.observe import Observation, observations, without_noise
from analyzer.bugs.runs import RuncOf, gate_facts
from analyzer.bugs.schema import Bug, Use
from analyzer.bugs.sightings import BugSighting, BugSightings, Status
from analyzer.facts.facts import Facts
from analyzer.model.subject import CLUSTER, Subject

#: References of one sighting; the rest is counted.
_EVIDENCE = 6
NO_RANGE = "Which versions have the bug is not known, so the sign alone speaks for it"
NOT_COMPARED = "That a version with the bug runs here is not shown"


def match_bugs(bugs: BugCatalogue, facts: Facts, runc_of: RuncOf | None = None) -> BugSightings:
    """Compare one bundle with the known bugs.

    ``runc_of`` gives the runc of a node image by its full version label, where a table is at hand.
    """
    runs = gate_facts(facts, runc_of)
    seen = observations(bugs, facts)
    found = [*judge(without_noise(seen), runs)]
    for bug in bugs:
        if bug.use is Use.EXPOSURE:
            found += exposure(bug, [o for o in seen if o.bug.id == bug.id], runs, facts)
    noise = [
        _sighting(group, Status.AFFECTED, (), runs)
        for group in _groups(o for o in seen if o.bug.use is Use.SUPPRESS)
    ]
    found = [_with_advice(one, runs) for one in found]
    return BugSightings(tuple(sorted(found, key=_order)), tuple(sorted(noise, key=_order)))


def _with_advice(one: BugSighting, runs: GateFacts) -> BugSighting:
    fix, step = advised(one, runs)
    return replace(one, fix=fix, next_step=step)


def judge(seen: Iterable[Observation], runs: GateFacts) -> list[BugSighting]:
    """Judge findings and bugs that need corroboration, per bug and object."""
    found = []
    for group in _groups(o for o in seen if o.bug.use in (Use.FINDING, Use.CORROBORATE)):
        sighting = _judge(group, runs)
        if sighting is not None:
            found.append(sighting)
    return found


def _order(one: BugSighting) -> tuple[str, str]:
    return one.bug.id, one.subject.key


def _groups(seen: Iterable[Observation]) -> list[list[Observation]]:
    """Observations by bug and object: the node where it is known, the object, or the cluster.

    What was seen in the cluster as a whole (a setting) speaks for every object of the bug.
    """
    groups: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    wide: dict[str, list[Observation]] = defaultdict(list)
    for one in seen:
        if one.node is None and one.subject.kind not in ("Pod", "Node"):
            wide[one.bug.id].append(one)
        else:
            groups[(one.bug.id, one.node or one.subject.key)].append(one)
    for (bug_id, _), group in groups.items():
        group += wide.get(bug_id, [])
    with_object = {bug_id for bug_id, _ in groups}
    alone = [group for bug_id, group in sorted(wide.items()) if bug_id not in with_object]
    return [groups[key] for key in sorted(groups)] + alone


def _judge(group: Sequence[Observation], runs: GateFacts) -> BugSighting | None:
    bug = group[0].bug
    node = runs.nodes.get(_node_name(group) or "")
    answers = [ask(gate, runs, node) for gate in bug.gates]
    if not _enough(bug, group, answers):
        return None
    failed = [answer for answer in answers if answer.holds is False]
    if failed:
        if not all(answer.fixed for answer in failed):
            return None  # another cluster than the bug is about
        return _sighting(group, Status.FIXED_HERE, failed, runs)
    doubts = _doubts(bug, answers, runs, node)
    vetoes = [doubt for doubt in doubts if doubt.holds is False]
    if vetoes:
        return _sighting(group, Status.FIXED_HERE, vetoes, runs)
    open_gates = bug.gate_required and any(answer.holds is None for answer in answers)
    status = Status.POSSIBLE if open_gates or doubts else Status.AFFECTED
    return _sighting(group, status, [*answers, *doubts], runs)


def _doubts(
    bug: Bug, answers: Sequence[Answer], runs: GateFacts, node: NodeGate | None
) -> list[Answer]:
    """What speaks against the bug beside its gates: a fix, or that no version speaks for it."""
    gates = zip(bug.gates, answers, strict=True)
    fixes = (fixed_by_version(bug, runs, node), fixed_by_aks(bug, gates, runs, node))
    found = [fix for fix in fixes if fix is not None]
    if found or bug.gates:
        return found
    if not states_range(bug):
        return [Answer(None, NO_RANGE)]
    sure = runs_affected(bug, runs, node, below_fix=False)
    return [] if sure else [Answer(None, NOT_COMPARED)]


def _enough(bug: Bug, group: Sequence[Observation], answers: Iterable[Answer]) -> bool:
    if bug.use is Use.FINDING and any(one.strong for one in group):
        return True
    pairs = ((one, two) for i, one in enumerate(group) for two in group[i + 1 :])
    if any(_independent(one, two) and one.near(two) for one, two in pairs):
        return True
    stated = any((answer.holds or answer.fixed) and answer.stated for answer in answers)
    return bug.use is Use.CORROBORATE and stated and not all(one.weak for one in group)


def _independent(one: Observation, two: Observation) -> bool:
    """Two signatures, and not the same line."""
    return one.signature.id != two.signature.id and not set(one.evidence) & set(two.evidence)


def _node_name(group: Sequence[Observation]) -> str | None:
    return next((one.node for one in group if one.node), None)


def _sighting(
    group: Sequence[Observation], status: Status, answers: Iterable[Answer], runs: GateFacts
) -> BugSighting:
    bug = group[0].bug
    subjects = sorted({one.subject for one in group if one.subject != CLUSTER}, key=lambda s: s.key)
    node = _node_name(group)
    subject = Subject(kind="Node", name=node) if node else subjects[0] if subjects else CLUSTER
    if len(subjects) == 1:
        subject = subjects[0]
    firsts = [one.first_seen for one in group if one.first_seen]
    lasts = [one.last_seen for one in group if one.last_seen]
    refs = dict.fromkeys(ref for one in group for ref in one.evidence)
    excluded = bug.byocni_excluded_when is not None and runs.network_plugin == "none"
    return BugSighting(
        bug=bug,
        subject=subject,
        status=status,
        why=tuple(dict.fromkeys([*(o.says for o in group[:3]), *(a.why for a in answers)])),
        evidence=tuple(refs)[:_EVIDENCE],
        affects=tuple(one for one in subjects if one != subject),
        first_seen=min(firsts, default=None),
        last_seen=max(lasts, default=None),
        count=sum(one.count for one in group),
        byocni_excluded=excluded,
    )
