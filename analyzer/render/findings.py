"""Findings as a page shows them: the fixed order of fields, each one worded here."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from analyzer.model.finding import Finding, Reason
from analyzer.model.owner import Actor, Owner
from analyzer.model.subject import Subject
from analyzer.render.budget import Shown, show_all
from analyzer.render.index import Index, mark, title
from analyzer.render.links import read_reference
from analyzer.render.marks import Link
from analyzer.render.places import Places
from analyzer.render.shape import BugView, FindingView, ReasonView
from analyzer.render.text import clip, count, listed, node_ranges, one_line, short, span
from analyzer.render.words import (
    ACTOR_NAMES,
    CONFIDENCE_NAMES,
    SEVERITY_NAMES,
    STANCE_NAMES,
)

NAMES_MAX = 20
_KIND_WORDS = {
    "NodePool": "node pool",
    "Node": "node",
    "Pod": "pod",
    "Namespace": "namespace",
    "Component": "component",
    "Subnet": "subnet",
    "Endpoint": "endpoint",
    "Cluster": "cluster",
}
_TEXT_MAX = 1200
_STEPS_MAX = 10
_REASONS_MAX = 12
_CODE = re.compile(r"`([^`\n]{1,200})`")
#: Who may have a part in a problem, by its owner.
_ACTORS = {
    Owner.MICROSOFT: (Actor.MICROSOFT,),
    Owner.CUSTOMER: (),
    Owner.UPSTREAM: (Actor.MICROSOFT, Actor.UPSTREAM),
    Owner.BYOCNI_EXCLUDED: (Actor.CNI_VENDOR,),
}
#: The ends of pods' names that differ from run to run: ReplicaSet hash, pod suffix.
_POD_SUFFIX = re.compile(r"(-[bcdf-hj-np-tv-z2456789]{8,10})?-[bcdf-hj-np-tv-z2456789]{5}\Z")


def build_findings(
    index: Index, component_keys: dict[str, str], places: Places
) -> tuple[FindingView, ...]:
    """All findings in page order."""
    shown = show_all(index.findings, index.anchors)
    return tuple(
        replace(
            _finding(finding, index, shown[finding.id], component_keys[finding.component]),
            pools=places.pools.get(finding.id, ""),
            nodes=places.nodes.get(finding.id, ""),
        )
        for finding in index.findings
    )


def _finding(finding: Finding, index: Index, shown: Shown, component_key: str) -> FindingView:
    anchor = index.anchors[finding.id]
    read, further, further_texts = _references(finding)
    affects, names, more = describe_affects(finding.affects)
    causes, causes_more = _causes(finding, index)
    return FindingView(
        anchor=anchor,
        key=clip(one_line(finding.id), 120),
        fingerprint=fingerprint(finding),
        rule=finding.rule,
        title=title(finding),
        subject=clip(one_line(str(finding.subject)), 160),
        severity=finding.severity.value,
        severity_name=SEVERITY_NAMES[finding.severity],
        owner=mark(finding.owner),
        open_question=finding.owner is Owner.UNDETERMINED,
        confidence=CONFIDENCE_NAMES[finding.confidence],
        stance=STANCE_NAMES[finding.stance],
        component=short(finding.component, 60),
        component_key=component_key,
        pools="",
        nodes="",
        seen=span(finding.first_seen, finding.last_seen),
        sightings=count(finding.count, "sighting") if finding.count > 1 else "",
        saw=clip(_plain(finding.saw), _TEXT_MAX),
        expected=clip(_plain(finding.expected), _TEXT_MAX),
        why_it_matters=clip(_plain(finding.why_it_matters), _TEXT_MAX),
        decided=_reason(_decided(finding), anchor, shown),
        would_change=tuple(clip(text, _TEXT_MAX) for text in finding.would_change),
        other_reasons=_others(finding, anchor, shown),
        act_who=ACTOR_NAMES[finding.act_next.who],
        act_what=clip(_plain(finding.act_next.what), _TEXT_MAX),
        steps=tuple(clip(_plain(step), _TEXT_MAX) for step in _steps(finding)),
        read=read,
        further=further,
        further_texts=further_texts,
        bug=_bug(finding),
        root=not index.causes[finding.id],
        explained_by=_explained_by(finding, index),
        causes=causes,
        causes_more=causes_more,
        affects=affects,
        affects_names=names,
        affects_more=more,
        drift=_drift(finding),
        evidence=shown.blocks,
        evidence_summary=_evidence_summary(finding, shown),
        evidence_more=shown.more,
        evidence_note=shown.note,
    )


def _plain(text: str) -> str:
    """The text without the marks for code, which a page would show as they stand."""
    return _CODE.sub(r"\1", text.strip())


def _steps(finding: Finding) -> tuple[str, ...]:
    """What the others do: nothing while a cause stands, and nobody for what is not theirs.

    Where the owner is open everybody's part stands; the customer's stands always, for only the
    customer can reach the cluster.
    """
    if finding.explained_by:
        return ()
    if finding.owner is Owner.UNDETERMINED:
        return finding.remediation[:_STEPS_MAX]
    parts = {finding.act_next.who, Actor.CUSTOMER, *_ACTORS[finding.owner]}
    names = tuple(f"{ACTOR_NAMES[who]}: " for who in sorted(parts))
    others = tuple(f"{name}: " for name in ACTOR_NAMES.values())
    return tuple(
        step
        for step in finding.remediation[:_STEPS_MAX]
        if step.startswith(names) or not step.startswith(others)
    )


def fingerprint(finding: Finding) -> str:
    """Sixteen hexadecimal digits of rule and subject; a pod counts as what it is a copy of."""
    subject = finding.subject
    name = _POD_SUFFIX.sub("", subject.name) if subject.kind == "Pod" else subject.name
    parts = (finding.rule, subject.kind, subject.namespace or "", name, finding.component)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _decided(finding: Finding) -> Reason:
    return next((reason for reason in finding.because if reason.decided), finding.because[-1])


def _others(finding: Finding, anchor: str, shown: Shown) -> tuple[ReasonView, ...]:
    decided = _decided(finding)
    others = [reason for reason in finding.because if reason is not decided]
    return tuple(_reason(reason, anchor, shown) for reason in others[:_REASONS_MAX])


def _reason(reason: Reason, anchor: str, shown: Shown) -> ReasonView:
    numbers = dict.fromkeys(shown.block_of[n] for n in reason.evidence if n in shown.block_of)
    cites = [f"decision row {short(reason.row, 60)}"] if reason.row and reason.decided else []
    cites += [f"policy clause {short(reason.clause, 60)}"] if reason.clause else []
    if reason.section:
        cites.append(f"section “{short(reason.section)}”")
    return ReasonView(
        label=f"Row {short(reason.row, 60)}" if reason.row else f"Step {reason.step}",
        text=clip(reason.text.strip(), _TEXT_MAX),
        cites=", ".join(cites),
        decided=reason.decided,
        evidence=tuple(Link(f"evidence {n}", f"#{anchor}-e{n}") for n in sorted(numbers)),
    )


def _references(finding: Finding) -> tuple[Link | None, tuple[Link, ...], tuple[str, ...]]:
    """The first address to read, the other ones, and references without an address."""
    bug_links = finding.known_bug.links if finding.known_bug else ()
    references = [read_reference(text) for text in dict.fromkeys((*bug_links, *finding.references))]
    links = [item for item in references if isinstance(item, Link)]
    texts = [item for item in references if not isinstance(item, Link)]
    return (links[0] if links else None), tuple(links[1:9]), tuple(texts[:8])


def _bug(finding: Finding) -> BugView | None:
    bug = finding.known_bug
    if bug is None:
        return None
    return BugView(
        id=short(bug.id),
        title=short(bug.title, 240),
        fixed_in=listed([short(text) for text in bug.fixed_in], 4),
        workaround=clip(bug.workaround.strip(), _TEXT_MAX),
    )


def _explained_by(finding: Finding, index: Index) -> Link | None:
    causes = index.causes[finding.id]
    return index.link(index.finding(causes[0])) if causes else None


def _causes(finding: Finding, index: Index) -> tuple[Link | None, str]:
    direct = index.symptoms[finding.id]
    if not direct:
        return None, ""
    more = len(index.explained(finding.id)) - 1
    return index.link(index.finding(direct[0])), f"and {more:,} more" if more > 0 else ""


def describe_affects(affects: tuple[Subject, ...]) -> tuple[str, tuple[str, ...], str]:
    """How many of what kind, their names (nodes as ranges), and how many names are left out."""
    if not affects:
        return "", (), ""
    kinds: dict[str, set[str]] = {}
    for subject in affects:
        full = f"{subject.namespace}/{subject.name}" if subject.namespace else subject.name
        kinds.setdefault(subject.kind, set()).add(one_line(full))
    summary = [f"{len(names):,} {_kind(kind, len(names))}" for kind, names in sorted(kinds.items())]
    names: list[str] = []
    for kind, members in sorted(kinds.items()):
        names += node_ranges(members) if kind == "Node" else sorted(members)
    hidden = len(names) - NAMES_MAX
    more = f"and {hidden:,} more; all in the JSON report" if hidden > 0 else ""
    return listed(summary, 6), tuple(clip(name, 120) for name in names[:NAMES_MAX]), more


def _kind(kind: str, number: int) -> str:
    """``node`` or ``pods``: our own kinds in plain words, others as Kubernetes names them."""
    word = short(_KIND_WORDS.get(kind, kind), 60)
    if number == 1:
        return word
    if word.endswith("y"):
        return word[:-1] + "ies"
    return word + ("es" if word.endswith("ss") else "" if word.endswith("s") else "s")


def _drift(finding: Finding) -> str:
    return count(len(finding.drift), "difference") if finding.drift else ""


def _evidence_summary(finding: Finding, shown: Shown) -> str:
    total = len({item.path for item in finding.evidence})
    part = f" of {total:,}" if total > len(shown.blocks) else ""
    return f"Evidence, {len(shown.blocks)}{part} {'excerpt' if total == 1 else 'excerpts'}"
