"""Events are a log of their own: landmarks that are written for them are found there."""

from __future__ import annotations

from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.patterns import Pattern, PatternSet
from analyzer.facts.scan import Scanner
from tests.rules.harness import analysis_of


def test_a_landmark_of_events_is_found_with_its_object_and_node() -> None:
    world = {"faults": [{"disk-attach-failing": {"reason": "quota"}}]}
    facts = analysis_of(world).loaded.facts
    found = [one for one in facts.logs.of("disk-attach-quota") if one.kind is LogKind.EVENT]
    assert found
    assert all(one.namespace and one.pod and one.node for one in found)
    assert all(one.path.startswith("cluster/resources/core/events/") for one in found)
    assert all(one.count and one.first_seen and one.last_seen for one in found)
    assert found[0].captures == {"limit": ("8",)}
    assert found[0].samples[0].what == "event FailedAttachVolume of Pod orders-db-0"


def test_events_alone_are_no_logs_and_their_silence_counts() -> None:
    logs = Logs(read=frozenset({(None, LogKind.EVENT)}))
    assert not logs.readable
    assert logs.of("disk-attach-quota") == ()


def test_patterns_for_events_are_not_looked_for_in_journals() -> None:
    patterns = PatternSet((Pattern("p", frozenset({LogKind.EVENT}), "something happened"),))
    scanner = Scanner(patterns)
    scanner.feed("nodes/n1/kubelet/journal.log", [b"something happened\n"])
    assert scanner.results() == ()
