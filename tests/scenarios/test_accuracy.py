"""The score: what counts as right, and that wrong answers and broken promises are seen."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from analyzer.model.diagnosis import Diagnosis
from benchmarks.accuracy import NONE, Score, as_json, count, diagnose, report
from fixtures.build import scenario
from fixtures.scenario import Scenario

BASE: dict[str, Any] = {
    "name": "score",
    "base": "overlay",
    "pools": {"system": 1, "work": 1},
    "seed": 4,
    "faults": [{"name": "pod-crash-looping", "workload": "invoices"}],
}
ROOT: dict[str, Any] = {
    "what": "own workload",
    "subject": "Deployment/billing/invoices",
    "owner": "customer",
}


@cache
def _seen() -> Diagnosis:
    return diagnose(scenario(BASE))


def _scored(category: str = "one-root", **expect: Any) -> Score:
    wanted: Scenario = scenario({**BASE, "category": category, "expect": expect})
    score = Score()
    count(score, wanted, _seen())
    return score


def test_a_right_owner_counts_and_keeps_the_promises() -> None:
    score = _scored(roots=[ROOT], owners=["customer"])
    assert score.matrix == {("customer", "customer"): 1} and not score.misses and score.good
    assert score.precision("customer") == score.recall("customer") == score.accuracy == 1.0
    assert score.precision("microsoft") is None and score.recall("microsoft") is None


def test_a_wrong_owner_is_a_miss_of_one_and_a_false_word_on_the_other() -> None:
    score = _scored(roots=[{**ROOT, "owner": "microsoft"}], owners=["microsoft"])
    assert score.matrix[("microsoft", "customer")] == 1 and "score" in score.misses
    assert score.accuracy == 0.0 and not score.good
    assert score.recall("microsoft") == 0.0 and score.precision("customer") == 0.0
    assert "BROKEN" not in report(score) and "0.0%" in report(score)


def test_one_of_several_acceptable_owners_is_right() -> None:
    score = _scored(roots=[{**ROOT, "owner": ["undetermined", "customer"]}])
    assert score.matrix == {("customer", "customer"): 1} and score.good


def test_a_root_that_is_not_found_and_one_that_nobody_speaks_of() -> None:
    other = {**ROOT, "subject": "Deployment/shop/cart", "owner": "microsoft"}
    score = _scored(roots=[other], owners=["microsoft"])
    assert score.matrix == {("microsoft", NONE): 1, (NONE, "customer"): 1}
    assert as_json(score)["matrix"] == {"microsoft > none": 1, "none > customer": 1}


def test_an_alarm_on_a_healthy_cluster_breaks_a_promise() -> None:
    score = _scored("healthy")
    assert score.alarms_of_healthy and not score.good and "BROKEN" in report(score)
    assert score.misses["score"][0].startswith("expected nothing")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"stance": "best-effort"}, "stance is"),
        ({"confidence": ["low"]}, "confidence is"),
        ({"collect": ["a file that nobody asks for"]}, "does not ask for"),
        ({"explains": ["Deployment/shop/cart"]}, "does not explain Deployment/shop/cart"),
        ({"bug": "no-such-bug"}, "root not found"),
    ],
)
def test_every_part_of_a_label_can_be_missed(more: dict[str, Any], says: str) -> None:
    score = _scored(roots=[{**ROOT, **more}])
    assert says in score.misses["score"][0]


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        ({"not_confident": ["customer"]}, "customer is blamed with confidence"),
        ({"not_blamed": ["customer"]}, "customer is blamed"),
        ({"owners": ["microsoft"]}, "unexpected owner customer"),
        ({"folded": ["Deployment/billing/invoices"]}, "not folded"),
        ({"missing": ["cluster/logs"]}, "not told as missing"),
    ],
)
def test_what_must_not_be_is_seen(expect: dict[str, Any], says: str) -> None:
    score = _scored(roots=[ROOT], **expect)
    assert any(says in text for text in score.misses["score"])
