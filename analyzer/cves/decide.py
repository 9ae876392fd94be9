"""Each row against the policy: is it Microsoft's now, and if not, why and whose.

The order is that of the policy's CVE section: first whose the image is, then whether the node image
is current, then whether the vendor has a fix, and for how long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from analyzer.cves.cluster import ClusterView, Currency, ImageUse
from analyzer.cves.listing import CveRow
from analyzer.cves.read import FixDates
from analyzer.cves.reasons import EXPLAINED, FIX_DAYS, Reason
from analyzer.cves.scan import Scan, Scanned, Vulnerability

#: Where container images lie unpacked on a node.
_CONTAINER_LAYERS = re.compile(
    r"(?:^|/)(?:var/lib/(?:containerd|docker|containers)|run/containerd|mnt/[^/]*/?containerd)/"
)
SEVERITIES = ("critical", "high", "medium", "low", "negligible", "unknown")


@dataclass(frozen=True, slots=True)
class _Place:
    """What holds for a whole report: the reason that ends it, or the component that it is about."""

    component: str = ""
    reason: Reason | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Fix:
    day: date | None = None
    known_from: str = ""


def decide(
    scans: Iterable[Scan], view: ClusterView, dates: FixDates, node: str = ""
) -> tuple[CveRow, ...]:
    """Decide every row; the worst first, the same flaw of the same package once.

    A day that one report tells holds for the same flaw, package and fixed version in the others.
    ``node`` is where reports about a file system were made, where they do not name the node.
    """
    scans = tuple(scans)
    told = _told_by_others(scans)
    rows: dict[tuple[str, ...], CveRow] = {}
    for scan in scans:
        place = _placed(scan, view, node)
        for flaw in scan.rows:
            row = _decided(scan, flaw, place, _fix_of(scan, flaw, dates, told), view)
            key = (row.artifact, row.id, row.package, row.installed, row.place)
            rows.setdefault(key, row)
    return tuple(sorted(rows.values(), key=_order))


def _order(row: CveRow) -> tuple[int, str, str, str, str]:
    known = row.severity in SEVERITIES
    rank = SEVERITIES.index(row.severity) if known else len(SEVERITIES)
    return (rank, row.artifact, row.package, row.id, row.place)


def _placed(scan: Scan, view: ClusterView, node: str) -> _Place:
    if scan.kind is Scanned.IMAGE:
        return _image(scan, view)
    if scan.kind is Scanned.MACHINE:
        return _machine(scan, view, node)
    return _Place(reason=Reason.NOT_PLACED, why=f"{scan.artifact or 'It'} is no image or node.")


def _image(scan: Scan, view: ClusterView) -> _Place:
    uses = view.running(scan.references)
    if not uses:
        if view.pods_missing:
            return _Place(
                reason=Reason.NOT_IN_BUNDLE,
                why=f"Pods are not all in the bundle: {view.pods_missing}.",
            )
        others = view.other_tags(scan.references)
        seen = f" Here runs: {', '.join(others[:5])}." if others else ""
        return _Place(reason=Reason.NOT_RUNNING, why=f"No pod runs {scan.artifact}.{seen}")
    managed = [use for use in uses if use.managed]
    if not managed:
        where = ", ".join(sorted({ns for use in uses for ns in use.namespaces})[:5])
        return _Place(
            reason=Reason.OWN_IMAGE, why=f"{scan.artifact} runs in {where} and is no part of AKS."
        )
    return _aged(_component(managed), frozenset(n for use in managed for n in use.nodes), view)


def _component(uses: list[ImageUse]) -> str:
    return ", ".join(sorted({c for use in uses for c in use.components})) or "managed component"


def _machine(scan: Scan, view: ClusterView, node: str) -> _Place:
    named = {name for name in view.nodes if name and name in (node or scan.artifact)}
    if not view.nodes:
        return _Place(
            reason=Reason.NOT_IN_BUNDLE,
            why=f"Nodes are not in the bundle: {view.nodes_missing or 'none listed'}.",
        )
    if not named:
        return _Place(
            reason=Reason.NOT_PLACED, why=f"No node is named {node or scan.artifact or '(empty)'}."
        )
    return _aged("node image", frozenset(named), view)


def _aged(component: str, nodes: frozenset[str], view: ClusterView) -> _Place:
    state, why = view.currency(nodes)
    if state is Currency.OUTDATED:
        return _Place(component, Reason.UPGRADE_FIRST, f"{why}.")
    if state is Currency.UNKNOWN:
        return _Place(component, Reason.NODE_IMAGE_UNKNOWN, f"{why}.")
    return _Place(component)


def _keys(flaw: Vulnerability) -> Iterator[tuple[str, str]]:
    for identity in (flaw.id, *flaw.aliases):
        yield identity.upper(), flaw.package
        yield identity.upper(), ""


def _told_by_others(scans: tuple[Scan, ...]) -> dict[tuple[str, str, tuple[str, ...]], date]:
    made: dict[tuple[str, str, tuple[str, ...]], date] = {}
    for scan in scans:
        for flaw in scan.rows:
            if flaw.fixed_on is None:
                continue
            for identity in (flaw.id, *flaw.aliases):
                key = (identity.upper(), flaw.package, flaw.fixed)
                made[key] = max(made.get(key, flaw.fixed_on), flaw.fixed_on)
    return made


def _fix_of(
    scan: Scan,
    flaw: Vulnerability,
    dates: FixDates,
    told: dict[tuple[str, str, tuple[str, ...]], date],
) -> _Fix:
    """The day of the fix: the user's list, the report, another report, or the report's own age."""
    for key in _keys(flaw):
        if key in dates:
            return _Fix(dates[key], "your list of fix dates")
    if flaw.fixed_on is not None:
        return _Fix(flaw.fixed_on, "the report")
    for identity in (flaw.id, *flaw.aliases):
        found = told.get((identity.upper(), flaw.package, flaw.fixed))
        if found is not None:
            return _Fix(found, "another report given")
    if flaw.fixed and scan.created is not None:
        return _Fix(scan.created.date(), "the report's own date: it lists the fix already")
    return _Fix()


def _decided(
    scan: Scan, flaw: Vulnerability, place: _Place, fix: _Fix, view: ClusterView
) -> CveRow:
    today = view.collected_at.astimezone(UTC).date()
    reason, why = place.reason, place.why
    if reason is None or (reason is Reason.UPGRADE_FIRST and place.component == "node image"):
        if scan.kind is Scanned.MACHINE and _CONTAINER_LAYERS.search(flaw.place):
            reason, why = Reason.IN_A_CONTAINER, f"It lies at {flaw.place}."
        elif reason is None:
            reason, why = _by_fix(flaw, fix, today)
    explained = EXPLAINED[reason]
    age = (today - fix.day).days if fix.day and flaw.fixed else None
    return CveRow(
        id=flaw.id,
        aliases=flaw.aliases,
        severity=flaw.severity,
        package=flaw.package,
        installed=flaw.installed,
        fixed=flaw.fixed,
        fixed_on=fix.day if flaw.fixed else None,
        fix_age=age,
        fix_known_from=fix.known_from if flaw.fixed else "",
        artifact=scan.artifact,
        component=place.component,
        place=flaw.place,
        title=flaw.title,
        link=flaw.link,
        report=scan.file,
        reason=reason,
        owner=explained.owner,
        clause=explained.clause,
        why=why,
    )


def _by_fix(flaw: Vulnerability, fix: _Fix, today: date) -> tuple[Reason, str]:
    if not flaw.fixed:
        return Reason.NO_FIX, f"The report names no fixed version of {flaw.package}."
    if fix.day is None or (fix.known_from.startswith("the report's own") and _young(fix, today)):
        return Reason.FIX_DATE_MISSING, f"Fixed in {', '.join(flaw.fixed)}; since when is not told."
    days = (today - fix.day).days
    if days <= FIX_DAYS:
        when = fix.day + timedelta(days=FIX_DAYS + 1)
        return Reason.FIX_TOO_FRESH, (
            f"Fixed on {fix.day} ({fix.known_from}), {days} days before the collection; from "
            f"{when} on it can go to support."
        )
    return Reason.ACCEPTED, (
        f"Fixed on {fix.day} ({fix.known_from}), {days} days before the collection."
    )


def _young(fix: _Fix, today: date) -> bool:
    return fix.day is None or (today - fix.day).days <= FIX_DAYS
