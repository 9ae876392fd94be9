"""Reference pages from the data that the analysis uses: the same paragraphs as ``demarc explain``.

A page for each rule, and one each for the clauses of a policy pack, the components, the known bugs
and the rows of the decision table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby

from analyzer.cli import explanations as e
from analyzer.policy.pack import available
from analyzer.rules.registry import Registered, packaged_rules
from analyzer.rules.severities import severities
from docs.site.text import anchor, lines, plain

Pages = dict[str, str]
Explain = Callable[[str], Iterable[e.Paragraph]]

_ABOUT = "This page is made from the data of the analysis; `demarc explain {}` says the same.\n"


def pages() -> Pages:
    """All reference pages: path below ``reference/`` → Markdown."""
    newest = available()[-1]
    made = {f"rules/{name}.md": _rule_page(name) for name in _rule_ids()}
    made["rules/README.md"] = _rules_index()
    for date in available():
        name = "clauses.md" if date == newest else f"clauses-{date}.md"
        intro = f"# Policy clauses ({date})\n\n{_others(date)}"
        made[name] = _catalogue(intro, e.clause_ids(date, ()), _clauses_of(date))
    entries: tuple[tuple[str, str, list[str], Explain], ...] = (
        ("components.md", "Managed components", e.component_ids(()), lambda n: e.component(n, ())),
        ("bugs.md", "Known bugs", e.bug_ids(()), lambda n: e.bug(n, ())),
        ("decision.md", "Rows of the decision table", e.row_ids(()), lambda n: e.row(n, ())),
    )
    for path, title, names, explain in entries:
        made[path] = _catalogue(f"# {title}\n\n", names, explain)
    return made


def _clauses_of(date: str) -> Explain:
    return lambda name: e.clause(name, date, ())


def _rule_ids() -> list[str]:
    return [registered.rule.id for registered in packaged_rules()]


def _links(up: str) -> dict[str, str]:
    """Names that have a place in the reference, seen from a page that is ``up`` below it."""
    newest = available()[-1]
    links = {name: f"{up}bugs.md#{anchor(name)}" for name in e.bug_ids(())}
    links |= {name: f"{up}components.md#{anchor(name)}" for name in e.component_ids(())}
    links |= {name: f"{up}decision.md#{anchor(name)}" for name in e.row_ids(())}
    links |= {name: f"{up}clauses.md#{anchor(name)}" for name in e.clause_ids(newest, ())}
    return links | {name: f"{up}rules/{name}.md" for name in _rule_ids()}


def _rule_page(name: str) -> str:
    body = "\n".join(_paragraphs(e.rule(name), "##", _links("../")))
    return f"{body}\n{_ABOUT.format(name)}".replace("## ", "# ", 1)


def _rules_index() -> str:
    parts = ["# Rules\n", f"{len(packaged_rules())} rules. `demarc list rules` prints them.\n"]
    families = sorted(packaged_rules(), key=lambda found: (_family(found), found.rule.id))
    for family, found in groupby(families, key=_family):
        parts += [f"## {family}\n", "| rule | finds | severity |", "| --- | --- | --- |"]
        for registered in found:
            rule = registered.rule
            worst = severities()[rule.id]["default"].value
            parts.append(f"| [{rule.id}]({rule.id}.md) | {plain(rule.title)} | {worst} |")
        parts.append("")
    return "\n".join(parts)


def _family(found: Registered) -> str:
    """The family's folder as words: ``Control plane``."""
    return found.module.split(".")[-2].replace("_", " ").capitalize()


def _others(date: str) -> str:
    """Where the other packs are."""
    rest = [d for d in available() if d != date]
    files = {d: "clauses.md" if d == available()[-1] else f"clauses-{d}.md" for d in rest}
    told = ", ".join(f"[{d}]({file})" for d, file in files.items())
    return f"Other dates: {told}. `--policy DATE` chooses one.\n\n" if rest else ""


def _catalogue(intro: str, names: list[str], explain: Explain) -> str:
    links = _links("")
    rows = [f"- [{plain(name)}](#{anchor(name)})" for name in names]
    parts = [intro + _ABOUT.format("ID"), *rows, ""]
    for name in names:
        parts.extend(_paragraphs(explain(name), "##", links, own=name))
    return "\n".join(parts)


def _paragraphs(
    paragraphs: Iterable[e.Paragraph], level: str, links: Mapping[str, str], own: str = ""
) -> Iterator[str]:
    """The first paragraph as the heading and its sentence, the others with their names in bold."""
    for number, (heading, text) in enumerate(paragraphs):
        if number == 0:
            mark = f" {{#{anchor(own)}}}" if own else ""
            yield f"{level} {plain(heading)}{mark}\n"
            yield f"{plain(text)}\n"
        elif text.strip():
            yield f"**{plain(heading)}**\n\n{lines(text, links)}\n"
