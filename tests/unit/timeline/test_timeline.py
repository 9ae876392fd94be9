"""The timeline: all sources on one clock, folded, bounded, the most telling kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.objects import Event
from analyzer.model.candidate import Candidate
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.evidence import EvidenceRef
from analyzer.model.hit import Hit
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.timeline import Moment, Timeline, chosen
from analyzer.timeline.moments import folded
from analyzer.timeline.skew import clock_skew
from fixtures.build import load_scenario, tree
from tests.rules.harness import bundle_of

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SAMPLE = Path(__file__).parents[3] / "fixtures" / "scenarios" / "sample.yaml"


def moment(minute: float, what: str = "x", **more: object) -> Moment:
    given: dict[str, object] = {
        "kind": "event", "lane": "work", "key": what, "weight": 40,
        "subject": Subject(kind="Pod", namespace="a", name=what),
    }  # fmt: skip
    return Moment(at=START + timedelta(minutes=minute), what=what, **(given | more))  # type: ignore[arg-type]


def candidate(minute: float, severity: Severity = Severity.HIGH, name: str = "f-1") -> Candidate:
    ref = EvidenceRef("nodes/n1/kubelet/journal.log", line=3, excerpt="E")
    hit = Hit(
        subject=Subject(kind="Node", name="n1"),
        saw="",
        evidence=(ref,),
        first_seen=START + timedelta(minutes=minute),
    )
    return Candidate(
        id=name, rule_id="AKS-X-001", title="A node fails", severity=severity, component="node",
        clauses=(), hit=hit, signals=frozenset(),
    )  # fmt: skip


# --- the whole way, on the sample ----------------------------------------------------------------


@pytest.fixture(scope="module")
def world() -> dict[str, bytes]:
    return dict(tree(load_scenario(SAMPLE)))


@pytest.fixture(scope="module")
def diagnosis(world: dict[str, bytes]) -> Diagnosis:
    return analyze(bundle_of(world), options=Options(jobs=1, bundle_name="sample.tar"))


def test_all_sources_are_on_it_in_order(diagnosis: Diagnosis) -> None:
    kinds = {entry.kind for entry in diagnosis.timeline}
    assert kinds == {"event", "condition", "restart", "log", "bug", "change", "upgrade", "finding"}
    assert [e.at for e in diagnosis.timeline] == sorted(e.at for e in diagnosis.timeline)


def test_every_finding_with_an_onset_is_on_it(diagnosis: Diagnosis) -> None:
    told = {entry.finding for entry in diagnosis.timeline if entry.kind == "finding"}
    assert told == {finding.id for finding in diagnosis.findings if finding.first_seen}


def test_the_change_comes_before_what_it_broke(diagnosis: Diagnosis) -> None:
    scaled = next(e for e in diagnosis.timeline if "kubectl scale" in e.what)
    broken = next(e for e in diagnosis.timeline if e.kind == "finding" and "Webhook" in e.what)
    assert scaled.kind == "change"
    assert timedelta(0) < broken.at - scaled.at < timedelta(hours=2)


def test_lanes_are_pools_and_components(diagnosis: Diagnosis) -> None:
    lanes = {entry.lane for entry in diagnosis.timeline}
    assert {"work", "metrics-server", "calico-node", "shop"} <= lanes


def test_lines_and_objects_are_cited(diagnosis: Diagnosis) -> None:
    log = next(e for e in diagnosis.timeline if e.kind == "log")
    assert log.evidence is not None
    assert "RunPodSandbox" in log.evidence.excerpt
    event = next(e for e in diagnosis.timeline if e.what.startswith("FailedCreate"))
    assert event.evidence is not None
    assert "FailedCreate" in event.evidence.excerpt


@pytest.fixture(scope="module")
def ahead(world: dict[str, bytes], diagnosis: Diagnosis) -> Diagnosis:
    """The same cluster, with the clock of the node of the first log entry ten minutes ahead."""
    name = next(e.subject.name for e in diagnosis.timeline if e.kind == "log" and e.subject)
    path = f"nodes/{name}/host/clock"
    assert path in world
    clock = b"System time     : 600.000000000 seconds fast of NTP time\n"
    return analyze(bundle_of(world | {path: clock}), options=Options(jobs=1))


def test_a_node_clock_that_runs_ahead_is_corrected(diagnosis: Diagnosis, ahead: Diagnosis) -> None:
    before, after = (
        next(e.at for e in found.timeline if e.kind == "log") for found in (diagnosis, ahead)
    )
    assert before - after == timedelta(seconds=600)


def test_what_the_control_plane_stamps_stays_as_it_is(
    diagnosis: Diagnosis, ahead: Diagnosis
) -> None:
    def moved(what: str) -> timedelta:
        before, after = (
            next(e.at for e in found.timeline if e.what.startswith(what))
            for found in (diagnosis, ahead)
        )
        return before - after

    assert moved("FailedCreatePodSandBox") == timedelta(seconds=600)  # the kubelet's own event
    for what in ("FailedCreate: ", "NodeNotReady", "Deployment policy-gate"):
        assert moved(what) == timedelta(0)


# --- folding -------------------------------------------------------------------------------------


def test_equal_things_close_in_time_are_one() -> None:
    pods = [Subject(kind="Pod", namespace="a", name=f"p{i}") for i in range(3)]
    one, two = folded(
        [moment(i * 5, "boom", subject=pod) for i, pod in enumerate(pods)]
        + [moment(60, "boom", subject=pods[0])]
    )
    assert (one.count, one.objects, one.at, one.end) == (3, 3, START, START + timedelta(minutes=10))
    assert (two.count, two.objects) == (1, 1)


def test_other_lanes_and_kinds_stay_apart() -> None:
    assert len(folded([moment(0), moment(1, lane="other"), moment(2, kind="log")])) == 3


def test_the_order_in_which_things_come_does_not_matter() -> None:
    rows = [moment(i * 7 % 50, "ab"[i % 2], count=i + 1) for i in range(20)]
    assert folded(rows) == folded(reversed(rows))


# --- what is kept --------------------------------------------------------------------------------


def test_at_most_400_and_no_kind_crowds_out_the_others() -> None:
    rows = [moment(i / 10, f"e{i}") for i in range(3000)]
    rows += [moment(5, f"c{i}", kind="change", weight=45) for i in range(20)]
    kept = chosen(Timeline(tuple(rows)), [candidate(100, name=f"f-{i}") for i in range(300)])
    assert len(kept) <= 400
    count = {kind: sum(one.kind == kind for one in kept) for kind in ("finding", "change", "event")}
    assert count == {"finding": 150, "change": 20, "event": 150}


def test_what_lies_long_before_the_trouble_makes_room() -> None:
    old = moment(-60 * 24 * 40, "old", kind="change", weight=45)
    near = moment(-30, "near", kind="change", weight=45)
    kept = chosen(Timeline((old, near)), [candidate(0)])
    assert [one.what for one in kept] == ["near", "A node fails"]


def test_nothing_has_a_time() -> None:
    assert chosen(Timeline(), []) == ()
    assert not Timeline().readable


def test_rules_can_ask_for_a_stretch() -> None:
    timeline = Timeline((moment(0, node="n1"), moment(30, until=START + timedelta(hours=2))))
    assert len(timeline.between(START + timedelta(hours=1), START + timedelta(hours=3))) == 1
    assert timeline.on("n1") == (timeline.moments[0],)
    assert timeline.of("change") == ()


# --- clocks --------------------------------------------------------------------------------------


def seen(created: float, stamp: float, host: str = "n1") -> Event:
    def at(seconds: float) -> str:
        return (START + timedelta(seconds=seconds)).isoformat()

    return Event.model_validate(
        {
            "metadata": {"name": "e", "creationTimestamp": at(created)},
            "firstTimestamp": at(stamp),
            "source": {"component": "kubelet", "host": host},
        }
    )


def clock(text: str) -> NodeArchives:
    file = TextFile("nodes/n1/host/clock", text)
    return NodeArchives({"n1": NodeFiles("n1", {"host/clock": file})})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("System time     : 12.500000000 seconds fast of NTP time", 12.5),
        ("System time     : 90.000000001 seconds slow of NTP time", -90.000000),
        ("System time     : 0.000001204 seconds fast of NTP time", None),
        ("System time     : 999999999.0 seconds fast of NTP time", None),
        ("506 Cannot talk to daemon", None),
    ],
)
def test_the_time_service_tells_its_offset(text: str, seconds: float | None) -> None:
    wanted = {} if seconds is None else {"n1": timedelta(seconds=seconds)}
    assert clock_skew(clock(text), ()) == wanted


@pytest.mark.parametrize(
    ("pairs", "seconds"),
    [
        ([(0, 40), (60, 99), (90, 100)], 40),
        ([(0, -40), (60, 20), (90, 10)], -40),
        ([(0, 40)], None),
        ([(0, 40), (60, 60)], None),
        ([(0, 0), (60, 59), (90, 60)], None),
    ],
    ids=["ahead", "behind", "one-pair", "they-differ", "well"],
)
def test_events_tell_the_offset_of_the_kubelets_clock(
    pairs: list[tuple[float, float]], seconds: float | None
) -> None:
    wanted = {} if seconds is None else {"n1": timedelta(seconds=seconds)}
    assert clock_skew(NodeArchives(), [seen(*pair) for pair in pairs]) == wanted
