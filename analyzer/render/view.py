"""From a diagnosis to the view: everything that a page shows, decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from analyzer.model.diagnosis import Diagnosis
from analyzer.model.owner import Owner
from analyzer.model.severity import Severity
from analyzer.render import sanitise
from analyzer.render.comparison import build_comparison
from analyzer.render.drift import build_drift
from analyzer.render.exposures import build_exposures
from analyzer.render.findings import build_findings
from analyzer.render.index import Index, build_index
from analyzer.render.leads import build_leads
from analyzer.render.marks import Link
from analyzer.render.missing import build_missing, check_rows, healthy_groups
from analyzer.render.nodes import (
    build_facts,
    build_facts_evidence,
    build_node_rows,
    build_pools,
    findings_by_node,
)
from analyzer.render.overview import (
    build_ledger,
    build_notices,
    build_verdict,
    is_too_little,
    network_words,
)
from analyzer.render.pictures import Graph
from analyzer.render.places import Places, build_places
from analyzer.render.provenance import build_provenance, build_redaction
from analyzer.render.roots import build_kinds, build_roots
from analyzer.render.run import Run
from analyzer.render.shape import FilterOption, Filters, ReportView
from analyzer.render.svg.graph import build_graphs
from analyzer.render.svg.grid import build_grid
from analyzer.render.svg.timeline import build_timeline
from analyzer.render.text import clip, count, one_line, span, when
from analyzer.render.ticket import build_ticket
from analyzer.render.words import OWNER_GLYPHS, OWNER_NAMES, SEVERITY_NAMES

__all__ = ["ReportView", "build_view"]

_NAME_MAX = 80
#: Drawings that stand open; the others are folded, so that the list is not far below.
GRAPHS_OPEN = 4


def build_view(diagnosis: Diagnosis, run: Run | None = None) -> ReportView:
    """Mask, clean, sort, count and word a diagnosis.

    The view is frozen and holds final strings; the same diagnosis gives an equal view. ``run`` adds
    to the provenance what a diagnosis does not know: the options, the commit, the data's digest.
    """
    safe, here = sanitise.readable(diagnosis)
    index = build_index(safe)
    keys = _component_keys(index)
    by_node = findings_by_node(index)
    places = build_places(index, by_node)
    rows, nodes_note = build_node_rows(index, by_node)
    worst = {name: findings[0] for name, findings in by_node.items()}
    graphs = _largest_first(build_graphs(index))
    drift, drift_more = build_drift(index)
    view = ReportView(
        kind="not-aks" if safe.cluster.aks == "no" else "aks",
        title=_title(index),
        cluster=_cluster_name(safe),
        meta=_meta(safe),
        collected_at=safe.bundle.collected_at,
        bundle_sha256=safe.bundle.sha256,
        complete=safe.bundle.complete,
        verdict=build_verdict(index),
        ledger=build_ledger(index),
        notices=build_notices(index, sum(here.values()) + sum(safe.bundle.masked.values())),
        contents=(),
        filters=_filters(index, keys, places),
        ticket=build_ticket(index),
        roots=build_roots(index),
        kinds=build_kinds(index),
        graphs=graphs[:GRAPHS_OPEN],
        more_graphs=graphs[GRAPHS_OPEN:],
        more_graphs_label=count(len(graphs) - GRAPHS_OPEN, "more drawing"),
        findings=build_findings(index, keys, places),
        findings_count=count(len(index.findings), "finding"),
        drift=drift,
        drift_more=drift_more,
        comparison=build_comparison(safe),
        timeline=build_timeline(index),
        leads=build_leads(safe),
        exposures=build_exposures(safe),
        facts=build_facts(safe),
        facts_evidence=build_facts_evidence(safe),
        pools=build_pools(safe),
        grid=build_grid(safe.cluster.node_list, worst),
        node_rows=rows,
        nodes_note=nodes_note,
        missing=build_missing(safe),
        # Without owners there is no verdict either way: "in order" would be one.
        healthy=() if safe.cluster.aks == "no" else healthy_groups(safe),
        healthy_count=count(len(safe.healthy), "check"),
        not_applicable=check_rows(safe.not_applicable),
        redaction=build_redaction(safe, here),
        provenance=build_provenance(safe, run or Run()),
    )
    return _with_contents(view)


def _largest_first(graphs: tuple[Graph, ...]) -> tuple[Graph, ...]:
    """Where not all stand open, those with much to tell come first; pairs say little."""
    if len(graphs) <= GRAPHS_OPEN:
        return graphs
    return tuple(sorted(graphs, key=lambda graph: -len(graph.boxes)))


def _cluster_name(diagnosis: Diagnosis) -> str:
    return clip(one_line(diagnosis.cluster.name), _NAME_MAX) or "Cluster without a name"


def _title(index: Index) -> str:
    """Verdict and cluster, for the window and the printed page's head."""
    cluster = _cluster_name(index.diagnosis)
    if index.diagnosis.cluster.aks == "no":
        return f"Not an AKS cluster - {cluster}"
    if not index.findings:
        few = is_too_little(index.diagnosis)
        return f"{'Too little to tell' if few else 'No issues found'} - {cluster}"
    microsoft = sum(finding.owner is Owner.MICROSOFT for finding in index.findings)
    return f"{count(len(index.findings), 'issue')}, {microsoft:,} for Microsoft - {cluster}"


def _meta(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The line under the heading: what this is a report of."""
    bundle, cluster = diagnosis.bundle, diagnosis.cluster
    if bundle.collected_at is None:
        collected = "collection time not known"
    elif bundle.started:
        collected = f"collected {span(bundle.started, bundle.collected_at)}"
    else:
        collected = f"collected {when(bundle.collected_at)}"
    parts = [
        f"Kubernetes {one_line(cluster.kubernetes_version)}" if cluster.kubernetes_version else "",
        collected,
        count(cluster.nodes.total, "node"),
        "" if cluster.aks == "no" else network_words(cluster.network),
        f"bundle sha256 {bundle.sha256[:12]}" if bundle.sha256 else "",
    ]
    return tuple(clip(part, 120) for part in parts if part)


def _component_keys(index: Index) -> dict[str, str]:
    """Keys for ids and selectors; a component's own name never gets into one."""
    names = sorted({finding.component for finding in index.findings}, key=lambda n: (n.lower(), n))
    return {name: f"c{number}" for number, name in enumerate(names)}


def _filters(index: Index, keys: dict[str, str], places: Places) -> Filters:
    owners = {owner: [f for f in index.findings if f.owner is owner] for owner in Owner}
    severities = {
        severity: [f for f in index.findings if f.severity is severity] for severity in Severity
    }
    return Filters(
        owners=tuple(
            FilterOption(owner.value, OWNER_NAMES[owner], len(own), OWNER_GLYPHS[owner])
            for owner, own in owners.items()
            if own
        ),
        severities=tuple(
            FilterOption(severity.value, SEVERITY_NAMES[severity], len(own))
            for severity, own in severities.items()
            if own
        ),
        components=tuple(
            FilterOption(
                key, clip(one_line(name), 60), sum(f.component == name for f in index.findings)
            )
            for name, key in keys.items()
        ),
        pools=places.options,
    )


def _with_contents(view: ReportView) -> ReportView:
    """Add the table of contents: only sections that are there."""
    return replace(view, contents=tuple(_contents(view)))


def _aside_contents(view: ReportView) -> list[tuple[bool, str, str]]:
    leads, exposures = view.leads, view.exposures
    found: list[tuple[bool, str, str]] = []
    if leads is not None:
        found.append((True, f"Where to look ({len(leads.rows):,})", "leads"))
    if exposures is not None:
        number = exposures.number
        words = f"Could strike here ({number:,})" if number else "Fixed here"
        found.append((True, words, "exposures"))
    return found


def _contents(view: ReportView) -> Iterable[Link]:
    differences = sum(len(group.rows) for group in view.drift)
    nodes = len(view.node_rows)
    sections: list[tuple[bool, str, str]] = [
        (view.kind == "aks", "Ticket summary", "ticket"),
        (bool(view.roots.number), f"Root causes ({view.roots.number:,})", "causes"),
        (bool(view.findings), f"Findings ({len(view.findings):,})", "findings"),
        (
            bool(view.drift) or view.comparison is not None,
            f"Baseline drift ({differences:,})" if differences else "Baseline drift",
            "drift",
        ),
        (view.timeline is not None, "Timeline", "timeline"),
        *_aside_contents(view),
        (True, "Cluster and nodes" if nodes or view.grid else "Cluster", "cluster"),
        (True, "What is missing", "missing"),
        (bool(view.healthy), f"In order ({view.healthy_count})", "healthy"),
        (bool(view.not_applicable), "Not applicable", "not-applicable"),
        (True, "Redaction", "redaction"),
        (True, "Provenance", "provenance"),
    ]
    return [Link(text, f"#{anchor}") for there, text, anchor in sections if there]
