"""The scheduler's message: real forms of several releases."""

from __future__ import annotations

import pytest

from analyzer.facts.parse.scheduler import Obstacle, read_scheduler


def kinds(message: str) -> list[tuple[int, Obstacle]]:
    return [(reason.count, reason.obstacle) for reason in read_scheduler(message).reasons]


def test_a_message_is_taken_apart_by_reason() -> None:
    message = (
        "0/9 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu, 2 node(s) had "
        "untolerated taint {dedicated: batch}, 1 node(s) didn't match Pod's node "
        "affinity/selector, 1 node(s) had volume node affinity conflict, 1 node(s) exceed max "
        "volume count, 1 node(s) "
        "didn't have free ports for the requested pod ports. preemption: 0/9 nodes are available: "
        "9 Preemption is not helpful for scheduling."
    )
    assert kinds(message) == [
        (1, Obstacle.CORDONED),
        (2, Obstacle.ROOM),
        (2, Obstacle.TAINT),
        (1, Obstacle.SELECTOR),
        (1, Obstacle.VOLUME_PLACE),
        (1, Obstacle.VOLUME_COUNT),
        (1, Obstacle.PORTS),
    ]


@pytest.mark.parametrize(
    ("message", "taint"),
    [
        ("0/3 nodes are available: 3 node(s) had untolerated taint {a.b/c: }.", "a.b/c"),
        (
            "0/3 nodes are available: 3 node(s) had taint {gpu: yes}, that the pod didn't "
            "tolerate.",
            "gpu",
        ),
        (
            "0/3 nodes are available: 3 node(s) had untolerated taint "
            "{node.kubernetes.io/not-ready: }.",
            "node.kubernetes.io/not-ready",
        ),
    ],
)
def test_a_taint_is_known_by_its_key(message: str, taint: str) -> None:
    (reason,) = read_scheduler(message).reasons
    assert (reason.taint, reason.count) == (taint, 3)


def test_a_cordon_is_no_taint_of_somebody() -> None:
    taint = "{node.kubernetes.io/unschedulable: }"
    message = f"0/2 nodes are available: 2 node(s) had untolerated taint {taint}."
    assert kinds(message) == [(2, Obstacle.CORDONED)]


def test_a_claim_holds_the_pod_back_whatever_the_nodes_say() -> None:
    assert read_scheduler("pod has unbound immediate PersistentVolumeClaims.").claim
    assert read_scheduler('persistentvolumeclaim "data" not found').claim


def test_no_nodes_and_no_message() -> None:
    assert read_scheduler("no nodes available to schedule pods").no_nodes
    assert read_scheduler("").reasons == ()
