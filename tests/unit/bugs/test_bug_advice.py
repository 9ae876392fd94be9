"""What to do about a bug here: the fix on the running line, the workaround, where to report it."""

from __future__ import annotations

import pytest

from analyzer.bugs import load_bugs
from analyzer.bugs.advice import fix_for, next_step
from analyzer.bugs.gates import GateFacts, NodeGate

BUGS = load_bugs()


def node(**more: str) -> NodeGate:
    given = {
        "kernel": "5.15.0-1095-azure", "node_image": "AKSUbuntu-2204gen2containerd-202511.07.0",
        "containerd": "1.7.28-ubuntu22.04u1", "runc": "1.3.3",
    }  # fmt: skip
    return NodeGate("n1", **(given | more))


def runs(one: NodeGate, **more: object) -> GateFacts:
    given: dict[str, object] = {"server_version": "1.28.5", "nodes": {"n1": one}}
    return GateFacts(**(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("bug", "more", "fix"),
    [
        (
            "runc-140-spurious-container-stopped",
            {"runc": "1.4.0"},
            "a node image with runc 1.4.1 or later (1.4.0 runs here), for example "
            "AKSUbuntu-2204/2404 202604.24.0",
        ),
        (
            "runc-140-spurious-container-stopped",
            {"runc": "1.3.3"},
            "a node image with runc 1.3.5 or later (1.3.3 runs here), for example "
            "AKSUbuntu-2204/2404 202604.24.0",
        ),
        (
            "containerd-ip-leak-failed-teardown",
            {"containerd": "2.1.5", "node_image": "AKSUbuntu-2404gen2containerd-202512.01.0"},
            "a node image with containerd 2.1.7 or later (2.1.5 runs here), for example "
            "AKSUbuntu-2404 202605.27.0",
        ),
        (
            "containerd-ip-leak-failed-teardown",
            {},
            "a node image with containerd 1.7.31 or later (1.7.28-ubuntu22.04u1 runs here), for "
            "example AKSUbuntu-2204 202604.24.0",
        ),
        ("apiserver-openapi-duplicate-path", {}, "Kubernetes 1.28.9 or later (1.28.5 runs here)"),
        ("irqbalance-275", {}, "node image 202310.19.2"),
        ("ca-soft-taint-remains-7964", {}, "the AKS release of 2025-08-29 or later"),
        ("cilium-named-ports-30003", {}, ""),
    ],
)
def test_the_fix_on_the_line_that_runs(bug: str, more: dict[str, str], fix: str) -> None:
    one = node(**more)
    assert fix_for(BUGS.get(bug), runs(one), one) == fix


@pytest.mark.parametrize(
    ("bug", "said", "unsaid"),
    [
        ("runc-140-spurious-container-stopped", ["Move to a node image"], ["Until", "Report"]),
        ("ca-soft-taint-remains-7964", ["Until then: Remove the taint by hand."], ["upgrade AKS"]),
        (
            "cilium-named-ports-30003",
            [
                "No version with a fix is stated: wait for one",
                "Workaround: Use port numbers in the policy.",
                "Report it to AKS with https://github.com/cilium/cilium/issues/30003.",
            ],
            ["Move to"],
        ),
        ("containerd-2-schema1-images", ["It is so by design. Build or push"], ["Report", "wait"]),
        ("pleg-not-healthy-umbrella", ["Find what blocks the runtime"], ["Report", "wait for"]),
        (
            "ccm-exclude-lb-label-8649",
            ["Move to the AKS release of 2025-06-17", "Report it to AKS with https://"],
            ["Upgrade AKS"],
        ),
    ],
)
def test_sentences_for_whoever_acts(bug: str, said: list[str], unsaid: list[str]) -> None:
    text = next_step(BUGS.get(bug), runs(node()), node())
    assert all(part in text for part in said), text
    assert not any(part in text for part in unsaid), text


def test_every_bug_says_what_to_do_whatever_is_known() -> None:
    for facts, one in ((GateFacts(), None), (runs(node()), node())):
        for bug in BUGS:
            text = next_step(bug, facts, one)
            assert text.endswith(".") and len(text) > 10, bug.id
            assert "to None" not in text, bug.id
            assert "  " not in text and not text.endswith(".."), (bug.id, text)
