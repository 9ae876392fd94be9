"""A whole run: tables that DuckDB reads, the same bytes again, and what an interruption leaves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analyzer.fleet.errors import FleetError
from analyzer.fleet.query import Fleet
from analyzer.fleet.questions import questions
from analyzer.fleet.rows import TABLES, columns
from analyzer.fleet.run import PAGE, FleetOptions, run_fleet
from analyzer.policy.pack import available
from tests.fleet.made import Made

OPTIONS = FleetOptions(workers=1)


def _sql(folder: Path, sql: str) -> list[Any]:
    """Another reader than our own: DuckDB over the files as they lie there."""
    with duckdb.connect() as database:
        return database.execute(sql.replace("$", f"{folder}/")).fetchall()


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.*"))}


def test_every_bundle_is_told_once(made: Made) -> None:
    assert (made.result.found, made.result.analysed, made.result.kept) == (7, 6, 0)
    (bad,) = made.result.not_analysed
    assert bad.source.name == "broken.tar" and bad.state == "unreadable"
    states = _sql(
        made.folder, "SELECT state, count(*) FROM '$bundles.parquet' GROUP BY 1 ORDER BY 1"
    )
    assert states == [("analysed", 6), ("unreadable", 1)]


def test_the_tables_have_the_columns_that_are_promised(made: Made) -> None:
    for table, model in TABLES.items():
        found = _sql(made.folder, f"DESCRIBE SELECT * FROM '${table}.parquet'")
        assert {name: kind for name, kind, *_ in found} == columns(model), table


def test_a_copy_adds_nothing_and_a_cluster_has_one_newest_bundle(made: Made) -> None:
    rows = _sql(
        made.folder,
        "SELECT cluster, kubernetes_version[:4], latest FROM '$clusters.parquet' "
        "ORDER BY cluster, collected_at",
    )
    assert [row for row in rows if row[0] == "prod"] == [
        ("prod", "1.33", False), ("prod", "1.34", True),
    ]  # fmt: skip
    assert len(rows) == 5 and sum(latest for *_, latest in rows) == 4
    for table in ("findings", "nodes", "drift", "bugs"):
        wrong = _sql(
            made.folder,
            f"SELECT count(*) FROM '${table}.parquet' t JOIN '$clusters.parquet' c USING (bundle) "
            "WHERE t.latest <> c.latest",
        )
        assert wrong == [(0,)]


def test_a_second_run_does_nothing_and_writes_the_same_bytes(made: Made) -> None:
    before = _bytes(made.folder)
    told: list[str] = []
    again = run_fleet(
        [str(made.bundles)], made.folder, OPTIONS, lambda o, done, total: told.append(o.source.name)
    )
    assert told == [] and (again.kept, again.analysed, len(again.not_analysed)) == (6, 0, 1)
    assert _bytes(made.folder) == before


@pytest.mark.usefixtures("here")
def test_an_interrupted_run_goes_on_where_it_stopped(made: Made, tmp_path: Path) -> None:
    told: list[str] = []

    def stop(outcome: Any, done: int, total: int) -> None:
        told.append(outcome.source.name)
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_fleet([str(made.bundles)], tmp_path / "f", OPTIONS, stop)
    rest: list[str] = []
    run_fleet(
        [str(made.bundles)], tmp_path / "f", OPTIONS, lambda o, d, t: rest.append(o.source.name)
    )
    assert len(told) == 3 and len(rest) == 4 and not set(told) & set(rest)
    assert _bytes(tmp_path / "f") == _bytes(made.folder)


@pytest.mark.usefixtures("here")
def test_a_replaced_bundle_adds_and_damaged_results_are_made_again(
    made: Made, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    bundle = tmp_path / "in" / "latest.tar"
    folder = tmp_path / "f"
    shutil.copy(made.bundles / "prod-1.tar", bundle)
    run_fleet([str(bundle)], folder, OPTIONS)
    shutil.copy(made.bundles / "prod-2.tar", bundle)
    run_fleet([str(bundle)], folder, OPTIONS)
    versions = "SELECT kubernetes_version[:4] FROM '$clusters.parquet' ORDER BY 1"
    assert _sql(folder, versions) == [("1.33",), ("1.34",)]
    newest = json.loads(next((folder / "places").iterdir()).read_text(encoding="utf-8"))["bundle"]
    (folder / "results" / f"{newest}.json").write_text('{"torn', encoding="utf-8")
    assert run_fleet([str(bundle)], folder, OPTIONS).analysed == 1
    assert _sql(folder, versions) == [("1.33",), ("1.34",)]


@pytest.mark.usefixtures("here")
def test_other_choices_are_other_results(made: Made, tmp_path: Path) -> None:
    bundle = str(made.bundles / "bug.tar")
    run_fleet([bundle], tmp_path, OPTIONS)
    other = FleetOptions(workers=1, policy=sorted(available())[0])
    assert run_fleet([bundle], tmp_path, other).analysed == 1
    assert _sql(tmp_path, "SELECT policy_date FROM '$clusters.parquet'") == [(other.policy,)]


def test_wrong_data_stops_before_the_first_bundle(made: Made, tmp_path: Path) -> None:
    (tmp_path / "data" / "bugs").mkdir(parents=True)
    (tmp_path / "data" / "bugs" / "mine.yaml").write_text("bugs: 7\n", encoding="utf-8")
    wrong = FleetOptions(workers=1, data=(str(tmp_path / "data"),))
    with pytest.raises(ValueError, match=r"mine\.yaml"):
        run_fleet([str(made.bundles)], tmp_path / "f", wrong)
    assert not (tmp_path / "f").exists()


def test_an_unknown_engine_is_an_error(made: Made, tmp_path: Path) -> None:
    with pytest.raises(FleetError, match="is no engine"):
        run_fleet([str(made.bundles)], tmp_path, FleetOptions(engine="spark://x"))


def _ask(made: Made, question: str) -> list[tuple[Any, ...]]:
    sql = {item.id: item.sql for item in questions()}[question]
    with Fleet(made.folder) as fleet:
        return list(fleet.ask(sql).rows)


def test_every_question_has_an_answer(made: Made) -> None:
    assert len({item.id for item in questions()}) == len(questions())
    with Fleet(made.folder) as fleet:
        for question in questions():
            assert fleet.ask(question.sql).columns, question.id


def test_which_bug_hits_how_many_clusters(made: Made) -> None:
    first = _ask(made, "bugs")[0]
    assert (first[0], first[2], first[4]) == ("runc-140-spurious-container-stopped", 1, "bug")


def test_the_oldest_images_come_first_and_the_past_does_not_count(made: Made) -> None:
    rows = _ask(made, "images")
    built = [row[1] for row in rows]
    assert built == sorted(built) and sum(row[3] for row in rows) == 12
    assert not any("prod" in row[5] and row[2] > 90 for row in rows)


def test_drift_is_told_by_its_author(made: Made) -> None:
    rows = _ask(made, "drift")
    told = _sql(made.folder, "SELECT DISTINCT changed_by FROM '$drift.parquet' WHERE latest")
    assert {row[0] for row in rows} == {by or "not told" for (by,) in told}
    assert rows and all(row[2] == 1 and row[3] for row in rows)


def test_owners_over_time_add_up(made: Made) -> None:
    rows = _ask(made, "owners")
    (roots,) = _sql(made.folder, "SELECT count(*) FROM '$findings.parquet' WHERE root")[0]
    assert sum(sum(row[3:]) for row in rows) == roots > 0
    assert sum(row[1] for row in rows) == 5 and [row[0] for row in rows] == sorted(
        row[0] for row in rows
    )


def test_the_folder_holds_what_is_documented(made: Made) -> None:
    names = {path.name for path in made.folder.iterdir()}
    assert names == {f"{table}.parquet" for table in TABLES} | {PAGE, "places", "results"}
