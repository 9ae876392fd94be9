"""From a difference to its view: sorted, counted and worded here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.compare.difference import (
    Author,
    ChangedFinding,
    Difference,
    FieldChange,
    FindingNote,
    Side,
)
from analyzer.model.owner import Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.render.diff_gate import cleaned_difference, masked_difference
from analyzer.render.diff_objects import object_groups
from analyzer.render.diff_shape import DiffView, FindingGroup, FindingRow, MoveRow, SideRow
from analyzer.render.marks import OwnerMark
from analyzer.render.text import clip, count, listed, node_ranges, one_line, utc, when
from analyzer.render.words import (
    CONFIDENCE_NAMES,
    OWNER_GLYPHS,
    OWNER_NAMES,
    SEVERITY_NAMES,
    STANCE_NAMES,
)

_NAME_MAX = 120
_SAW_MAX = 400
_WHAT = {
    "kubernetes": "Kubernetes",
    "node-image": "Node image",
    "kubelet": "Kubelet",
    "kernel": "Kernel",
    "container-runtime": "Container runtime",
    "os": "Operating system",
    "image": "Image",
}
_NODES_SHOWN = 6
_AUTHORS: dict[Author, str] = {
    "customer": "changed by the customer",
    "unknown": "by a writer that is not known",
    "not-shown": "changed, not shown by whom",
    "aks": "by AKS",
    "kubernetes": "by Kubernetes itself",
}


def build_diff_view(difference: Difference) -> DiffView:
    """Mask, clean and word a difference; the same difference gives an equal view."""
    safe = cleaned_difference(masked_difference(difference))
    cluster = clip(one_line(safe.after.cluster), _NAME_MAX) or "Cluster without a name"
    groups, note = object_groups(safe)
    return DiffView(
        title=f"{_headline(safe)} - {cluster}",
        cluster=cluster,
        verdict=_verdict(safe),
        sides=(_side("Older", safe.before), _side("Newer", safe.after)),
        notices=_notices(safe),
        findings=tuple(group for group in _findings(safe) if group.rows),
        objects=groups,
        objects_note=note,
        versions=_versions(safe),
        pools=_pools(safe),
        settings=tuple(
            MoveRow(one_line(s.what).capitalize(), "", one_line(s.before), one_line(s.after))
            for s in safe.settings
        ),
        not_compared=safe.not_compared,
    )


def _headline(d: Difference) -> str:
    if d.empty:
        return "Nothing differs"
    return f"{len(d.appeared):,} appeared, {len(d.gone):,} gone, {len(d.changed):,} changed"


def _verdict(d: Difference) -> tuple[str, ...]:
    between = _between(d)
    if d.empty:
        return (f"{between}: nothing that was compared differs.", *_unchanged(d))
    sure = sum(not finding.doubt for finding in d.gone)
    doubt = f" ({sure:,} for sure)" if sure != len(d.gone) else ""
    counts = (
        f"{count(len(d.appeared), 'finding')} appeared, {len(d.gone):,} went{doubt}, "
        f"{len(d.changed):,} changed in {'its' if len(d.changed) == 1 else 'their'} verdict"
    )
    parts = [f"{between}: {counts}.", *_unchanged(d)]
    by = [(sum(c.by == who for c in d.objects), name) for who, name in _AUTHORS.items()]
    if said := [f"{count(number, 'object')} {name}" for number, name in by if number]:
        parts.append(f"{listed(said, len(_AUTHORS))}.")
    return tuple(parts)


def _unchanged(d: Difference) -> tuple[str, ...]:
    if not d.unchanged:
        return ()
    was = "it was" if d.unchanged == 1 else "they were"
    return (f"{count(d.unchanged, 'finding')} stayed as {was}.",)


def _between(d: Difference) -> str:
    start, end = d.before.collected_at, d.after.collected_at
    if start is None or end is None:
        return "Between the two inputs, whose order in time is not known"
    if start == end:
        return f"Both are of {when(start)}"
    minutes = int((utc(end) - utc(start)).total_seconds()) // 60
    days, hours = divmod(minutes // 60, 24)
    parts = [count(days, "day")] if days else []
    parts += [count(hours, "hour")] if hours else []
    if not days and not hours:
        parts = [count(minutes, "minute")]
    return f"Between {when(start)} and {when(end)} ({' '.join(parts)})"


def _side(role: str, side: Side) -> SideRow:
    kind = "bundle" if side.kind == "bundle" else "JSON report"
    facts = (
        f"{kind}, {'complete' if side.complete else 'incomplete'}",
        f"Kubernetes {one_line(side.kubernetes_version) or 'not known'}",
        count(side.nodes, "node"),
    )
    return SideRow(
        role=role,
        name=clip(one_line(side.name), _NAME_MAX),
        collected=when(side.collected_at) if side.collected_at else "time not known",
        facts=tuple(clip(fact, 80) for fact in facts),
        tool=f"sha256 {side.sha256[:12]}, {side.tool}, policy {side.policy}, "
        f"baselines {side.baselines}, bugs {side.bugs}",
    )


def _notices(d: Difference) -> tuple[str, ...]:
    notices = []
    if d.before.sha256 and d.before.sha256 == d.after.sha256:
        notices.append("Both inputs are of the same bundle.")
    if d.turned:
        notices.append(
            f"The newer input was given first; {one_line(d.before.name)} is the older of the two "
            "and is compared as such."
        )
    if d.same_cluster == "no":
        notices.append(f"These are two clusters: {d.same_cluster_reason}")
    elif d.same_cluster == "unknown":
        notices.append(f"It is not known whether this is one cluster. {d.same_cluster_reason}")
    return tuple(notices)


def _findings(d: Difference) -> Iterable[FindingGroup]:
    yield _group("appeared", "Appeared", _rows(d.appeared))
    yield _group("gone", "Gone", _rows(d.gone))
    changed = sorted(d.changed, key=lambda c: (c.finding.severity.rank, c.finding.id))
    yield _group("changed", "Changed", tuple(_changed_row(change) for change in changed))


def _group(key: str, title: str, rows: tuple[FindingRow, ...]) -> FindingGroup:
    symptoms = tuple(row for row in rows if row.role)
    return FindingGroup(
        key=key,
        title=title,
        roots=tuple(row for row in rows if not row.role),
        symptoms=symptoms,
        symptoms_label=count(len(symptoms), "symptom"),
    )


def _rows(notes: Iterable[FindingNote]) -> tuple[FindingRow, ...]:
    return tuple(_row(note, (note.doubt,) if note.doubt else ()) for note in notes)


def _changed_row(change: ChangedFinding) -> FindingRow:
    return _row(change.finding, tuple(_change_words(field) for field in change.changes))


def _change_words(change: FieldChange) -> str:
    before, after = change.before, change.after
    if change.field == "owner":
        return f"owner: {OWNER_NAMES[Owner(before)]} → {OWNER_NAMES[Owner(after)]}"
    if change.field == "severity":
        return f"severity: {SEVERITY_NAMES[Severity(before)]} → {SEVERITY_NAMES[Severity(after)]}"
    if change.field == "stance":
        words = [STANCE_NAMES[Stance(text)] for text in (before, after)]
        left, right = (text.removeprefix("Support: ").rstrip(".") for text in words)
        return f"support: {left} → {right}"
    if change.field == "confidence":
        names = [CONFIDENCE_NAMES[Confidence(text)] for text in (before, after)]
        return f"{names[0]} → {names[1]}"
    return f"{before} → {after}"


def _row(note: FindingNote, notes: tuple[str, ...]) -> FindingRow:
    return FindingRow(
        severity=SEVERITY_NAMES[note.severity],
        owner=OwnerMark(note.owner.value, OWNER_NAMES[note.owner], OWNER_GLYPHS[note.owner]),
        title=clip(one_line(note.title), 200),
        rule=note.rule,
        where=clip(one_line(str(note.subject)), _NAME_MAX),
        role="" if note.root else "symptom",
        notes=tuple(clip(one_line(text), _SAW_MAX) for text in notes),
        saw=clip(one_line(note.saw), _SAW_MAX),
        next_step=clip(one_line(note.next_step), _SAW_MAX),
    )


def _versions(d: Difference) -> tuple[MoveRow, ...]:
    rows = []
    for move in d.versions:
        where = one_line(move.where)
        if move.what == "kubernetes":
            where = "control plane"
        elif move.what != "image":
            where = f"pool {where}" if where else "nodes without a pool"
        rows.append(
            MoveRow(
                what=_WHAT[move.what],
                where=clip(where, _NAME_MAX),
                before=listed([one_line(text) for text in move.before], 4),
                after=listed([one_line(text) for text in move.after], 4),
                note=clip(one_line(listed(move.workloads)), 200),
                short=clip(where.rsplit("/", 1)[-1], 60) if move.what == "image" else "",
            )
        )
    return tuple(rows)


def _pools(d: Difference) -> tuple[MoveRow, ...]:
    rows = []
    for move in d.pools:
        notes = [_nodes("added", move.added), _nodes("removed", move.removed)]
        if move.vm_sizes_before != move.vm_sizes_after:
            sizes = listed(move.vm_sizes_before), listed(move.vm_sizes_after)
            notes.append(f"machine size {sizes[0]} → {sizes[1]}")
        rows.append(
            MoveRow(
                what="Pool" if move.pool else "Nodes without a pool",
                where=clip(one_line(move.pool), _NAME_MAX),
                before="not there" if move.before is None else count(move.before, "node"),
                after="not there" if move.after is None else count(move.after, "node"),
                note="; ".join(note for note in notes if note),
            )
        )
    return tuple(rows)


def _nodes(word: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f"{len(names):,} {word}: {listed(node_ranges(map(one_line, names)), _NODES_SHOWN)}"
