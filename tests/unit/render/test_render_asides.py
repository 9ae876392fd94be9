"""What stands beside the findings: known bugs that could strike, leads, comparison, timeline."""

from __future__ import annotations

from datetime import timedelta

import diagnoses
import pytest

from analyzer.model.owner import Owner
from analyzer.model.subject import Subject
from analyzer.render.html import render_html
from analyzer.render.svg.timeline import BARS_IF_MANY, ROWS_MAX
from analyzer.render.view import ReportView, build_view


@pytest.fixture
def case_file() -> ReportView:
    return diagnoses.view_of("case_file")


@pytest.fixture
def large() -> ReportView:
    return diagnoses.view_of("large")


def test_exposures_are_sorted_by_what_speaks_for_them(case_file: ReportView) -> None:
    found = case_file.exposures
    assert found is not None
    rows = [*found.open, *found.folded]
    assert [row.status for row in rows] == ["affected"] * 8 + ["possible"] * 3
    assert [row.status for row in found.fixed] == ["fixed-here"]
    assert found.summary.startswith("11 known bugs could strike here (8 affected, 3 possible). ")
    assert "none of them is a cause of anything" in found.summary
    assert found.folded_label == "6 more known bugs"
    assert rows[0].where == "Deployment kube-system/coredns"
    assert rows[0].links[0].text == "GitHub: coredns/coredns issue 7000"


def test_exposure_is_neither_counted_nor_owned(case_file: ReportView) -> None:
    bare = build_view(diagnoses.case_file().model_copy(update={"exposures": (), "leads": ()}))
    for part in ("verdict", "ledger", "roots", "findings", "graphs", "ticket"):
        assert getattr(case_file, part) == getattr(bare, part)


def test_many_places_of_an_exposure_are_counted() -> None:
    nodes = tuple(Subject(kind="Node", name=diagnoses.node_name(1, n)) for n in range(40))
    shown = build_view(
        diagnoses.diagnosis(exposures=(diagnoses.exposure(affects=nodes, count=40),))
    ).exposures
    assert shown is not None
    assert shown.open[0].where == "40 nodes: aks-np1-31415926-vmss000000 to 000013 (40)"


def test_only_fixed_bugs_have_no_sentence_on_striking() -> None:
    shown = build_view(diagnoses.diagnosis(exposures=(diagnoses.exposure(status="fixed-here"),)))
    assert shown.exposures is not None
    assert shown.exposures.summary == ""
    assert ("Fixed here", "#exposures") in [(n.text, n.href) for n in shown.contents]


def test_lead_says_how_many_against_what_is_usual(case_file: ReportView) -> None:
    assert case_file.leads is not None
    first, second = case_file.leads.rows
    assert first.rate == "8,400 lines, 14 a minute; usual: less than 0.1"
    assert first.source == "kubelet on aks-np1-31415926-vmss000001"
    assert second.rate == "8,400 lines, 3.0 a minute"
    assert second.source == "kubelet"


def test_leads_beyond_the_page_are_counted(large: ReportView) -> None:
    assert large.leads is not None
    assert len(large.leads.rows) == 20
    assert large.leads.note == "10 more leads in the JSON report."


def test_comparison_counts_what_matches(case_file: ReportView) -> None:
    shown = case_file.comparison
    assert shown is not None
    assert shown.summary == (
        "97 of 101 values of 3 managed objects match the baseline and are not shown; "
        "1 difference that AKS allows; 1 image or version newer than the baseline."
    )
    assert "the data is 172 days older than the bundle" in shown.dates
    assert [row.component for row in shown.told] == ["coredns", "kube-proxy"]


def test_comparison_that_matches_says_all() -> None:
    shown = build_view(diagnoses.healthy()).comparison
    assert shown is not None
    assert shown.summary == "All 101 values of 3 managed objects match the baseline."
    assert shown.dates == "Baseline data of 2026-06-01, bundle of 2026-11-20: 12 days apart."


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-3, "the data is 3 days newer than the bundle."),
        (1, "1 day apart."),
        (None, "bundle of 2026-11-20."),
    ],
)
def test_comparison_sets_dates_against_each_other(days: int | None, words: str) -> None:
    case = diagnoses.diagnosis(comparison=diagnoses.comparison(days_apart=days))
    shown = build_view(case).comparison
    assert shown is not None
    assert shown.dates.endswith(words)


def test_timeline_draws_changes_above_and_shades_the_incident(case_file: ReportView) -> None:
    shown = case_file.timeline
    assert shown is not None
    assert [change.text for change in shown.changes] == ["Rule deny-egress-443 created"]
    assert all(change.y < shown.top for change in shown.changes)
    assert shown.band is not None
    assert shown.band_text.startswith("Shaded: 2026-11-20 01:40 to 02:29 UTC")
    # The creation two months before and the upgrade five hours before are in the table alone.
    assert "2 earlier entries not drawn" in shown.note
    assert [row.what for row in shown.rows][:2] == [
        "Node pool np1 created",
        "Node image 202608.17.0 rolled out to np2",
    ]


def test_timeline_names_each_finding_once(case_file: ReportView) -> None:
    shown = case_file.timeline
    assert shown is not None
    links = [row.link.href for row in shown.rows if row.link]
    assert len(links) == len(set(links)) == 12


def test_long_timeline_counts_in_buckets(large: ReportView) -> None:
    shown = large.timeline
    assert shown is not None
    plain = [bar for bar in shown.marks if bar.owner is None]
    assert 100 < len(plain) < 400
    assert all("sighting" in bar.full for bar in plain)
    assert len(shown.rows) == ROWS_MAX
    assert shown.rows_label == "The 50 that matter most of 2,426, as a table"
    assert sum(bar.owner is not None for bar in shown.marks) == 13 * BARS_IF_MANY


def test_timeline_keeps_what_matters_in_its_table(large: ReportView) -> None:
    shown = large.timeline
    assert shown is not None
    kinds = [row.kind for row in shown.rows]
    assert kinds.count("Change") == 2
    assert kinds.count("Upgrade") == 1
    assert "Event" not in kinds


def test_many_roots_fold_by_kind(large: ReportView) -> None:
    roots = large.roots
    assert (roots.number, roots.kinds) == (320, 13)
    shown = len(roots.items) + sum(len(items) for _, items in roots.folded)
    assert shown == 320
    assert len(roots.items) <= 40
    assert large.verdict.sentences[0] == "400 issues come from 320 root causes of 13 kinds."
    assert "one of 25 of its kind" in large.verdict.start_reason
    assert sum(row.number for row in large.kinds) == 400
    assert [row.severity_name for row in large.kinds][:2] == ["Critical", "Critical"]


def test_a_large_report_stays_small() -> None:
    """400 findings on 2,000 nodes: no more than 1.5 MiB, so that it travels with other files."""
    page = render_html(build_view(diagnoses.crowd(400, 2000, 12)))
    assert len(page) <= 1.5 * 2**20


def test_ledger_names_different_kinds_first(large: ReportView) -> None:
    by_anchor = {f"#{finding.anchor}": finding.rule for finding in large.findings}
    for row in large.ledger:
        assert len({by_anchor[link.href] for link in row.roots}) == len(row.roots)


def test_few_findings_have_no_table_of_kinds(case_file: ReportView) -> None:
    assert case_file.kinds == ()


def test_time_of_an_entry_may_lack_a_zone() -> None:
    naive = diagnoses.AT.replace(tzinfo=None)
    entries = (
        diagnoses.entry(10),
        diagnoses.entry(5, at=naive, until=naive - timedelta(minutes=1)),
    )
    shown = build_view(diagnoses.diagnosis(timeline=entries)).timeline
    assert shown is not None
    assert all(mark.width > 0 for mark in shown.marks)


def test_hidden_owners_stay_out_of_the_timeline() -> None:
    """A narrowed report keeps the entry of a finding that it leaves out, without its link."""
    case = diagnoses.case_file()
    kept = tuple(f for f in case.findings if f.owner is Owner.MICROSOFT)
    shown = build_view(case.model_copy(update={"findings": kept})).timeline
    assert shown is not None
    assert {row.owner.name for row in shown.rows if row.owner} == {"Microsoft"}
