"""The cause graph: who explains whom, which findings are roots, and how cycles are broken.

A explains B when A produces an effect that B is an instance of, the effect reaches B's entities,
and A did not start after B. Roots are what nothing else explains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import networkx as nx

from analyzer.causes.effects import CauseLinks, Reach, RuleLinks
from analyzer.model.candidate import Candidate

#: Clocks of nodes and of the control plane differ by seconds, and conditions change with delay.
CLOCK_TOLERANCE = timedelta(minutes=2)
#: A cause on single nodes must cover this share of a finding's nodes to explain it.
MIN_NODE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Edge:
    """``cause`` explains ``symptom`` (candidate ids) by ``effect``."""

    cause: str
    symptom: str
    effect: str


@dataclass(frozen=True)
class Explanation:
    """The graph without cycles: direct explanations, and the roots of every symptom."""

    edges: tuple[Edge, ...]
    #: Symptom → candidates that explain it directly, sorted.
    explained_by: Mapping[str, tuple[str, ...]]
    #: Symptom → the root whose verdict it takes.
    root_of: Mapping[str, str]
    #: Root → all candidates below it, sorted.
    symptoms: Mapping[str, tuple[str, ...]]
    #: Edges that were dropped to break a cycle.
    dropped: tuple[Edge, ...] = ()


def link(candidates: Iterable[Candidate], links: CauseLinks) -> tuple[Candidate, ...]:
    """Give each candidate the effects of its rule, unless its hit names narrower ones."""
    linked = []
    for candidate in candidates:
        own = links.rules.get(candidate.rule_id, RuleLinks())
        hit = candidate.hit
        produces = own.produces if hit.produces is None else hit.produces
        if hit.known_bug is not None and hit.produces is None:
            produces |= links.bugs.get(candidate.component, frozenset())
        if "component-down" in produces:
            produces |= links.components.get(candidate.component, frozenset())
        instance = own.instance_of if hit.instance_of is None else hit.instance_of
        linked.append(replace(candidate, produces=produces, instance_of=instance))
    return tuple(linked)


def explain(
    candidates: tuple[Candidate, ...], links: CauseLinks, pool_of: Mapping[str, str]
) -> Explanation:
    """Build the graph, break its cycles by onset and severity, and find the roots.

    ``pool_of`` maps node names to node pools.
    """
    by_id = {c.id: c for c in candidates}
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(by_id))
    for symptom in candidates:
        for cause, effect in _causes_of(symptom, candidates, links, pool_of):
            graph.add_edge(cause.id, symptom.id, effect=effect)
    dropped = _break_cycles(graph, by_id)
    return _explanation(graph, by_id, dropped)


def _causes_of(
    symptom: Candidate,
    candidates: tuple[Candidate, ...],
    links: CauseLinks,
    pool_of: Mapping[str, str],
) -> list[tuple[Candidate, str]]:
    found: list[tuple[Candidate, str]] = []
    for effect in sorted(symptom.instance_of):
        makers = [c for c in candidates if effect in c.produces and c.id != symptom.id]
        makers = [c for c in makers if _not_after(c, symptom)]
        reach = links.effects[effect].reach if effect in links.effects else Reach.ENTITY
        found += [(maker, effect) for maker in _reaching(reach, makers, symptom, pool_of)]
    return found


def _not_after(cause: Candidate, symptom: Candidate) -> bool:
    """A cause starts first, as far as both starts are known."""
    began, showed = cause.onset, symptom.onset
    if began is None or showed is None or cause.hit.onset_at_latest:
        return True
    return began <= showed + CLOCK_TOLERANCE


def _reaching(
    reach: Reach, makers: list[Candidate], symptom: Candidate, pool_of: Mapping[str, str]
) -> list[Candidate]:
    if reach is Reach.CLUSTER:
        return makers
    if reach in (Reach.NODE, Reach.POOL):
        return _over_nodes(reach, makers, symptom, pool_of)
    if reach is Reach.NAMESPACE:
        spaces = {s.namespace for s in symptom.touched if s.namespace}
        return [m for m in makers if spaces & {_space(s) for s in m.touched}]
    keys = {s.key for s in symptom.touched} | {symptom.component}
    return [m for m in makers if keys & ({s.key for s in m.touched} | {m.component})]


def _space(subject: object) -> str | None:
    kind, name = getattr(subject, "kind", ""), getattr(subject, "name", None)
    return name if kind == "Namespace" else getattr(subject, "namespace", None)


def _over_nodes(
    reach: Reach, makers: list[Candidate], symptom: Candidate, pool_of: Mapping[str, str]
) -> list[Candidate]:
    """Causes on nodes explain a finding together if they cover most of its nodes."""
    reached = {m.id: _nodes_reached(reach, m, pool_of) & symptom.nodes for m in makers}
    covered = set().union(*reached.values()) if reached else set()
    if not symptom.nodes or len(covered) < MIN_NODE_SHARE * len(symptom.nodes):
        return []
    return [m for m in makers if reached[m.id]]


def _nodes_reached(reach: Reach, maker: Candidate, pool_of: Mapping[str, str]) -> frozenset[str]:
    if reach is Reach.NODE:
        return maker.nodes
    pools = {pool_of.get(node, "") for node in maker.nodes} | {
        s.name for s in maker.touched if s.kind == "NodePool"
    }
    return frozenset(node for node, pool in pool_of.items() if pool and pool in pools)


def _break_cycles(graph: nx.DiGraph[str], by_id: Mapping[str, Candidate]) -> tuple[Edge, ...]:
    """In every cycle the earliest, worst finding is the start: nothing in the cycle explains it."""
    dropped: list[Edge] = []
    while True:
        knots = [sorted(c) for c in nx.strongly_connected_components(graph) if len(c) > 1]
        if not knots:
            return tuple(sorted(dropped, key=lambda e: (e.cause, e.symptom)))
        for knot in sorted(knots):
            start = min(knot, key=lambda name: _start_order(by_id[name]))
            for cause in sorted(set(graph.predecessors(start)) & set(knot)):
                dropped.append(Edge(cause, start, graph.edges[cause, start]["effect"]))
                graph.remove_edge(cause, start)


def _start_order(candidate: Candidate) -> tuple[bool, float, int, str]:
    onset = candidate.onset
    return onset is None, onset.timestamp() if onset else 0.0, candidate.severity.rank, candidate.id


def _explanation(
    graph: nx.DiGraph[str], by_id: Mapping[str, Candidate], dropped: tuple[Edge, ...]
) -> Explanation:
    reduced = nx.transitive_reduction(graph)
    edges = sorted(
        (Edge(a, b, graph.edges[a, b]["effect"]) for a, b in reduced.edges),
        key=lambda e: (e.cause, e.symptom),
    )
    roots = [name for name in graph if graph.in_degree(name) == 0]
    symptoms = {root: tuple(sorted(nx.descendants(graph, root))) for root in sorted(roots)}
    root_of: dict[str, str] = {}
    for root in sorted(roots, key=lambda name: _root_order(by_id[name])):
        for symptom in symptoms[root]:
            root_of.setdefault(symptom, root)
    explained = {
        name: tuple(sorted(reduced.predecessors(name))) for name in sorted(graph) if name in root_of
    }
    return Explanation(tuple(edges), explained, root_of, symptoms, dropped)


def _root_order(candidate: Candidate) -> tuple[int, bool, float, str]:
    onset = candidate.onset
    return candidate.severity.rank, onset is None, onset.timestamp() if onset else 0.0, candidate.id
