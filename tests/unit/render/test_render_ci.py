"""SARIF and JUnit, each read back by a library that is not ours."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import diagnoses
import junitparser
import pytest
from sarif_pydantic import Sarif

from analyzer.model.evidence import Evidence
from analyzer.model.subject import Subject
from analyzer.render.findings import fingerprint
from analyzer.render.junit import render_junit
from analyzer.render.sarif import BASE_ID, LEVELS, render_sarif
from analyzer.render.view import build_view

CASES = tuple(diagnoses.CASES)
view_of = diagnoses.view_of


def sarif_of(name: str) -> Any:
    return json.loads(render_sarif(view_of(name)))


def junit_of(name: str) -> junitparser.JUnitXml:
    return junitparser.JUnitXml.fromstring(render_junit(view_of(name)).encode("utf-8"))


# SARIF


@pytest.mark.parametrize("name", CASES)
def test_sarif_is_valid_and_whole(name: str) -> None:
    text = render_sarif(view_of(name))
    assert text.isascii()
    log = Sarif.model_validate_json(text)
    assert log.version == "2.1.0"
    run = log.runs[0]
    assert len(run.results or ()) == len(view_of(name).findings)
    rules = [rule.id for rule in run.tool.driver.rules or ()]
    assert rules == sorted(set(rules))
    for result in run.results or ():
        assert rules[result.rule_index or 0] == result.rule_id


@pytest.mark.parametrize("name", ["case_file", "large", "hostile"])
def test_sarif_keeps_to_the_limits_of_code_scanning(name: str) -> None:
    text = render_sarif(view_of(name))
    assert len(gzip.compress(text.encode())) < 10_000_000
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) <= 25_000
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["id"]) <= 255
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["properties"]["tags"]) <= 20
    for result in run["results"]:
        assert result["message"]["text"]
        assert len(result["locations"]) == 1
        assert len(result["locations"] + result["relatedLocations"]) <= 1000


def test_sarif_says_owner_confidence_and_place() -> None:
    (run,) = sarif_of("case_file")["runs"]
    first = run["results"][0]
    assert first["level"] == "error"
    assert first["properties"]["owner"] == "customer"
    assert first["properties"]["confidence"] == "high"
    assert first["properties"]["decidedBy"] == "C-07"
    assert first["properties"]["tags"] == ["owner:customer"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uriBaseId"] == BASE_ID
    assert place["artifactLocation"]["uri"].startswith("nodes/aks-np1-")
    assert place["region"]["startLine"] == 18233
    assert place["region"]["snippet"]["text"].startswith("E1120 01:52:07")
    assert BASE_ID in run["originalUriBaseIds"]
    rule = run["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert "**What to do:** Customer" in rule["help"]["markdown"]
    assert rule["helpUri"].startswith("https://learn.microsoft.com/")


def test_sarif_levels_follow_severity() -> None:
    run = sarif_of("case_file")["runs"][0]
    for result in run["results"]:
        assert result["level"] == LEVELS[result["properties"]["severity"]]
    assert {r["level"] for r in run["results"]} == {"error", "warning", "note"}


def test_sarif_fingerprints_tell_results_apart() -> None:
    for name in ("case_file", "large"):
        results = sarif_of(name)["runs"][0]["results"]
        prints = [r["partialFingerprints"]["primaryLocationLineHash"] for r in results]
        assert len(prints) == len(set(prints))


def test_fingerprint_outlives_the_pod_and_not_the_workload() -> None:
    def of(kind: str, name: str) -> str:
        return fingerprint(diagnoses.finding(1, subject=Subject(kind=kind, name=name)))

    assert of("Pod", "coredns-6f776c8fb5-7x9kq") == of("Pod", "coredns-57d886c994-v2n8s")
    assert of("Pod", "coredns-6f776c8fb5-7x9kq") != of("Pod", "metrics-6f776c8fb5-7x9kq")
    assert of("Node", "aks-np1-31415926-vmss000001") != of("Node", "aks-np1-31415926-vmss000002")


def test_sarif_names_what_could_not_run() -> None:
    run = sarif_of("partial")["runs"][0]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    levels = [note["level"] for note in invocation["toolExecutionNotifications"]]
    assert levels == ["error", "warning", "warning"]
    assert run["properties"]["complete"] is False


def test_sarif_escapes_places() -> None:
    odd = Evidence(path="nodes/a b/#1%/ü.log", line=3, excerpt="x")
    case = diagnoses.diagnosis((diagnoses.finding(1, evidence=(odd,)),))
    (run,) = json.loads(render_sarif(build_view(case)))["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert location["artifactLocation"]["uri"] == "nodes/a%20b/%231%25/%C3%BC.log"


# JUnit


@pytest.mark.parametrize("name", CASES)
def test_junit_counts_add_up(name: str) -> None:
    text = render_junit(view_of(name))
    assert text.isascii()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ')
    xml = junit_of(name)
    suites = list(xml)
    assert xml.tests == sum(suite.tests for suite in suites) == sum(len(list(s)) for s in suites)
    for suite in suites:
        counted = [case.result[0].__class__.__name__ for case in suite if case.result]
        assert suite.failures == counted.count("Failure")
        assert suite.errors == counted.count("Error")
        assert suite.skipped == counted.count("Skipped")


def test_junit_has_a_suite_for_each_family_and_a_case_for_each_rule() -> None:
    xml = junit_of("case_file")
    assert [suite.name for suite in xml] == ["AKS-CHK", "AKS-NET"]
    names = [case.name for suite in xml for case in suite]
    rules = [name.split(":")[0] for name in names]
    assert len(rules) == len(set(rules)) == 159
    assert (xml.failures, xml.errors, xml.skipped) == (13, 0, 8)


def test_junit_tells_outcomes_apart() -> None:
    cases = {case.name.split(":")[0]: case for suite in junit_of("partial") for case in suite}
    assert cases["AKS-CHK-001"].is_passed
    assert isinstance(cases["AKS-NET-001"].result[0], junitparser.Failure)
    assert isinstance(cases["AKS-CHK-201"].result[0], junitparser.Skipped)
    assert "timed out" in cases["AKS-CHK-201"].result[0].message
    assert isinstance(cases["AKS-CHK-203"].result[0], junitparser.Error)
    assert "KeyError" in cases["AKS-CHK-203"].result[0].message
    failure = cases["AKS-NET-001"].result[0]
    assert failure.type == "high"
    assert "konnectivity.log:18233" in failure.text
    assert "[high, Customer, high confidence]" in failure.text


def test_junit_folds_findings_of_a_rule() -> None:
    xml = junit_of("large")
    assert xml.failures == 13
    assert len(render_junit(view_of("large"))) < 200_000


def test_junit_of_a_healthy_cluster_is_not_empty() -> None:
    xml = junit_of("healthy")
    assert (xml.tests, xml.failures, xml.errors, xml.skipped) == (143, 0, 0, 5)


def test_hostile_text_is_written_out_in_both() -> None:
    for text in (render_junit(view_of("hostile")), render_sarif(view_of("hostile"))):
        assert not re.search("[\x00-\x08\x1b\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)
        assert "u{202e}" in text
