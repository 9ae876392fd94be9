"""The view: counted, sorted, worded, and free of secrets."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import diagnoses
import pytest

from analyzer.model.evidence import Evidence
from analyzer.model.finding import ActNext
from analyzer.model.gap import Gap, Presence
from analyzer.model.hit import DriftRow, Outcome
from analyzer.model.owner import Actor, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.render.budget import CHARACTERS_PER_LINE, LINES_PER_EXCERPT
from analyzer.render.names import report_file_name
from analyzer.render.view import build_view

PLANTED = "hunter2swordfish"


@pytest.fixture(params=diagnoses.CASES)
def case(request: pytest.FixtureRequest) -> Any:
    return diagnoses.case_of(request.param)


def test_same_diagnosis_gives_equal_view(case: Any) -> None:
    assert build_view(case) == build_view(case.model_copy(deep=True))


def test_view_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        diagnoses.view_of("healthy").title = "x"  # type: ignore[misc]


def test_verdict_counts_causes_and_names_the_first() -> None:
    verdict = diagnoses.view_of("case_file").verdict
    assert verdict.sentences == (
        "13 issues in what was collected come from 6 root causes.",
        "2 need Microsoft.",
        "1 is an open question: the bundle does not tell whose.",
    )
    assert verdict.start is not None
    assert verdict.start.text == "Outbound rule deny-egress-443 blocks the API server tunnel"
    assert verdict.start_reason == "it explains 4 of the other 12."


@pytest.mark.parametrize(
    ("findings", "sentences"),
    [
        ((diagnoses.finding(1),), ("1 issue found.", "It is the customer's.")),
        (
            (diagnoses.finding(1), diagnoses.finding(2)),
            (
                "2 issues found; none of them explains another.",
                "All of them are the customer's.",
            ),
        ),
        (
            (diagnoses.finding(1), diagnoses.finding(2, owner=Owner.UPSTREAM)),
            ("2 issues found; none of them explains another.", "None needs Microsoft."),
        ),
        (
            (diagnoses.finding(1, owner=Owner.UNDETERMINED),),
            ("1 issue found.", "The bundle does not tell whose it is."),
        ),
        (
            (diagnoses.finding(1), diagnoses.finding(2, owner=Owner.UNDETERMINED)),
            (
                "2 issues found; none of them explains another.",
                "1 is an open question: the bundle does not tell whose.",
            ),
        ),
        (
            (diagnoses.finding(1, owner=Owner.MICROSOFT),),
            ("1 issue found.", "It needs Microsoft."),
        ),
        (
            (diagnoses.finding(1), diagnoses.finding(2, owner=Owner.MICROSOFT)),
            ("2 issues found; none of them explains another.", "1 needs Microsoft."),
        ),
    ],
)
def test_verdict_of_few(findings: Any, sentences: tuple[str, ...]) -> None:
    assert build_view(diagnoses.diagnosis(findings)).verdict.sentences == sentences


def test_verdict_of_a_complete_healthy_bundle_has_no_limits() -> None:
    verdict = build_view(diagnoses.diagnosis()).verdict
    assert verdict.sentences == ("No issues found.", "142 of 142 checks ran.")


def test_nothing_found_by_few_checks_is_no_clean_bill() -> None:
    stopped = tuple(diagnoses.check(n, Outcome.UNKNOWN) for n in range(1, 91))
    notice = "The bundle does not say when it was collected; its time is unknown."
    view = build_view(
        diagnoses.diagnosis(
            bundle=diagnoses.bundle(collected_at=None),
            cluster=diagnoses.cluster(kubernetes_version=""),
            healthy=diagnoses.clear_checks(100)[90:],
            not_applicable=(),
            unknown=stopped,
            notices=(notice,),
        )
    )
    assert view.title.startswith("Too little to tell - ")
    assert view.verdict.sentences == (
        "Too little was collected to tell.",
        "10 of 100 checks ran, and found no issue.",
    )
    assert {row.next_step for row in view.ledger} == {"Not known"}
    assert "No issues found" not in view.ticket.text
    assert "Kubernetes" not in view.ticket.text
    assert sum("collected" in notice.text for notice in view.notices) == 1


def test_ledger_has_four_rows_and_a_fifth_only_when_needed() -> None:
    healthy = diagnoses.view_of("healthy").ledger
    assert [row.owner.key for row in healthy] == [
        "microsoft",
        "customer",
        "upstream",
        "byocni-excluded",
    ]
    assert {row.next_step for row in healthy} == {"Nothing to do"}
    open_row = diagnoses.view_of("case_file").ledger[-1]
    assert (open_row.owner.name, open_row.count) == ("Undetermined", "1 open question")
    assert "azure/activity-log.json" in open_row.next_step


def test_a_cause_comes_before_its_symptoms() -> None:
    view = diagnoses.view_of("normal")
    place = {finding.anchor: number for number, finding in enumerate(view.findings)}
    symptoms = [finding for finding in view.findings if finding.explained_by]
    assert len(symptoms) == 48
    for symptom in symptoms:
        assert symptom.explained_by is not None
        assert place[symptom.explained_by.href[1:]] < place[symptom.anchor]


def test_roots_are_sorted_by_severity() -> None:
    names = [root.severity_name for root in diagnoses.view_of("case_file").roots.items]
    assert names == ["Critical", "Critical", "High", "Medium", "Medium", "Low"]


def test_circular_causes_do_not_hang() -> None:
    items = [diagnoses.finding(n) for n in range(1, 5)]
    view = build_view(
        diagnoses.diagnosis(diagnoses.linked(items, [(0, 1), (1, 2), (2, 1), (2, 3), (3, 3)]))
    )
    assert len(view.findings) == 4
    assert view.roots.items[0].explains == 3


def test_links_to_unknown_findings_are_left_out() -> None:
    lost = diagnoses.finding(1, root=False, explained_by=("gone",), symptoms=("gone too",))
    view = build_view(diagnoses.diagnosis((lost,)))
    assert view.findings[0].explained_by is None
    assert view.roots.number == 1


def test_secrets_are_in_nothing_that_is_shown() -> None:
    secret = f"password={PLANTED}"
    item = diagnoses.finding(
        1,
        title=f"Login fails with {secret}",
        saw=secret,
        expected=secret,
        would_change=(secret,),
        remediation=(secret,),
        references=(f"https://a.example/?{secret}",),
        evidence=(Evidence(path="a.log", line=1, excerpt=f"x {secret} y", what=secret),),
        drift=(DriftRow(path="env[DB_PASSWORD].value", expected="", actual=PLANTED),),
    )
    view = build_view(diagnoses.diagnosis((item,), notices=(secret,)))
    assert PLANTED not in repr(view)
    assert "&lt;" not in repr(view)
    kinds = {kind: here for kind, _, here in view.redaction.rows}
    assert int(kinds["passwords"]) >= 8


def test_nothing_masked_is_told() -> None:
    view = diagnoses.view_of("partial")
    assert view.notices[-1].text == "Nothing was masked."


def test_cluster_outside_support_is_the_first_notice() -> None:
    item = diagnoses.finding(1, stance=Stance.CLUSTER_UNSUPPORTED)
    notice = build_view(diagnoses.diagnosis((item,))).notices[0]
    assert "outside support" in notice.text
    assert notice.link is not None
    assert notice.link.href.startswith("#AKS-NET-001-")


def test_source_of_the_time_is_told_where_it_is_a_guess() -> None:
    guessed = diagnoses.bundle(collected_at_source="the newest time in the data")
    texts = [n.text for n in build_view(diagnoses.diagnosis(bundle=guessed)).notices]
    assert "“Now” is 2026-11-20 02:31 UTC, taken from the newest time in the data." in texts
    unknown = diagnoses.bundle(collected_at=None)
    texts = [n.text for n in build_view(diagnoses.diagnosis(bundle=unknown)).notices]
    assert any("does not tell when it was collected" in text for text in texts)


def test_not_aks_shows_no_verdicts() -> None:
    view = diagnoses.view_of("not_aks")
    assert view.kind == "not-aks"
    assert view.findings == view.ledger == view.roots.items == view.healthy == ()
    assert "2 sightings of the checks are in the JSON report" in view.verdict.sentences[-1]


def test_open_question_names_what_to_collect() -> None:
    view = diagnoses.view_of("case_file")
    item = next(finding for finding in view.findings if finding.open_question)
    assert item.owner.name == "Undetermined"
    assert item.would_change == (
        "The activity log (azure/activity-log.json) tells who detached the disks.",
    )


def test_affected_nodes_are_ranges() -> None:
    view = diagnoses.view_of("case_file")
    item = view.findings[0]
    assert item.affects == "1,012 nodes"
    assert item.affects_names[0] == "aks-np1-31415926-vmss000001 to 00009e (338)"


def test_gaps_of_many_nodes_are_one_row() -> None:
    missing = diagnoses.view_of("partial").missing
    row = next(row for row in missing.gaps if row.path.startswith("nodes/*"))
    assert row.path.startswith("nodes/*.tar.gz on 3 nodes: ")
    assert row.reason == "could not be collected or read, timed out"
    assert row.stopped == "AKS-CHK-201"
    assert missing.crashed[0].reason == "KeyError: 'lun'"


def test_drift_says_how_and_by_whom() -> None:
    rows = diagnoses.view_of("case_file").drift[0].rows
    assert [(row.path, row.how) for row in rows] == [
        ("spec.template.spec.containers[coredns].image", "changed"),
        ("spec.replicas", "added"),
    ]
    assert rows[0].changed_by == "aks-operator, 2026-11-18 02:31 UTC"
    assert rows[1].changed_by == "not shown"


def test_contents_name_only_what_is_there() -> None:
    hrefs = [link.href for link in diagnoses.view_of("healthy").contents]
    assert "#findings" not in hrefs
    assert "#leads" not in hrefs
    assert "#exposures" not in hrefs
    assert "#drift" not in [n.href for n in diagnoses.view_of("partial").contents]
    assert "#missing" in hrefs


def test_evidence_is_cut_by_rule_and_says_so() -> None:
    long = "x" * 1000
    evidence = [Evidence(path=f"m{k % 5}.log", line=k + 1, excerpt=long) for k in range(300)]
    view = build_view(diagnoses.diagnosis((diagnoses.finding(1, evidence=tuple(evidence)),)))
    blocks = view.findings[0].evidence
    assert len(blocks) == 3
    assert all(len(block.lines) == LINES_PER_EXCERPT for block in blocks)
    assert all(block.note.startswith("20 lines left out here") for block in blocks)
    assert blocks[0].lines[0].text.startswith("x" * CHARACTERS_PER_LINE + "… (+760 characters)")
    assert view.findings[0].evidence_more == ("m3.log:4-299", "m4.log:5-300")


def test_cut_does_not_split_a_mask() -> None:
    text = "x" * 236 + "<masked>" + "y" * 100
    item = diagnoses.finding(1, evidence=(Evidence(path="a.log", line=1, excerpt=text),))
    (block,) = build_view(diagnoses.diagnosis((item,))).findings[0].evidence
    assert block.lines[0].text == "x" * 236 + "… (+108 characters)"


def test_two_excerpts_of_one_long_line_are_both_shown() -> None:
    evidence = tuple(Evidence(path="list.json", line=1, excerpt=f'"name":"{n}"') for n in "ab")
    view = build_view(diagnoses.diagnosis((diagnoses.finding(1, evidence=evidence),)))
    (block,) = view.findings[0].evidence
    assert [line.text for line in block.lines] == ['"name":"a"', '"name":"b"']
    assert block.place == "list.json:1"


def test_evidence_that_decided_is_shown_first() -> None:
    evidence = tuple(Evidence(path=f"m{k}.log", line=k + 1, excerpt=f"line {k}") for k in range(9))
    decided = diagnoses.finding(1).because[1].model_copy(update={"evidence": (7,)})
    item = diagnoses.finding(1, evidence=evidence, because=(decided,))
    view = build_view(diagnoses.diagnosis((item,))).findings[0]
    assert view.evidence[0].place == "m7.log:8"
    assert [link.text for link in view.decided.evidence] == ["evidence 1"]


def test_lowest_severity_loses_its_evidence_first() -> None:
    wide = tuple(
        Evidence(path=f"m{k // 40}.log", line=k + 1, excerpt="y" * 240) for k in range(120)
    )
    items = tuple(
        diagnoses.finding(n, severity=Severity.CRITICAL if n % 2 else Severity.LOW, evidence=wide)
        for n in range(1, 52)
    )
    findings = build_view(diagnoses.diagnosis(items)).findings
    lines = {
        name: [sum(len(b.lines) for b in f.evidence) for f in findings if f.severity == name]
        for name in ("critical", "low")
    }
    assert min(lines["critical"]) == 120
    assert min(lines["low"]) == 1
    assert lines["low"].count(120) < 5
    cut = findings[-1]
    assert cut.evidence_note or cut.evidence[0].note


def test_anchors_never_come_from_hostile_text() -> None:
    view = diagnoses.view_of("hostile")
    assert view.findings[0].anchor == "finding-1"
    assert len({finding.anchor for finding in view.findings}) == len(view.findings)


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ("aks-prod-weu-03", "demarc-aks-prod-weu-03-20261120T0231Z-4c1f9e07.html"),
        ("../../etc/passwd", "demarc-etc-passwd-20261120T0231Z-4c1f9e07.html"),
        ("x" * 300, f"demarc-{'x' * 40}-20261120T0231Z-4c1f9e07.html"),
        ("\u202eклaster", "demarc-u-202e-aster-20261120T0231Z-4c1f9e07.html"),
        ("", "demarc-Cluster-without-a-name-20261120T0231Z-4c1f9e07.html"),
    ],
)
def test_file_name_is_safe(cluster: str, expected: str) -> None:
    view = build_view(diagnoses.diagnosis(cluster=diagnoses.cluster(name=cluster)))
    name = report_file_name(view, "html")
    assert name == expected
    assert len(name) <= 110


def test_file_name_without_time() -> None:
    view = build_view(diagnoses.diagnosis(bundle=diagnoses.bundle(collected_at=None)))
    assert report_file_name(view, ".json") == "demarc-aks-prod-weu-03-4c1f9e07.json"


def test_timeline_needs_two_times() -> None:
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    same = tuple(diagnoses.finding(n, first_seen=moment, last_seen=moment) for n in (1, 2))
    assert build_view(diagnoses.diagnosis(same)).timeline is None
    timeline = diagnoses.view_of("case_file").timeline
    assert timeline is not None
    assert sum(bar.owner is not None for bar in timeline.marks) == 12
    assert timeline.note.startswith("1 finding has no time in the evidence.")
    assert all(bar.x >= 0 and bar.x + bar.width <= timeline.width for bar in timeline.marks)


def test_graph_folds_equal_symptoms() -> None:
    root = diagnoses.finding(1)
    leaves = [
        diagnoses.finding(2, id=f"AKS-NET-002-{n:08x}", title="Pod cannot start") for n in range(60)
    ]
    pairs = [(0, n + 1) for n in range(60)]
    view = build_view(diagnoses.diagnosis(diagnoses.linked([root, *leaves], pairs)))
    (graph,) = view.graphs
    assert len(graph.boxes) == 2
    assert graph.boxes[1].caption == "● Customer ×60"
    assert len(view.roots.items[0].children) == 5
    assert view.roots.items[0].more == "and 55 more of the same kind"


def test_grid_states_its_counts() -> None:
    grid = diagnoses.view_of("partial").grid
    assert grid is not None
    assert grid.label == ("12 nodes by worst finding: 9 without issues and 3 sent nothing.")


def test_the_ledger_says_who_moves_where_that_is_not_the_owner() -> None:
    def step(owner: Owner, who: Actor) -> str:
        item = diagnoses.finding(1, owner=owner, act_next=ActNext(who=who, what="Upgrade it."))
        rows = build_view(diagnoses.diagnosis((item,))).ledger
        return next(row.next_step for row in rows if row.number)

    assert step(Owner.CUSTOMER, Actor.CUSTOMER) == "Upgrade it."
    assert step(Owner.UPSTREAM, Actor.CUSTOMER) == "Customer: Upgrade it."
    assert step(Owner.BYOCNI_EXCLUDED, Actor.CNI_VENDOR) == "CNI vendor: Upgrade it."


def test_only_those_with_a_part_in_it_get_steps() -> None:
    steps = ("Microsoft: Look at etcd.", "CNI vendor: Look at the CNI.", "Collect again.")

    def shown(owner: Owner, **changes: Any) -> tuple[str, ...]:
        item = diagnoses.finding(1, owner=owner, remediation=steps, **changes)
        return build_view(diagnoses.diagnosis((item,))).findings[0].steps

    assert shown(Owner.CUSTOMER) == ("Collect again.",)
    assert shown(Owner.MICROSOFT) == ("Microsoft: Look at etcd.", "Collect again.")
    assert shown(Owner.UNDETERMINED) == steps
    # Nothing helps a symptom but its cause.
    assert shown(Owner.MICROSOFT, explained_by=("another",), root=False) == ()


def test_effects_are_told_in_words() -> None:
    cause, symptom = diagnoses.linked([diagnoses.finding(n) for n in (1, 2)], [(0, 1)])
    root = build_view(diagnoses.diagnosis((cause, symptom))).roots.items[0]
    assert root.children[0].effect == "the node cannot reach the API server"


def test_a_redacted_bundle_is_told_first() -> None:
    view = build_view(
        diagnoses.diagnosis((diagnoses.finding(1),), bundle=diagnoses.bundle(redacted=True))
    )
    assert view.notices[0].text == (
        "Made from a redacted bundle: names and addresses are stand-ins."
    )
    assert "demarc unmask" in view.redaction.summary
    assert "Kept on purpose" not in view.redaction.kept
    assert ("Redacted", "yes") in {(fact.name, fact.value) for fact in view.provenance}


def test_clocks_that_are_off_are_told() -> None:
    nodes = tuple(
        node.model_copy(update={"clock_ahead_s": ahead})
        for node, ahead in zip(diagnoses.nodes_of(3), (None, -61.5, 7.0), strict=True)
    )
    view = build_view(diagnoses.diagnosis(cluster=diagnoses.cluster(3, node_list=nodes)))
    clocks = next(fact.value for fact in view.facts if fact.name == "Clocks")
    assert clocks == (
        f"{nodes[1].name} 62 s behind and {nodes[2].name} 7 s ahead; "
        "the timeline is corrected for it"
    )


def test_provenance_names_what_the_collector_was_asked_for() -> None:
    asked = {"since": "24h", "daemonset": "yes", "nodes": "a, b"}
    view = build_view(diagnoses.diagnosis(bundle=diagnoses.bundle(collector_options=asked)))
    options = next(fact.value for fact in view.provenance if fact.name == "Collector's options")
    assert options == "since 24h, daemonset, nodes a, b"


def test_nodes_that_were_not_asked_did_not_stay_silent() -> None:
    nodes = diagnoses.nodes_of(6, silent=3)
    names = [node.name for node in nodes if not node.has_archive]
    detail = "no archive of this node: not-asked: Windows, taken through the API server only"
    gaps = tuple(
        Gap(path=f"nodes/{name}", reason=Presence.NOT_ASKED, detail=detail) for name in names[:2]
    )
    view = build_view(
        diagnoses.diagnosis(
            cluster=diagnoses.cluster(6, silent=3, node_list=nodes),
            bundle=diagnoses.bundle(complete=False, missing=gaps),
        )
    )
    assert view.notices[0].text == (
        "Incomplete bundle: 2 nodes were not asked for an archive, 1 of 6 nodes sent nothing."
    )
    assert view.missing.gaps[0].reason == (
        "not collected, no archive of this node: Windows, taken through the API server only"
    )
