"""Literals: every text that an expression matches must contain one of them."""

from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.bugs import load_bugs
from analyzer.facts import landmarks
from analyzer.facts.literals import NoLiteral, contains_literal, nested_repeats, required_literals
from analyzer.facts.patterns import Pattern

PATTERNS = [*landmarks.patterns().patterns, *load_bugs().patterns().patterns]


@pytest.mark.parametrize(
    ("regex", "literals"),
    [
        ("needle", ("needle",)),
        ("a needle in hay", ("a needle in hay",)),
        (r"needle \d+ haystack", (" haystack",)),
        ("(?:needle|thread) x", ("needle x", "thread x")),
        ("[Nn]eedle", ("needle",)),
        ("needles?", ("needle",)),
        (r"(?P<a>\w+)needle(?=x)s", ("needles",)),
        (r"x{0,5}needle", ("needle",)),
        (r"(?:needle){2}", ("needle",)),
        (r"(?:one\d|two\d|three\d) needle", (" needle",)),
        ("NEEDLE", ("needle",)),
    ],
)
def test_derived(regex: str, literals: tuple[str, ...]) -> None:
    assert required_literals(regex) == literals


@pytest.mark.parametrize("regex", [r"\d+", "(?:needle)?", "needle|a", ".*", "(?:ab|cd)x", "[a-z]+"])
def test_none(regex: str) -> None:
    with pytest.raises(NoLiteral):
        required_literals(regex)


def test_given_literals_must_cover() -> None:
    assert contains_literal(r"needle \d+ thread", ("thread",))
    assert contains_literal("needle|thread", ("needle", "thread"))
    assert not contains_literal("needle|thread", ("needle",))
    assert not contains_literal("(?:needle)?thread", ("needle",))


@pytest.mark.parametrize(
    ("regex", "nested"),
    [
        (r"(a+)+", True),
        (r"(?:a*b)*", True),
        (r"(?:x{0,500}y)*", True),
        (r"a+b+", False),
        (r"(?:a+)?", False),
        (r"(?:a{1,3}b){1,4}", False),
    ],
)
def test_nested_repeats(regex: str, nested: bool) -> None:
    assert nested_repeats(regex) is nested


@pytest.mark.parametrize(
    "pattern", [p for p in PATTERNS if "(?!" not in p.regex], ids=lambda pattern: pattern.id
)
def test_whatever_matches_holds_a_literal(pattern: Pattern) -> None:
    expression = re.compile(pattern.regex.encode())

    @settings(
        max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.from_regex(expression))
    def check(text: bytes) -> None:
        assert any(literal.encode() in text.lower() for literal in pattern.literals)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check()
