"""The cluster, its pools, and its nodes with what was found on them."""

from __future__ import annotations

from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.render.budget import show
from analyzer.render.index import Index, mark
from analyzer.render.marks import Link
from analyzer.render.overview import is_too_little, network_words
from analyzer.render.shape import EvidenceBlock, Fact, NodeRow, PoolRow
from analyzer.render.text import count, listed, node_ranges, sentence, short
from analyzer.render.words import OWNER_ORDER, SEVERITY_NAMES

ROWS_MAX = 60
_LINKS_PER_ROW = 4
_RANGES_PER_ROW = 6


def findings_by_node(index: Index) -> dict[str, tuple[Finding, ...]]:
    """What was found on each node of the cluster, worst first."""
    known = {node.name for node in index.diagnosis.cluster.node_list}
    found: dict[str, list[Finding]] = {}
    for finding in index.findings:
        subjects = (finding.subject, *finding.affects)
        names = {s.name if s.kind == "Node" else s.node for s in subjects}
        for name in sorted(name for name in names if name is not None and name in known):
            found.setdefault(name, []).append(finding)
    return {
        name: tuple(
            sorted(found[name], key=lambda f: (f.severity.rank, OWNER_ORDER[f.owner], f.id))
        )
        for name in sorted(found)
    }


def build_node_rows(
    index: Index, by_node: dict[str, tuple[Finding, ...]]
) -> tuple[tuple[NodeRow, ...], str]:
    """Nodes that share the same findings as one row, worst first, and a note on the others."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, findings in by_node.items():
        groups.setdefault(tuple(finding.id for finding in findings), []).append(name)
    ordered = sorted(
        groups.items(),
        key=lambda item: (index.finding(item[0][0]).severity.rank, -len(item[1]), item[1][0]),
    )
    rows = tuple(_row(keys, names, index) for keys, names in ordered[:ROWS_MAX])
    others = [node for node in index.diagnosis.cluster.node_list if node.name not in by_node]
    silent = sum(not node.has_archive for node in others)
    clear = len(others) - silent
    few = is_too_little(index.diagnosis)
    nothing = ", but most checks could not run" if few else ""
    notes = [f"No issue was found on {count(clear, 'node')}{nothing}."] if clear else []
    notes += (
        [f"{count(silent, 'node')} sent nothing; that says nothing of their health."]
        if silent
        else []
    )
    if len(ordered) > ROWS_MAX:
        notes.append(f"{count(len(ordered) - ROWS_MAX, 'more row')}: see the JSON report.")
    return rows, " ".join(notes)


def _row(keys: tuple[str, ...], names: list[str], index: Index) -> NodeRow:
    worst = index.finding(keys[0])
    findings = [index.finding(key) for key in keys[:_LINKS_PER_ROW]]
    hidden = len(keys) - len(findings)
    return NodeRow(
        nodes=listed([short(name) for name in node_ranges(names)], _RANGES_PER_ROW),
        number=f"{len(names):,}",
        severity_name=SEVERITY_NAMES[worst.severity],
        owner=mark(worst.owner),
        findings=tuple(Link(finding.rule, index.link(finding).href) for finding in findings),
        more=f"and {hidden:,} more" if hidden else "",
    )


def build_facts(diagnosis: Diagnosis) -> tuple[Fact, ...]:
    """What the cluster is, as far as the evidence tells."""
    cluster, nodes = diagnosis.cluster, diagnosis.cluster.nodes
    aks = {"yes": "Yes", "no": "No", "unknown": "The bundle does not tell"}[cluster.aks]
    facts = [
        ("AKS", f"{aks}. {sentence(cluster.aks_reason)}" if cluster.aks_reason else f"{aks}."),
        ("Kubernetes", cluster.kubernetes_version),
        (
            "Cloud and location",
            ", ".join(part for part in (cluster.cloud, cluster.location) if part),
        ),
        (
            "Nodes",
            f"{nodes.total:,}; {_ready(diagnosis)}; {nodes.with_archive:,} sent an archive",
        ),
        ("Clocks", _clocks(diagnosis)),
        *_network_facts(diagnosis),
        ("Add-ons", listed([short(name) for name in cluster.add_ons], 40)),
        ("Third-party software", listed([short(name) for name in cluster.third_party], 40)),
    ]
    return tuple(Fact(name, short(value, 1200)) for name, value in facts if value.strip())


def _network_facts(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    """The network as AKS has it; of another cluster only what was seen."""
    network = diagnosis.cluster.network
    facts = [("Data plane", network.dataplane), ("Service proxy", network.proxy)]
    if diagnosis.cluster.aks == "no":
        return [(name, value) for name, value in facts if value not in ("", "unknown")]
    words = network_words(network)
    byocni = {True: "yes", False: "no", None: "the bundle does not tell"}[network.byocni]
    return [
        ("Network", words[:1].upper() + words[1:]),
        *facts[:1],
        ("Network policy", network.policy),
        *facts[1:],
        ("Bring your own CNI", byocni),
        ("Would settle the network", network.would_settle),
    ]


def _ready(diagnosis: Diagnosis) -> str:
    """How many nodes are ready, and of how many that is not known."""
    unknown = sum(node.ready is None for node in diagnosis.cluster.node_list)
    if unknown and unknown == diagnosis.cluster.nodes.total:
        return "not known how many are ready"
    rest = f", not known of {unknown:,}" if unknown else ""
    return f"{diagnosis.cluster.nodes.ready:,} ready{rest}"


def _clocks(diagnosis: Diagnosis) -> str:
    """Nodes whose clocks are off, the worst first; empty where none is known to be."""
    off = [(n.clock_ahead_s, n.name) for n in diagnosis.cluster.node_list if n.clock_ahead_s]
    if not off:
        return ""
    worst = sorted(off, key=lambda one: (-abs(one[0]), one[1]))
    told = [f"{short(name)} {abs(s):,.0f} s {'ahead' if s > 0 else 'behind'}" for s, name in worst]
    return f"{listed(told, 4)}; the timeline is corrected for it"


def build_facts_evidence(diagnosis: Diagnosis) -> tuple[EvidenceBlock, ...]:
    """The evidence for the network facts."""
    return show(diagnosis.cluster.network.evidence, "network").blocks


def build_pools(diagnosis: Diagnosis) -> tuple[PoolRow, ...]:
    """One row per node pool, by name."""
    return tuple(
        PoolRow(
            name=short(pool.name) or "no pool",
            mode=short(pool.mode),
            nodes=f"{pool.nodes:,}",
            ready=f"{pool.ready:,}",
            os=short(pool.os),
            images=listed([short(text) for text in pool.images], 4),
            kubelets=listed([short(text) for text in pool.kubelets], 4),
            sizes=listed([short(text) for text in pool.vm_sizes], 4),
        )
        for pool in sorted(diagnosis.cluster.pools, key=lambda pool: pool.name)
    )
