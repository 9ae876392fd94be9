"""Verdicts for all candidates: roots by the table, symptoms from their roots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.causes.effects import CauseLinks
from analyzer.causes.graph import Explanation
from analyzer.model.candidate import Candidate
from analyzer.model.owner import Actor
from analyzer.ownership.decide import Context, Verdict, decide, inherit
from analyzer.ownership.table import DecisionTable

#: What each rule tells each actor to do.
Instructions = Mapping[str, Mapping[Actor, str]]


@dataclass(frozen=True)
class Deciding:
    """All that a decision rests on besides the candidate itself."""

    table: DecisionTable
    context: Context
    links: CauseLinks
    instructions: Instructions


def assign_owners(
    candidates: Iterable[Candidate], explanation: Explanation, deciding: Deciding
) -> dict[str, Verdict]:
    """Decide every root, and let every symptom take its root's verdict."""
    by_id = {c.id: c for c in candidates}
    verdicts: dict[str, Verdict] = {}
    for name, candidate in by_id.items():
        if name not in explanation.root_of:
            do = deciding.instructions.get(candidate.rule_id, {})
            verdicts[name] = decide(candidate, deciding.table, deciding.context, do)
    for name, root in explanation.root_of.items():
        says = _effect_text(name, explanation, deciding.links)
        verdicts[name] = inherit(by_id[name], by_id[root], verdicts[root], says)
    return verdicts


def _effect_text(symptom: str, explanation: Explanation, links: CauseLinks) -> str:
    effects = [e.effect for e in explanation.edges if e.symptom == symptom]
    texts = [links.effects[effect].says for effect in effects if effect in links.effects]
    return "; ".join(dict.fromkeys(texts)) + "."
