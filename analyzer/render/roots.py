"""Root causes as a nested list; what is of the same kind folds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from analyzer.causes.effects import cause_links
from analyzer.model.finding import Finding
from analyzer.render.index import Index, mark
from analyzer.render.shape import CauseItem, KindRow, Roots
from analyzer.render.text import count, one_line
from analyzer.render.words import SEVERITY_NAMES

Root = TypeVar("Root")
#: Symptoms of one rule under one cause that are listed by name.
SAME_RULE_MAX = 5
#: Roots of one kind that stand open where there are more than :data:`SAME_RULE_MAX`.
SAME_KIND_OPEN = 3
#: Roots that stand open; a reader who gets to the end of these has seen what is worst.
ROOTS_OPEN = 40
#: A table of kinds helps from so many findings on, if they are fewer by so much.
_KINDS_FROM, _KINDS_SHARE, _KINDS_MAX = 20, 0.7, 60


def kind_of(finding: Finding) -> tuple[str, str]:
    """What makes two findings the same to a reader: the rule and the owner."""
    return finding.rule, finding.owner.value


def first_of_kinds(
    roots: Sequence[Root], kind: Callable[[Root], tuple[str, str]]
) -> list[tuple[Root, list[Root]]]:
    """Roots in their order; of a kind with many only the first, with the others behind it."""
    members: dict[tuple[str, str], list[Root]] = {}
    for root in roots:
        members.setdefault(kind(root), []).append(root)
    told: list[tuple[Root, list[Root]]] = []
    for root in roots:
        same = members[kind(root)]
        if len(same) <= SAME_RULE_MAX:
            told.append((root, []))
        elif same[0] is root:
            told.append((root, same[1:]))
    return told


def build_roots(index: Index) -> Roots:
    """Every root with what it explains; a symptom of two causes stands under the first.

    Many roots of one kind that explain nothing are a long list of the same thing: three stand open
    and the others fold under a label.
    """
    placed: set[str] = set()
    total = Counter(kind_of(root) for root in index.roots)
    seen: Counter[tuple[str, str]] = Counter()
    items: list[CauseItem] = []
    folded: dict[tuple[str, str], list[CauseItem]] = {}
    rest: list[CauseItem] = []
    for root in index.roots:
        kind, item = kind_of(root), _item(root.id, "", index, placed)
        seen[kind] += 1
        if total[kind] > SAME_RULE_MAX and seen[kind] > SAME_KIND_OPEN and not item.explains:
            folded.setdefault(kind, []).append(item)
        else:
            (items if len(items) < ROOTS_OPEN else rest).append(item)
    groups = [(_kind_label(group), tuple(group)) for group in folded.values()]
    if rest:
        groups.append((count(len(rest), "more root cause"), tuple(rest)))
    return Roots(tuple(items), tuple(groups), len(index.roots), len(total))


def _kind_label(group: list[CauseItem]) -> str:
    return f"{len(group):,} more of {group[0].rule} ({group[0].owner.name}), like: " + (
        group[0].link.text
    )


def build_kinds(index: Index) -> tuple[KindRow, ...]:
    """Findings by rule and owner, worst and most first; empty where it would only say all again."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in index.findings:
        groups.setdefault(kind_of(finding), []).append(finding)
    if (
        len(index.findings) < _KINDS_FROM
        or len(groups) < 2
        or len(groups) > _KINDS_SHARE * len(index.findings)
    ):
        return ()
    worst = {kind: min(group, key=lambda f: f.severity.rank) for kind, group in groups.items()}
    ordered = sorted(groups, key=lambda k: (worst[k].severity.rank, -len(groups[k]), k))
    return tuple(
        KindRow(
            rule=kind[0],
            first=index.link(worst[kind]),
            owner=mark(worst[kind].owner),
            severity_name=SEVERITY_NAMES[worst[kind].severity],
            number=len(groups[kind]),
        )
        for kind in ordered[:_KINDS_MAX]
    )


def _says(effect: str) -> str:
    """The effect as a sentence's part; a plugin's own effect stands as it is named."""
    known = cause_links().effects.get(effect)
    return known.says if known is not None else one_line(effect).replace("-", " ")


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
        effect=_says(effect),
        explains=len(index.explained(key)),
        children=tuple(children),
        more=f"and {hidden:,} more of the same kind" if hidden else "",
    )
