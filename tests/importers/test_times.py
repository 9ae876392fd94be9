"""When another tool collected: told by its own files, else by names, else by the data."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analyzer.bundle import Inventory, open_bundle
from analyzer.bundle.describe import describe
from analyzer.bundle.stamps import NEWEST, Stamp, best, of_date, of_go, of_name, settled
from analyzer.options import Options
from analyzer.pipeline import run_stages
from tests.importers.conftest import diagnosis_in, tree_of
from tests.importers.forms import CLUSTER_FORMS, NODE_FORMS, Tree, folder, node_items, tarred

FINISHED = datetime(2026, 1, 20, 15, 5, tzinfo=UTC)
#: Newest lease, heartbeat or event of the scenario.
SLACK = timedelta(minutes=10)


def told_by(source: Path | io.BytesIO) -> Inventory:
    """The inventory after the pass."""
    bundle = open_bundle(source)
    for _ in bundle.members():
        pass
    return bundle.finish()


@pytest.mark.parametrize(
    ("form", "source"),
    [("must-gather", "file timestamp"), ("sonobuoy", "run log of sonobuoy (meta/run.log)")],
)
def test_a_file_with_a_zone_is_believed(form: str, source: str, crashing: Tree) -> None:
    """Both in a stream, where the file comes late, and in the diagnosis with its notices."""
    diagnosis = diagnosis_in(form, "pod-crash-looping")
    assert diagnosis.bundle.collected_at is not None
    assert diagnosis.bundle.collected_at.replace(microsecond=0) == FINISHED
    assert diagnosis.bundle.collected_at_source == source
    assert not any("does not say when it was collected" in n for n in diagnosis.notices)
    files = CLUSTER_FORMS[form][0](crashing)
    late = {
        name: files[name] for name in sorted(files, key=lambda n: n.endswith(("stamp", "run.log")))
    }
    told = told_by(io.BytesIO(tarred(late))).told
    assert told is not None
    assert told.exact


@pytest.mark.parametrize("form", ["troubleshoot", "cilium-sysdump"])
def test_a_name_without_a_zone_gives_way_to_the_data(form: str) -> None:
    diagnosis = diagnosis_in(form, "pod-crash-looping")
    assert diagnosis.bundle.collected_at_source == NEWEST
    assert diagnosis.bundle.collected_at is not None
    assert timedelta(0) <= FINISHED - diagnosis.bundle.collected_at < SLACK


def test_inspect_shows_the_name_and_says_what_is_open(crashing: Tree, tmp_path: Path) -> None:
    bundle = open_bundle(folder(CLUSTER_FORMS["troubleshoot"][0](crashing), tmp_path / "x"))
    for _ in bundle.members():
        pass
    described = describe(bundle, bundle.finish())
    assert described.collected_at == FINISHED + timedelta(hours=1)
    source = "name support-bundle-2026-01-20T16_05_00, time zone unknown"
    assert described.collected_at_source == source


def test_the_name_counts_where_the_data_have_no_time(tmp_path: Path) -> None:
    """A bundle without events, leases and nodes: ages would count from nowhere."""
    pods = {"kind": "PodList", "items": []}
    path = tmp_path / "support-bundle-2026-03-01T10_15_00"
    folder({"cluster-resources/pods/a.json": json.dumps(pods).encode()}, path)
    told = told_by(path).told
    assert settled(told, None) == (
        datetime(2026, 3, 1, 10, 15, tzinfo=UTC),
        "name support-bundle-2026-03-01T10_15_00",
    )


def test_an_error_of_a_collector_has_the_time(crashing: Tree, tmp_path: Path) -> None:
    files = CLUSTER_FORMS["troubleshoot"][0](crashing)
    top = next(iter(files)).split("/")[0]
    error = {"collector": "etcd", "error": "no etcd", "timestamp": "2026-01-20T10:05:00-05:00"}
    files[f"{top}/collector-errors/etcd-error.json"] = json.dumps(error).encode()
    told = told_by(folder(files, tmp_path / "x")).told
    assert told == Stamp(FINISHED, "time of an error in collector-errors/etcd-error.json")


@pytest.mark.parametrize("shape", ["stream", "folder"])
def test_sos_says_it_with_date(shape: str, crashing: Tree, tmp_path: Path) -> None:
    node = sorted({name for name, _, _ in node_items(crashing)})[0]
    files = NODE_FORMS["sos"][0](crashing, node)
    inputs = io.BytesIO(tarred(files)) if shape == "stream" else folder(files, tmp_path / "x")
    told = told_by(inputs).told
    assert told == Stamp(FINISHED, "file sos_commands/date/date_--utc")


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("support-bundle-2025-04-11T14_05_31", "2025-04-11T14:05:31"),
        ("preflightbundle-2025-12-10T17_26_34", "2025-12-10T17:26:34"),
        ("cilium-sysdump-20221110-185842", "2022-11-10T18:58:42"),
        ("k8s-nodes-20221110-185842.yaml", "2022-11-10T18:58:42"),
        ("202205300608_sonobuoy_d7621bef-0112-449a-a58f", "2022-05-30T06:08:00"),
        ("sosreport-host-2019-10-02-pmjpmmk", "2019-10-02T00:00:00"),
        ("support-bundle-2025-13-41T14_05_31", ""),
        ("support-bundle", ""),
        ("aks-pool1-12345678-vmss000000", ""),
    ],
)
def test_names(name: str, when: str) -> None:
    found = of_name(name)
    assert (f"{found.when:%Y-%m-%dT%H:%M:%S}" if found else "") == when
    assert found is None or not found.exact


@pytest.mark.parametrize(
    ("text", "when", "exact"),
    [
        ("2021-08-10 14:36:00.127889 +0200 CEST m=+0.29\n", "2021-08-10T12:36:00", True),
        ("2021-08-10 12:00:00 +0000 UTC\n2021-08-10 12:09:30.5 UTC m=+1\n", "12:09:30", True),
        ('time="2017-12-13T17:07:33Z" level=info', "2017-12-13T17:07:33", True),
        ("2021-08-10 14:36:00\n", "2021-08-10T14:36:00", False),
        ("0001-01-01 00:00:00 +2300", "", False),
        ("no time", "", False),
    ],
)
def test_times_of_go(text: str, when: str, exact: bool) -> None:
    found = of_go(text, "x")
    assert bool(found) == bool(when)
    if found:
        assert f"{found.when:%Y-%m-%dT%H:%M:%S}".endswith(when)
        assert found.exact is exact


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("Wed Oct  2 02:54:30 UTC 2019\n", True),
        ("Wed Oct  2 02:54:30 CEST 2019\n", False),
        ("Wed Oct 32 02:54:30 UTC 2019\n", None),
        ("Mi 2. Okt 02:54:30 CEST 2019\n", None),
    ],
)
def test_times_of_date(text: str, exact: bool | None) -> None:
    found = of_date(text, "x")
    assert (found.exact if found else None) is exact
    assert found is None or found.when == datetime(2019, 10, 2, 2, 54, 30, tzinfo=UTC)


def test_the_most_exact_and_latest_stamp_wins() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    by_name = Stamp(day, "name", timedelta(hours=15))
    first, last = Stamp(day, "a"), Stamp(day + timedelta(hours=1), "b")
    assert best([by_name, first, None, last]) == last
    assert best([by_name, None]) == by_name
    assert best([]) is None


def test_data_far_from_the_name_do_not_win() -> None:
    """An old event alone does not make a bundle old."""
    name = Stamp(datetime(2026, 3, 1, tzinfo=UTC), "name x", timedelta(hours=15))
    old = datetime(2026, 1, 1, tzinfo=UTC)
    assert settled(name, old) == (name.when, "name x")
    assert settled(None, old) == (old, NEWEST)
    assert settled(None, None) == (None, NEWEST)


def test_years_of_classic_stamps_come_from_the_time_told(tmp_path: Path) -> None:
    """A syslog names no year: that of the report counts."""
    tree = tree_of("pod-crash-looping")
    node = sorted({name for name, _, _ in node_items(tree)})[0]
    files = NODE_FORMS["sos"][0](tree, node)
    top = next(iter(files)).split("/")[0]
    kept = {name: data for name, data in files.items() if "/date/" in name or "hostname" in name}
    kept[f"{top}/var/log/syslog"] = b"Jan 20 14:59:00 n kubelet[1]: E0120 failed\n"
    stages = run_stages(folder(kept, tmp_path / "x"), Options())
    assert stages.loaded.facts.identity.collected_at == FINISHED
    (span,) = stages.loaded.facts.logs.spans
    assert span.last == datetime(2026, 1, 20, 14, 59, tzinfo=UTC)
