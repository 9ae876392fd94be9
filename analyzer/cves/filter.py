"""Reports and a bundle in, the filtered list out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from analyzer.baselines import catalogue
from analyzer.baselines.node_images import packaged_date
from analyzer.bundle import open_bundle
from analyzer.cves.cluster import view_of
from analyzer.cves.decide import decide
from analyzer.cves.listing import ClauseCited, CveList, ReportRead
from analyzer.cves.read import FixDates, read_reports
from analyzer.cves.reasons import EXPLAINED, Reason
from analyzer.cves.scan import CveError, Scan
from analyzer.facts.identity import Aks
from analyzer.facts.load import load_facts
from analyzer.facts.patterns import PatternSet
from analyzer.options import Options
from analyzer.policy.pack import PolicyPack, load_pack
from analyzer.version import VERSION


def filter_reports(
    reports: Iterable[Path],
    bundle: str | Path | BinaryIO,
    *,
    options: Options | None = None,
    dates: FixDates | None = None,
    node: str = "",
) -> CveList:
    """Say for every row of the reports whether it can go to support, and why not.

    ``node`` is the node on which reports about a file system were made, where they do not name it.
    The same reports, bundle and data give the same list; "now" is the bundle's collection time.

    Raises:
        CveError: a report cannot be used, the cluster is not AKS, or the bundle tells no time.
        analyzer.bundle.BundleError: the bundle cannot be read at all.
        ValueError: a user's data file is not valid; the text names file and line.
    """
    options = options or Options()
    scans = read_reports(reports)
    opened = open_bundle(bundle, limits=options.limits, name=options.bundle_name)
    facts = load_facts(opened, PatternSet(()), limits=options.limits, jobs=options.jobs).facts
    identity = facts.identity
    if identity.aks is Aks.NO:
        raise CveError(f"{opened.name}: not an AKS cluster", identity.aks_reason)
    if identity.collected_at is None:
        raise CveError(
            f"{opened.name}: tells no time of collection",
            "the age of fixes cannot be told; collect a bundle with demarc collect",
        )
    view = view_of(facts, catalogue.load(options.data_dirs), identity.collected_at)
    rows = decide(scans, view, dates or {}, node)
    pack = load_pack(options.policy, options.data_dirs)
    return CveList(
        tool=f"demarc {VERSION}",
        policy=pack.date,
        policy_url=pack.source.url,
        node_images=packaged_date(),
        bundle=opened.name,
        bundle_sha256=opened.sha256(),
        cluster=identity.name,
        collected_at=identity.collected_at,
        reports=tuple(_read(scan) for scan in scans),
        clauses=_clauses(pack),
        accepted=tuple(row for row in rows if row.reason is Reason.ACCEPTED),
        dropped=tuple(row for row in rows if row.reason is not Reason.ACCEPTED),
    )


def _read(scan: Scan) -> ReportRead:
    return ReportRead(
        file=scan.file,
        sha256=scan.sha256,
        scanner=scan.scanner,
        artifact=scan.artifact,
        created=scan.created,
        rows=len(scan.rows),
        unreadable=scan.unreadable,
    )


def _clauses(pack: PolicyPack) -> tuple[ClauseCited, ...]:
    cited = sorted({explained.clause for explained in EXPLAINED.values()})
    clauses = [pack.clauses[name] for name in cited]
    return tuple(ClauseCited(id=c.id, section=c.section, says=c.says) for c in clauses)
