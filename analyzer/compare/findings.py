"""Findings of two sides, paired: by id, then by what their subject is called without the noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from analyzer.compare.difference import ChangedFinding, FieldChange, FindingNote
from analyzer.compare.lasting import lasting_key
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.hit import Outcome

#: Kinds whose names end in something that is drawn anew.
_DRAWN = frozenset({"Pod", "ReplicaSet", "Job", "EndpointSlice"})


@dataclass(frozen=True)
class FindingChanges:
    """What appeared, went, changed; ``unchanged`` counts the rest."""

    appeared: tuple[FindingNote, ...]
    gone: tuple[FindingNote, ...]
    changed: tuple[ChangedFinding, ...]
    unchanged: int


def compare_findings(before: Diagnosis, after: Diagnosis) -> FindingChanges:
    """Pair the findings of two diagnoses; each list is in the order worst first, then by id."""
    pairs = _pairs(before, after)
    paired = {old.id for old, _ in pairs}, {new.id for _, new in pairs}
    gone = [f for f in before.findings if f.id not in paired[0]]
    appeared = [f for f in after.findings if f.id not in paired[1]]
    changed = [
        ChangedFinding(finding=_note(new), changes=changes)
        for old, new in pairs
        if (changes := _changes(old, new))
    ]
    return FindingChanges(
        appeared=_sorted(_note(f, _doubt(f, before, "the older input")) for f in appeared),
        gone=_sorted(_note(f, _why_gone(f, after)) for f in gone),
        changed=tuple(sorted(changed, key=lambda c: (c.finding.severity.rank, c.finding.id))),
        unchanged=len(pairs) - len(changed),
    )


def _pairs(before: Diagnosis, after: Diagnosis) -> list[tuple[Finding, Finding]]:
    new_by_id = {finding.id: finding for finding in after.findings}
    pairs = [(old, new_by_id[old.id]) for old in before.findings if old.id in new_by_id]
    taken = {old.id for old, _ in pairs}
    left: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    old_nodes = {node.name for node in before.cluster.node_list}
    new_nodes = {node.name for node in after.cluster.node_list}
    for new in after.findings:
        if new.id not in taken and _renamed(new, old_nodes):
            left[_key(new)].append(new)
    for old in before.findings:
        if old.id not in taken and _renamed(old, new_nodes) and left[_key(old)]:
            pairs.append((old, left[_key(old)].pop(0)))
    return pairs


def _renamed(finding: Finding, other_nodes: set[str]) -> bool:
    """True where the subject may have another name on the other side.

    A machine that both sides have keeps its name: trouble on another one is other trouble.
    """
    subject = finding.subject
    if subject.kind == "Node":
        return subject.name not in other_nodes
    return subject.kind in _DRAWN


def _key(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.component, lasting_key(finding.subject)


def _changes(old: Finding, new: Finding) -> tuple[FieldChange, ...]:
    rows = (
        ("severity", old.severity.value, new.severity.value),
        ("owner", old.owner.value, new.owner.value),
        ("stance", old.stance.value, new.stance.value),
        ("confidence", old.confidence.value, new.confidence.value),
        ("root", _role(old), _role(new)),
    )
    return tuple(FieldChange(field=field, before=a, after=b) for field, a, b in rows if a != b)


def _role(finding: Finding) -> str:
    return "root cause" if finding.root else "symptom"


def _note(finding: Finding, doubt: str = "") -> FindingNote:
    return FindingNote(
        id=finding.id,
        rule=finding.rule,
        title=finding.title,
        severity=finding.severity,
        component=finding.component,
        subject=finding.subject,
        owner=finding.owner,
        stance=finding.stance,
        confidence=finding.confidence,
        root=finding.root,
        saw=finding.saw,
        count=finding.count,
        next_step=finding.act_next.what,
        doubt=doubt,
    )


def _why_gone(finding: Finding, after: Diagnosis) -> str:
    node = finding.subject.name if finding.subject.kind == "Node" else finding.subject.node
    names = {item.name for item in after.cluster.node_list}
    if node and names and node not in names:
        return f"Node {node} is not there any more."
    return _doubt(finding, after, "the newer input")


def _doubt(finding: Finding, other: Diagnosis, which: str) -> str:
    """Why the other side's silence on this finding means nothing; empty where it was checked."""
    for check in (*other.unknown, *other.crashed):
        if check.rule == finding.rule:
            if check.outcome is Outcome.CRASHED:
                return f"The check failed on {which}."
            missing = f": {check.missing[0]}" if check.missing else ""
            part = "only in part" if check.outcome is Outcome.HIT else "not"
            return f"It could {part} be checked in {which}{missing}."
    checks = (*other.healthy, *other.not_applicable)
    known = {check.rule for check in checks} | {found.rule for found in other.findings}
    if finding.rule not in known:
        return f"The report of {which} does not say whether this was checked."
    return ""


def _sorted(notes: Iterable[FindingNote]) -> tuple[FindingNote, ...]:
    return tuple(sorted(notes, key=lambda note: (note.severity.rank, note.id)))
