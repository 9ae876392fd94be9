"""The ticket summary: plain text for a support request or an issue comment."""

from __future__ import annotations

import re

from analyzer.model.finding import Finding
from analyzer.model.owner import Owner
from analyzer.render.findings import describe_affects
from analyzer.render.index import Index
from analyzer.render.overview import checks, is_partial, is_too_little, network_words, silent_nodes
from analyzer.render.roots import first_of_kinds, kind_of
from analyzer.render.shape import Ticket
from analyzer.render.text import clip, clip_words, count, first_words, one_line, when
from analyzer.render.words import ACTOR_NAMES, CONFIDENCE_NAMES, OWNER_NAMES

#: What fits into a description field everywhere.
TEXT_MAX = 2000
_TAG = re.compile(r"<(/?[A-Za-z][^<>]{0,200})>")
_TITLE_MAX = 110
_SAW_MAX, _WHY_MAX, _NEXT_MAX = 190, 140, 130
#: So many of the causes behind a whole entry keep the room for their names.
_NAMED = 6
_FIRST = {Owner.MICROSOFT: 0, Owner.UNDETERMINED: 1}
_VERSION_MAX = 40


def build_ticket(index: Index) -> Ticket:
    """Head, counts, root causes while there is room, gaps, and what made it.

    What needs Microsoft comes first, then what is open: a support request is read for that. Causes
    that no longer fit as a whole are named in one line each.
    """
    head, tail = _head(index), _tail(index)
    room = TEXT_MAX - len(head) - len(tail) - len("and 1,000 more root causes in the report\n")
    roots = index.roots if index.diagnosis.cluster.aks != "no" else ()
    ordered = sorted(roots, key=lambda root: _FIRST.get(root.owner, len(_FIRST)))
    kinds = list(first_of_kinds(ordered, kind_of))
    names = [_name(number, root) for number, (root, _) in enumerate(kinds, start=1)]
    body = ""
    left = len(ordered)
    for at, (root, same) in enumerate(kinds):
        entry = names[at] + _details(root, len(same), index)
        # The first is told whole whatever comes after; of the others at least the names.
        others = sum(map(len, names[at + 1 : at + 1 + _NAMED])) if at else 0
        if len(body) + len(entry) + others > room:
            entry = names[at]
        if len(body) + len(entry) > room:
            break
        body += entry
        left -= 1 + len(same)
    if left:
        body += f"and {count(left, 'more root cause')} in the report\n"
    return Ticket(f"{head}{body}{tail}"[:TEXT_MAX])


def plain(text: str) -> str:
    """Data on one line that stays text where Markdown is read: ``<masked>`` is no tag there."""
    return (
        one_line(_TAG.sub(r"[\1]", text))
        .replace("](", "] (")
        .replace("![", "! [")
        .replace("`", "'")
    )


def _head(index: Index) -> str:
    cluster = index.diagnosis.cluster
    names = [
        plain(cluster.name) or "cluster without a name",
        *([f"Kubernetes {version}"] if (version := plain(cluster.kubernetes_version)) else []),
    ]
    if words := network_words(cluster.network):
        names.append(plain(words))
    title = "Cluster diagnostics" if cluster.aks == "no" else "AKS diagnostics"
    head = f"{title}: {clip(', '.join(names), 200)}\n"
    if cluster.aks == "no":
        return f"{head}Not an AKS cluster: {clip(plain(cluster.aks_reason), 300)}\n"
    counts = [
        f"{'Needs Microsoft' if owner is Owner.MICROSOFT else OWNER_NAMES[owner]}: {number}"
        for owner in Owner
        if (number := sum(f.owner is owner for f in index.findings))
        or owner is not Owner.UNDETERMINED
    ]
    where = " in what was collected" if is_partial(index.diagnosis) else ""
    nothing = (
        "Too little was collected to tell"
        if is_too_little(index.diagnosis)
        else f"No issues found{where}"
    )
    empty = "" if index.findings else f"{nothing}.\n"
    return f"{head}{'   '.join(counts)}\n{empty}"


def _name(number: int, root: Finding) -> str:
    labels = ", ".join(
        (
            plain(root.rule),
            root.severity.value,
            OWNER_NAMES[root.owner],
            CONFIDENCE_NAMES[root.confidence],
        )
    )
    return f"{number}. [{labels}] {clip_words(plain(root.title), _TITLE_MAX)}\n"


def _details(root: Finding, same: int, index: Index) -> str:
    """What was seen, why it is whose it is, who acts next, and where it stands."""
    decided = next((reason for reason in root.because if reason.decided), root.because[-1])
    act, place = root.act_next, root.evidence[0]
    why = "Open" if root.owner is Owner.UNDETERMINED else f"Why {OWNER_NAMES[root.owner]}"
    affects = describe_affects(root.affects)[0]
    explained = len(index.explained(root.id))
    impact = [
        f"Affects {clip(plain(affects), 80)}." if affects else "",
        f"Explains {count(explained, 'more issue')}." if explained else "",
        f"{same:,} more of this kind in the report." if same else "",
    ]
    lines = [
        clip_words(plain(root.saw), _SAW_MAX),
        f"{why}: {clip_words(plain(decided.text), _WHY_MAX)} (row {plain(root.decided_by)})",
        f"Next, {ACTOR_NAMES[act.who]}: {plain(first_words(act.what, _NEXT_MAX))}",
        f"Evidence: {clip(plain(place.path), 120)}:{place.line}",
        " ".join(part for part in impact if part),
    ]
    return "".join(f"   {line}\n" for line in lines if line)


def _tail(index: Index) -> str:
    diagnosis = index.diagnosis
    total, stopped = checks(diagnosis)
    lines: list[str] = []
    silent = silent_nodes(diagnosis)
    unknown = [f"{count(silent, 'node')} without archive"] if silent else []
    unknown += [f"{stopped:,} of {count(total, 'check')} could not run"] if stopped else []
    if unknown:
        lines.append(f"Not known: {', '.join(unknown)}.")
    collected = (
        f"Collected {when(diagnosis.bundle.collected_at)}. "
        if diagnosis.bundle.collected_at
        else ""
    )
    lines.append(f"{collected}Bundle sha256 {diagnosis.bundle.sha256[:12]}.")
    tool = diagnosis.tool
    name, policy, baselines = (
        clip(plain(text), _VERSION_MAX)
        for text in (f"{tool.name} {tool.version}", tool.policy, tool.baselines)
    )
    lines.append(f"{name}, policy {policy}, baselines {baselines}.")
    return "\n".join(lines) + "\n"
