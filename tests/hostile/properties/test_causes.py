"""The graph of causes over any findings: no cycles, each in one tree, none lost, in any order."""

from __future__ import annotations

import random

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from analyzer.causes.effects import CauseLinks, Effect, Reach
from analyzer.causes.graph import Explanation, explain
from analyzer.model.candidate import Candidate
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from tests.hostile.effort import examples
from tests.unit.candidates import at, candidate, node, pod

EFFECTS = tuple(f"{reach.value}-{number}" for reach in Reach for number in (1, 2))
LINKS = CauseLinks(
    effects={name: Effect(reach=Reach(name.split("-")[0]), says="so") for name in EFFECTS},
    rules={},
)
POOLS = {"n0": "a", "n1": "a", "n2": "b", "n3": "b"}
NODES = sorted(POOLS)
SUBJECTS = st.one_of(
    st.sampled_from(NODES).map(node),
    st.builds(pod, st.sampled_from("pqr"), st.sampled_from([*NODES, None]),
              st.sampled_from(["shop", "kube-system"])),
    st.sampled_from(["shop", "kube-system"]).map(lambda name: Subject(kind="Namespace", name=name)),
    st.sampled_from(["a", "b"]).map(lambda name: Subject(kind="NodePool", name=name)),
)  # fmt: skip
SOME = st.frozensets(st.sampled_from(EFFECTS), max_size=3)


@st.composite
def findings(draw: st.DrawFn) -> tuple[Candidate, ...]:
    """Up to nine findings of any kind, with any effects between them."""
    return tuple(
        candidate(
            f"f{number}",
            draw(SUBJECTS),
            produces=draw(SOME),
            instance_of=draw(SOME),
            affects=draw(st.lists(SUBJECTS, max_size=3)),
            onset=draw(st.none() | st.integers(0, 20).map(at)),
            severity=draw(st.sampled_from(list(Severity))),
            component=draw(st.sampled_from(["coredns", "cni"])),
            at_latest=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 9)))
    )


def told(several: tuple[Candidate, ...]) -> Explanation:
    return explain(several, LINKS, POOLS)


def roots(several: tuple[Candidate, ...], graph: Explanation) -> set[str]:
    return {one.id for one in several} - set(graph.root_of)


@examples(60)
@given(findings())
def test_no_cycle_and_every_finding_in_exactly_one_tree(several: tuple[Candidate, ...]) -> None:
    graph = told(several)
    drawn = nx.DiGraph([(edge.cause, edge.symptom) for edge in graph.edges])
    assert nx.is_directed_acyclic_graph(drawn)
    tops = roots(several, graph)
    assert bool(tops) == bool(several)
    assert set(graph.root_of.values()) <= tops == set(graph.symptoms)
    for symptom, root in graph.root_of.items():
        assert symptom in graph.symptoms[root]
        assert graph.explained_by[symptom]
    for root in tops:
        reached = nx.descendants(drawn, root) if root in drawn else set()
        assert set(graph.symptoms[root]) == reached


@examples(60)
@given(findings())
def test_every_edge_is_an_effect_that_one_makes_and_the_other_shows(
    several: tuple[Candidate, ...],
) -> None:
    by_id = {one.id: one for one in several}
    graph = told(several)
    for edge in (*graph.edges, *graph.dropped):
        assert edge.cause != edge.symptom
        assert edge.effect in by_id[edge.cause].produces & by_id[edge.symptom].instance_of


@examples(60)
@given(findings(), st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_nothing(
    several: tuple[Candidate, ...], dice: random.Random
) -> None:
    other = list(several)
    dice.shuffle(other)
    assert told(several) == told(tuple(other))


@examples(60)
@given(findings(), st.data())
def test_without_a_root_its_symptoms_stand_for_themselves(
    several: tuple[Candidate, ...], data: st.DataObject
) -> None:
    before = told(several)
    tops = sorted(roots(several, before))
    if not tops:
        return
    gone = data.draw(st.sampled_from(tops))
    left = tuple(one for one in several if one.id != gone)
    after = told(left)
    tops_after = roots(left, after)
    assert tops_after | set(after.root_of) == {one.id for one in left}
    cut = {edge.symptom for edge in before.dropped}
    above = nx.DiGraph([(edge.cause, edge.symptom) for edge in before.edges])
    for symptom in before.symptoms[gone]:
        if nx.ancestors(above, symptom) == {gone} and symptom not in cut:
            assert symptom in tops_after
    assert roots(several, before) - {gone} <= tops_after | cut
