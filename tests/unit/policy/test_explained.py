"""``demarc explain CLAUSE`` tells all that the data says of it."""

from __future__ import annotations

import pytest

from analyzer.cli.explanations import clause
from analyzer.policy import available, load_pack


def told(name: str, policy: str | None = None) -> dict[str, str]:
    return {head: text for head, text in clause(name, policy, ()) if text}


def test_a_clause_that_only_exports_show() -> None:
    text = told("STOP-04")
    assert text["What would settle it"] == "az account show -o json"
    assert "exports from Azure: state of the subscription" in text["What shows it"]
    assert text["Rules"] == "AKS-SUB-001"
    assert "O-5-subscription" in text["Rows of the decision table that rest on it"]


def test_a_clause_on_vulnerabilities_says_what_else_it_takes() -> None:
    text = told("UNS-13")
    assert "vulnerability scanner" in text["What it takes besides a bundle"]


def test_rows_of_a_later_policy_are_not_told_of_an_earlier_one() -> None:
    rows = "Rows of the decision table that rest on it"
    assert rows in told("UNS-17") and rows not in told("UNS-17", "2023-08-28")


@pytest.mark.parametrize("date", available())
def test_every_clause_can_be_explained(date: str) -> None:
    for name, entry in load_pack(date).clauses.items():
        text = told(name, date)
        assert text["Responsible"] == entry.who.value
        assert ("What shows it" in text) == (not entry.evidence.empty), name
