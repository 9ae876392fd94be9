"""A question reads the tables, and reaches nothing else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from analyzer.fleet.answers import as_csv, as_json, shown_cell
from analyzer.fleet.errors import FleetError
from analyzer.fleet.query import Answer, Fleet
from tests.fleet.made import Made


def test_sql_over_several_tables(made: Made) -> None:
    with Fleet(made.folder) as fleet:
        answer = fleet.ask(
            "SELECT c.cluster, count(*) AS nodes FROM clusters c JOIN nodes n USING (bundle) "
            "WHERE c.latest GROUP BY ALL ORDER BY 1"
        )
    assert answer.columns == ("cluster", "nodes")
    assert answer.rows == (("bug", 3), ("byocni", 3), ("edited", 3), ("prod", 3))


@pytest.mark.parametrize(
    "sql",
    [
        "COPY clusters TO '{0}/out.csv'",
        "SELECT * FROM read_csv('{0}/secret.csv')",
        "SELECT * FROM '{0}/secret.csv'",
        "ATTACH '{0}/new.db'",
        "EXPORT DATABASE '{0}/all'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')",
    ],
)
def test_no_file_and_no_network_is_reached(made: Made, tmp_path: Path, sql: str) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    with Fleet(made.folder) as fleet, pytest.raises(FleetError, match="this cannot be asked"):
        fleet.ask(sql.format(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_changes_do_not_last(made: Made) -> None:
    with Fleet(made.folder) as fleet:
        fleet.ask("DELETE FROM clusters")
        assert fleet.ask("SELECT count(*) FROM clusters").rows == ((0,),)
    with Fleet(made.folder) as fleet:
        assert fleet.ask("SELECT count(*) FROM clusters").rows == ((5,),)


def test_wrong_sql_is_one_line_with_the_way_on(made: Made) -> None:
    with Fleet(made.folder) as fleet, pytest.raises(FleetError) as caught:
        fleet.ask("SELECT nothing FROM nowhere")
    assert "\n" not in caught.value.what and "nowhere" in caught.value.what
    assert "demarc fleet tables" in caught.value.hint


def test_a_folder_without_a_fleet(tmp_path: Path) -> None:
    with pytest.raises(FleetError, match=r"clusters\.parquet is missing"):
        Fleet(tmp_path)


def test_csv_has_no_formulas_and_json_is_plain() -> None:
    rows = (("=1+1", -3, None, datetime(2026, 3, 1, 12), ["a", "b"], True),)
    answer = Answer(("a", "b", "c", "d", "e", "e"), rows)
    assert as_csv(answer).splitlines()[1] == '"\'=1+1",-3,"","2026-03-01T12:00:00","a b","true"'
    assert '"e_6": true' in as_json(answer) and '"b": -3' in as_json(answer)


def test_cells_for_people_are_one_harmless_line() -> None:
    assert shown_cell("a\nb\x1b[31m\u202ec") == "a b\\u{202e}c"
    assert shown_cell(12345) == "12,345" and shown_cell(None) == "" and shown_cell(False) == "no"
