"""The one function that decides owners: the first row that holds wins, every step says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.model.candidate import Candidate
from analyzer.model.finding import ActNext, Reason
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.signal import Signal
from analyzer.ownership.table import DecisionTable, Row, Step
from analyzer.policy.pack import PolicyPack

#: The id that findings name which took their root's verdict.
INHERITED = "O-1-root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What holds for the whole cluster: signals, and words for the sentences.

    ``words`` fill ``{mode}``, ``{bugs}`` … in the sentences of the table.
    """

    signals: frozenset[Signal]
    words: Mapping[str, str]
    pack: PolicyPack


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Owner, stance and confidence of one candidate, with every step that was considered."""

    owner: Owner
    stance: Stance
    confidence: Confidence
    decided_by: str
    because: tuple[Reason, ...]
    act_next: ActNext
    would_change: tuple[str, ...] = ()


def decide(
    candidate: Candidate, table: DecisionTable, context: Context, do: Mapping[Actor, str]
) -> Verdict:
    """Decide a root: walk the steps in order and take the first row whose condition holds.

    ``do`` are the rule's own instructions by actor.
    """
    signals = candidate.signals | context.signals
    reasons: list[Reason] = []
    for step in table.steps:
        row = _first_row(table, step.step, signals, context.pack.date)
        if row is None:
            reasons.append(Reason(step=step.step, text=_passed(step, signals, context)))
            continue
        reasons.append(_deciding(row, candidate, context))
        return Verdict(
            owner=row.owner,
            stance=row.stance,
            confidence=row.confidence,
            decided_by=row.id,
            because=tuple(reasons),
            act_next=_act_next(row, candidate, context, do),
            would_change=_would_change(row, candidate, context),
        )
    raise AssertionError("the table's last row holds for everything")


def inherit(candidate: Candidate, root: Candidate, verdict: Verdict, effect: str) -> Verdict:
    """Give a symptom its root's verdict: step 1 decides, and says by which effect."""
    text = f"{root.title} ({root.id}) explains this: {effect}"
    reason = Reason(
        step=1, row=INHERITED, text=text, decided=True, evidence=_evidence_positions(candidate)
    )
    return Verdict(
        owner=verdict.owner,
        stance=verdict.stance,
        confidence=verdict.confidence,
        decided_by=INHERITED,
        because=(reason, *(r for r in verdict.because if r.decided and r.row != INHERITED)),
        act_next=ActNext(who=verdict.act_next.who, what=f"Resolve the cause first: {root.title}."),
        would_change=verdict.would_change,
    )


def _first_row(
    table: DecisionTable, step: int, signals: frozenset[Signal], policy_date: str
) -> Row | None:
    for row in table.rows:
        in_force = row.since is None or policy_date >= row.since
        if row.step == step and in_force and row.when.holds(signals):
            return row
    return None


def _passed(step: Step, signals: frozenset[Signal], context: Context) -> str:
    for passed in step.passed:
        if passed.when.holds(signals):
            return _fill(passed.says, context)
    return f"{step.title}: does not apply."


def _deciding(row: Row, candidate: Candidate, context: Context) -> Reason:
    clause = context.pack.clauses.get(row.clause)
    return Reason(
        step=row.step,
        row=row.id,
        clause=row.clause,
        section=clause.section if clause else None,
        text=_fill(row.says, context),
        decided=True,
        evidence=_evidence_positions(candidate),
    )


def _evidence_positions(candidate: Candidate) -> tuple[int, ...]:
    return tuple(range(len(candidate.hit.evidence)))


def _act_next(row: Row, candidate: Candidate, context: Context, do: Mapping[Actor, str]) -> ActNext:
    who = candidate.hit.who_acts or row.who
    what = candidate.hit.do_next or do.get(who) or _fill(row.what, context)
    return ActNext(who=who, what=what)


def _would_change(row: Row, candidate: Candidate, context: Context) -> tuple[str, ...]:
    texts = (*candidate.hit.would_change, *(_fill(text, context) for text in row.would_change))
    return tuple(dict.fromkeys(texts))


def _fill(text: str, context: Context) -> str:
    for word, value in context.words.items():
        text = text.replace("{" + word + "}", value)
    return text
