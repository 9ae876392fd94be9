"""Who explains whom: by effect, by reach, by time; roots, shares of nodes, cycles."""

from __future__ import annotations

from analyzer.causes.effects import CauseLinks, Effect, Reach, cause_links
from analyzer.causes.graph import Explanation, explain
from analyzer.model.candidate import Candidate
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from tests.unit.candidates import at, candidate, node, pod

LINKS = CauseLinks(
    effects={
        "node-down": Effect(reach=Reach.NODE, says="the node is down"),
        "pool-cut-off": Effect(reach=Reach.POOL, says="the pool is cut off"),
        "no-dns": Effect(reach=Reach.CLUSTER, says="no names"),
        "blocked": Effect(reach=Reach.NAMESPACE, says="nothing can be created"),
        "not-attached": Effect(reach=Reach.ENTITY, says="the volume is missing"),
    },
    rules={},
)
POOLS = {"a1": "a", "a2": "a", "b1": "b"}


def _explain(*candidates: Candidate) -> Explanation:
    return explain(candidates, LINKS, POOLS)


def test_a_node_explains_what_sits_on_it_and_nothing_on_others() -> None:
    cause = candidate("c", node("a1"), produces=["node-down"])
    here = candidate("h", pod("p", on="a1"), instance_of=["node-down"])
    there = candidate("t", pod("q", on="b1"), instance_of=["node-down"])
    graph = _explain(cause, here, there)
    assert graph.root_of == {"h": "c"} and graph.symptoms["c"] == ("h",)
    assert set(graph.symptoms) == {"c", "t"}


def test_one_node_does_not_explain_a_workload_that_fails_on_ten() -> None:
    cause = candidate("c", node("n0"), produces=["node-down"])
    pods = [pod(f"p{i}", on=f"n{i}") for i in range(10)]
    workload = Subject(kind="Deployment", name="web", namespace="shop")
    symptom = candidate("s", workload, affects=pods, instance_of=["node-down"])
    assert not _explain(cause, symptom).root_of


def test_several_nodes_explain_it_together() -> None:
    causes = [candidate(f"c{i}", node(f"n{i}"), produces=["node-down"]) for i in range(3)]
    pods = [pod(f"p{i}", on=f"n{i}") for i in range(4)]
    workload = Subject(kind="Deployment", name="web", namespace="shop")
    symptom = candidate("s", workload, affects=pods, instance_of=["node-down"])
    assert _explain(*causes, symptom).explained_by["s"] == ("c0", "c1", "c2")


def test_a_cause_does_not_start_after_its_symptom() -> None:
    late = candidate("c", node("a1"), produces=["node-down"], onset=at(30))
    early = candidate("s", pod("p", on="a1"), instance_of=["node-down"], onset=at(10))
    assert not _explain(late, early).root_of
    just = candidate("s", pod("p", on="a1"), instance_of=["node-down"], onset=at(29))
    assert _explain(late, just).root_of == {"s": "c"}, "clocks differ by a minute or two"


def test_a_start_that_is_only_the_oldest_kept_sign_speaks_against_nothing() -> None:
    event = candidate("c", node("a1"), produces=["node-down"], onset=at(30), at_latest=True)
    older = candidate("s", pod("p", on="a1"), instance_of=["node-down"], onset=at(10))
    assert _explain(event, older).root_of == {"s": "c"}


def test_reach_of_pool_cluster_namespace_and_entity() -> None:
    cut = candidate("cut", node("a1"), produces=["pool-cut-off"])
    mate = candidate("mate", pod("p", on="a2"), instance_of=["pool-cut-off"])
    other = candidate("other", pod("p2", on="b1"), instance_of=["pool-cut-off"])
    assert set(_explain(cut, mate, other).root_of) == {"mate"}

    dns = candidate("dns", Subject(kind="Component", name="coredns"), produces=["no-dns"])
    anything = candidate("any", pod("x"), instance_of=["no-dns"])
    assert _explain(dns, anything).root_of == {"any": "dns"}

    space = Subject(kind="Namespace", name="shop")
    hook = candidate("hook", node("h"), affects=[space], produces=["blocked"])
    inside = candidate("in", pod("x", namespace="shop"), instance_of=["blocked"])
    outside = candidate("out", pod("x", namespace="till"), instance_of=["blocked"])
    assert set(_explain(hook, inside, outside).root_of) == {"in"}

    claim = Subject(kind="PersistentVolumeClaim", name="data", namespace="shop")
    disk = candidate("disk", claim, produces=["not-attached"])
    user = candidate("user", pod("x"), affects=[claim], instance_of=["not-attached"])
    stranger = candidate("far", pod("y"), instance_of=["not-attached"], component="other")
    assert set(_explain(disk, user, stranger).root_of) == {"user"}


def test_a_cycle_is_broken_at_the_earliest_then_the_worst() -> None:
    first = candidate("z", node("a1"), produces=["node-down"], instance_of=["no-dns"], onset=at(1))
    second = candidate("a", node("a1"), produces=["no-dns"], instance_of=["node-down"], onset=at(2))
    graph = _explain(first, second)
    assert graph.root_of == {"a": "z"} and [e.symptom for e in graph.dropped] == ["z"]
    mild = candidate("m", node("a1"), produces=["node-down"], instance_of=["no-dns"],
                     severity=Severity.LOW)  # fmt: skip
    bad = candidate("w", node("a1"), produces=["no-dns"], instance_of=["node-down"],
                    severity=Severity.CRITICAL)  # fmt: skip
    assert _explain(mild, bad).root_of == {"m": "w"}


def test_a_chain_folds_under_its_one_root_and_implied_edges_go() -> None:
    bug = candidate("bug", node("a1"), produces=["node-down"], onset=at(1))
    middle = candidate(
        "mid", node("a1"), produces=["no-dns"], instance_of=["node-down"], onset=at(2)
    )
    end = candidate("end", pod("p", on="a1"), instance_of=["node-down", "no-dns"], onset=at(3))
    graph = _explain(bug, middle, end)
    assert graph.symptoms == {"bug": ("end", "mid")}
    assert [(e.cause, e.symptom) for e in graph.edges] == [("bug", "mid"), ("mid", "end")]


def test_independent_roots_stay_apart() -> None:
    one = candidate("one", node("a1"), produces=["node-down"])
    two = candidate("two", node("b1"), produces=["node-down"])
    under_one = candidate("u1", pod("p", on="a1"), instance_of=["node-down"])
    under_two = candidate("u2", pod("q", on="b1"), instance_of=["node-down"])
    graph = _explain(one, two, under_one, under_two)
    assert graph.symptoms == {"one": ("u1",), "two": ("u2",)}


def test_the_packaged_links_name_only_rules_and_effects_that_exist() -> None:
    from analyzer.rules.registry import all_rules

    known = {registered.rule.id for registered in all_rules()}
    assert set(cause_links().rules) <= known
