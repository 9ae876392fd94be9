"""Observations: everything in a bundle that a signature of a known bug matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.bugs.computed import COMPUTED, Shown
from analyzer.bugs.load import BugCatalogue
from analyzer.bugs.schema import Bug, Signature, Strength
from analyzer.bugs.states import States, StateText
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Pods
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import CLUSTER, Subject

#: Two signals on one object belong together within this time.
WINDOW = timedelta(minutes=10)
#: Start-up noise that comes back on so many occasions is none.
_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Observation:
    """One signature on one object. ``bursts`` are empty where it has no times (a state)."""

    bug: Bug
    signature: Signature
    subject: Subject
    node: str | None
    count: int
    first_seen: datetime | None
    last_seen: datetime | None
    bursts: tuple[tuple[datetime, datetime], ...]
    evidence: tuple[EvidenceRef, ...]

    @property
    def strong(self) -> bool:
        """True for a signature that is specific to its bug."""
        return self.signature.strength is Strength.STRONG

    @property
    def weak(self) -> bool:
        """True for a signature with many causes."""
        return self.signature.strength is Strength.WEAK

    @property
    def says(self) -> str:
        """The sentence that names the line or the state."""
        excerpt = next((ref.excerpt for ref in self.evidence if ref.excerpt), None)
        what = excerpt or next((ref.what for ref in self.evidence if ref.what), self.signature.id)
        times = f" ({self.count} times)" if self.count > 1 else ""
        return f"{self.subject} shows: {what.strip()[:200]}{times}"

    def near(self, other: Observation) -> bool:
        """True where both were seen within ten minutes, or one of them is a state."""
        if not self.bursts or not other.bursts:
            return True
        return any(
            first - WINDOW <= other_last and other_first - WINDOW <= last
            for first, last in self.bursts
            for other_first, other_last in other.bursts
        )


def observations(bugs: BugCatalogue, facts: Facts) -> tuple[Observation, ...]:
    """All observations, sorted; start-up noise and lines that are known noise are left out."""
    found = [*_of_matches(bugs, facts.logs.matches, facts)]
    found += _of_states(bugs, facts)
    return tuple(sorted(found, key=_order))


def without_noise(found: Iterable[Observation]) -> tuple[Observation, ...]:
    """Leave out what stands on a line that an entry of use ``suppress`` explains."""
    found = tuple(found)
    noise = {ref for one in found if one.bug.use == "suppress" for ref in one.evidence}
    return tuple(
        one for one in found if one.bug.use != "suppress" and not noise.issuperset(one.evidence)
    )


def _order(one: Observation) -> tuple[str, ...]:
    paths = tuple(ref.path for ref in one.evidence)
    return (one.bug.id, one.node or "", one.subject.key, one.signature.id, *paths)


def _of_matches(
    bugs: BugCatalogue, matches: Iterable[Match], facts: Facts
) -> Iterator[Observation]:
    node_of = {(p.namespace, p.name): p.spec.node_name for p in facts.of(Pods).items}
    for match in matches:
        bug_id, _, signature_id = match.pattern.partition("/")
        bug = bugs.by_id.get(bug_id)
        signature = next((s for s in bug.signatures if s.id == signature_id), None) if bug else None
        if bug is None or signature is None or not _counts(match, signature):
            continue
        yield Observation(
            bug=bug,
            signature=signature,
            subject=_subject(match),
            node=match.node or node_of.get((match.namespace, match.pod or "")),
            count=match.count,
            first_seen=match.first_seen,
            last_seen=match.last_seen,
            bursts=match.bursts,
            evidence=match.samples,
        )


def _counts(match: Match, signature: Signature) -> bool:
    """Start-up lines count only where they come back on several occasions."""
    beyond = match.count - match.in_boot_grace
    return match.count >= signature.min_count and (beyond > 0 or len(match.bursts) >= _REPEATS)


def _subject(match: Match) -> Subject:
    if match.pod:
        return Subject(kind="Pod", name=match.pod, namespace=match.namespace, node=match.node)
    return Subject(kind="Node", name=match.node) if match.node else CLUSTER


def _of_states(bugs: BugCatalogue, facts: Facts) -> Iterator[Observation]:
    states = States(facts)
    for bug in bugs:
        for signature in bug.signatures:
            for state in states.of(signature):
                yield _state(bug, signature, state)
            if signature.computed is not None:
                for shown in COMPUTED[signature.computed](facts):
                    yield _state(bug, signature, shown)


def _state(bug: Bug, signature: Signature, state: StateText | Shown) -> Observation:
    return Observation(
        bug=bug,
        signature=signature,
        subject=state.subject,
        node=state.node,
        count=1,
        first_seen=state.since,
        last_seen=state.since,
        bursts=(),
        evidence=(state.where,),
    )
