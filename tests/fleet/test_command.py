"""``demarc fleet`` as people call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from tests.fleet.made import Made

Out = pytest.CaptureFixture[str]
ROOT = Path(__file__).parents[2]


def test_the_short_form_runs(made: Made, capsys: Out) -> None:
    assert run(["fleet", str(made.bundles), "-o", str(made.folder)]) == Exit.DONE
    told = capsys.readouterr()
    assert "7 bundles: 0 analysed now, 6 done before, 1 not analysed." in told.out
    assert "unreadable: " in told.err and "broken.tar" in told.err


def test_options_may_come_first(made: Made, capsys: Out) -> None:
    assert run(["fleet", "-v", "-o", str(made.folder), str(made.bundles), "-q"]) == Exit.DONE
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("here")
def test_lost_bundles_fail_the_run_where_that_is_asked(made: Made, tmp_path: Path) -> None:
    call = ["fleet", "run", str(made.bundles), "-o", str(made.folder), "-q"]
    assert run([*call, "--require-complete"]) == Exit.INCOMPLETE
    (tmp_path / "x.tar").write_bytes(b"x")
    assert run(["fleet", str(tmp_path / "x.tar"), "-o", str(tmp_path / "f")]) == Exit.FAILED


def test_query_and_ask(made: Made, capsys: Out) -> None:
    sql = "SELECT cluster FROM clusters WHERE latest ORDER BY 1"
    assert run(["fleet", "query", sql, "--fleet", str(made.folder), "-f", "json"]) == Exit.DONE
    names = [row["cluster"] for row in json.loads(capsys.readouterr().out)]
    assert names == ["bug", "byocni", "edited", "prod"]
    assert run(["fleet", "ask", "bugs", "--fleet", str(made.folder)]) == Exit.DONE
    assert "runc-140-spurious-container-stopped" in capsys.readouterr().out
    assert run(["fleet", "ask"]) == Exit.DONE
    assert "bugs" in capsys.readouterr().out
    assert run(["fleet", "ask", "bugs", "--sql"]) == Exit.DONE
    assert capsys.readouterr().out.startswith("SELECT bug")
    assert run(["fleet", "ask", "nothing"]) == Exit.FAILED
    assert "there are: clusters, bugs" in capsys.readouterr().err


def test_tables_are_told_without_a_fleet(capsys: Out) -> None:
    assert run(["fleet", "tables", "-f", "csv"]) == Exit.DONE
    assert '"nodes","image_built","DATE"' in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("package", "extra", "more"),
    [
        ("duckdb", "fleet", []),
        ("distributed", "dask", ["--engine", "dask://127.0.0.1:1", "--again"]),
    ],
)
def test_a_missing_package_is_one_line_that_names_the_extra(
    made: Made, capsys: Out, monkeypatch: pytest.MonkeyPatch, package: str, extra: str,
    more: list[str],
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, package, None)
    call = ["fleet", str(made.bundles), "-o", str(made.folder), *more]
    assert run(call) == Exit.FAILED
    assert capsys.readouterr().err.splitlines() == [
        f"error: the package {package} is not installed",
        f"  pip install 'aks-demarc[{extra}]'",
    ]


def test_an_address_without_fsspec_names_the_extra(
    capsys: Out, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    assert run(["fleet", "abfs://c/f", "-o", str(tmp_path / "f")]) == Exit.FAILED
    assert "pip install 'aks-demarc[fleet]'" in capsys.readouterr().err


def test_one_bundle_needs_none_of_it() -> None:
    code = (
        "import sys; from analyzer.cli import run; run(['fleet', '--help']);"
        "run(['analyze', '-h']);"
        "import analyzer.pipeline;"
        "print(sorted(set(sys.modules) & {'duckdb', 'fsspec', 'distributed', 'pyarrow'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
