"""Explanations as paragraphs, each from the data that the analysis itself uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from analyzer.baselines import catalogue
from analyzer.bugs import load_bugs
from analyzer.ownership.table import load_table
from analyzer.policy.clause import Clause
from analyzer.policy.pack import load_pack
from analyzer.rules.registry import all_rules
from analyzer.rules.severities import severities

Paragraph = tuple[str, str]
Dirs = tuple[Path, ...]


def rule_ids() -> list[str]:
    """Ids of all rules."""
    return [registered.rule.id for registered in all_rules()]


def rule(name: str) -> Iterator[Paragraph]:
    """A rule: its docstring's sections, severity, clauses and needs."""
    registered = next(r for r in all_rules() if r.rule.id == name)
    yield f"{name}  {registered.rule.title}", registered.doc.summary
    for section, text in registered.doc.sections.items():
        if section == "What to do":
            text = "\n".join(f"{who.value}: {what}" for who, what in registered.doc.do.items())
        if section == "References":
            text = "\n".join(registered.doc.references)
        yield section, text
    rows = severities()[name].items()
    yield "Severity", ", ".join(f"{variant}: {severity.value}" for variant, severity in rows)
    yield "Policy clauses", ", ".join(registered.rule.clauses)
    yield "Needs", ", ".join(need.kind.__name__ for need in registered.needs)
    yield "Brought by the plugin", registered.plugin


def clause_ids(policy: str | None, dirs: Dirs) -> list[str]:
    """Ids of all clauses of a pack."""
    return list(load_pack(policy, dirs).clauses)


def clause(name: str, policy: str | None, dirs: Dirs) -> Iterator[Paragraph]:
    """A clause: what it says, what shows it, and which rules implement it."""
    pack = load_pack(policy, dirs)
    entry = pack.clauses[name]
    yield f"{name}  {entry.section}", entry.says
    yield "Responsible", entry.who.value
    yield "Stance of support", entry.stance.value if entry.stance else ""
    yield "A finding under it", entry.class_.value
    yield "What shows it", "\n".join(_evidence(entry))
    yield "How it is decided", entry.rule
    yield "How far a bundle can decide it", entry.decides.value
    yield "What it takes besides a bundle", entry.outside or ""
    yield "What would settle it", entry.settles or ""
    rules = [r.rule.id for r in all_rules() if name in r.rule.clauses]
    table = load_table(dirs).rows
    rows = [r.id for r in table if r.clause == name and (r.since or "") <= pack.date]
    none = "none yet" if entry.testable else "none: a bundle alone raises no finding by it"
    yield "Rules", ", ".join(rules) or (none if not rows else "")
    yield "Rows of the decision table that rest on it", ", ".join(rows)
    yield "Source", f"{entry.source.title} ({pack.date})\n{entry.source.url}"


def _evidence(entry: Clause) -> Iterator[str]:
    """What would show it, a line for each kind of source."""
    kinds = (
        ("cluster", entry.evidence.api),
        ("nodes", entry.evidence.node),
        ("exports from Azure", entry.evidence.arm),
    )
    for kind, texts in kinds:
        if texts:
            yield f"{kind}: {'; '.join(texts)}"


def component_ids(dirs: Dirs) -> list[str]:
    """Ids of all components."""
    return [component.id for component in catalogue.load(dirs).components]


def component(name: str, dirs: Dirs) -> Iterator[Paragraph]:
    """A component: what it is, where it runs, what a customer may change."""
    entry = catalogue.load(dirs).get(name)
    yield f"{name}  {entry.kind}", entry.what
    yield "Namespaces", ", ".join(entry.namespaces)
    yield "Images", "\n".join(entry.images)
    may = [
        f"{a.object or 'in Azure'} {', '.join(a.keys)} {a.what}".strip() for a in entry.customer_may
    ]
    yield "What a customer may change", "\n".join(may) or "nothing"
    yield "Sources", "\n".join(catalogue.source_link(source) for source in entry.sources)
    yield "Confidence", entry.confidence.value


def row_ids(dirs: Dirs) -> list[str]:
    """Ids of the rows of the decision table."""
    return [row.id for row in load_table(dirs).rows]


def row(name: str, dirs: Dirs) -> Iterator[Paragraph]:
    """A row of the decision table: its condition and its verdict."""
    entry = next(r for r in load_table(dirs).rows if r.id == name)
    yield f"{name}  step {entry.step} of the decision", entry.says
    when = (("all of", entry.when.all), ("any of", entry.when.any), ("none of", entry.when.none))
    parts = [f"{words}: {', '.join(sorted(s))}" for words, s in when if s]
    yield "Holds for signals", "\n".join(parts) or "everything that is left"
    verdict = f"{entry.owner.value}, {entry.stance.value}, confidence {entry.confidence.value}"
    yield "Verdict", verdict
    yield "Policy clause", entry.clause
    yield "What would change it", "\n".join(entry.would_change)


def bug_ids(dirs: Dirs) -> list[str]:
    """Ids of the known bugs."""
    return [bug.id for bug in load_bugs(dirs)]


def bug(name: str, dirs: Dirs) -> Iterator[Paragraph]:
    """A known bug: what it does, where it is fixed, what helps, and its links."""
    entry = next(bug for bug in load_bugs(dirs) if bug.id == name)
    yield f"{name}  {entry.title}", entry.symptom
    yield "Component", entry.component
    yield "Workaround", entry.workaround
    yield "Fixed in", "\n".join(entry.fixed_in) or "not stated"
    yield "Links", "\n".join(ref.url for ref in entry.upstream.refs)
