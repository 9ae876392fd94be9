"""Root causes as a nested list, symptoms of the same rule folded."""

from __future__ import annotations

from analyzer.render.index import Index, mark
from analyzer.render.shape import CauseItem
from analyzer.render.text import one_line
from analyzer.render.words import SEVERITY_NAMES

#: Symptoms of one rule under one cause that are listed by name.
SAME_RULE_MAX = 5


def build_roots(index: Index) -> tuple[CauseItem, ...]:
    """Every root with what it explains; a symptom of two causes stands under the first."""
    placed: set[str] = set()
    return tuple(_item(root.id, "", index, placed) for root in index.roots)


def _item(key: str, effect: str, index: Index, placed: set[str]) -> CauseItem:
    placed.add(key)
    finding = index.finding(key)
    per_rule: dict[str, int] = {}
    children: list[CauseItem] = []
    hidden = 0
    for symptom in index.symptoms[key]:
        if symptom in placed:
            continue
        rule = index.finding(symptom).rule
        per_rule[rule] = per_rule.get(rule, 0) + 1
        if per_rule[rule] > SAME_RULE_MAX and not index.symptoms[symptom]:
            placed.add(symptom)
            hidden += 1
            continue
        children.append(_item(symptom, index.effects.get((key, symptom), ""), index, placed))
    return CauseItem(
        link=index.link(finding),
        owner=mark(finding.owner),
        severity_name=SEVERITY_NAMES[finding.severity],
        rule=finding.rule,
        effect=one_line(effect),
        explains=len(index.explained(key)),
        children=tuple(children),
        more=f"and {hidden:,} more of the same kind" if hidden else "",
    )
