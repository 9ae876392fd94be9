"""Several inputs of one cluster, for ``demarc ticket`` and for each side of ``demarc diff``."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from analyzer.inputs import side_of
from fixtures.build import scenario, tree, write

Out = pytest.CaptureFixture[str]
#: What people have in hand: objects from kubectl, an archive for each of two nodes, JSON of az.
NAMES = ["az-aks-show.json", "nodes-1.tar", "nodes-2.tar", "objects.tar"]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one collection in four inputs, and the same collection as one bundle."""
    folder = tmp_path_factory.mktemp("sides")
    world = {"name": "sides", "base": "overlay", "seed": 8, "pools": {"system": 1, "work": 1}}
    before = tree(scenario({**world, "collected_at": "2026-03-02T08:00:00Z"}))
    fault = {"name": "runc-container-stopped", "node": "work"}
    after = tree(scenario({**world, "collected_at": "2026-03-05T08:00:00Z", "faults": [fault]}))
    write(before, folder / "before.tar")
    write(after, folder / "after.tar", "flat-tar")
    kept = folder / "after"
    kept.mkdir()
    nodes = sorted({path.split("/")[1] for path in after if path.startswith("nodes/")})
    for number, node in enumerate(nodes, start=1):
        part = {path: data for path, data in after.items() if path.startswith(f"nodes/{node}/")}
        write(part, kept / f"nodes-{number}.tar", "flat-tar")
    objects = {path: data for path, data in after.items() if path.startswith("cluster/")}
    write(objects, kept / "objects.tar", "flat-tar")
    (kept / "az-aks-show.json").write_bytes(after["azure/managed-cluster.json"])
    (kept / "notes.txt").write_text("restarted on Monday\n", encoding="utf-8")
    return folder


def _appeared(text: str) -> set[str]:
    return {finding["rule"] for finding in json.loads(text)["appeared"]}


def test_a_folder_of_inputs_is_a_side(sides: Path, capsys: Out) -> None:
    call = ["diff", str(sides / "before.tar"), str(sides / "after"), "-q", "-f", "json"]
    assert run(call) == Exit.DONE
    told = capsys.readouterr()
    assert "AKS-BUG-001" in _appeared(told.out)
    assert json.loads(told.out)["after"]["name"] == " + ".join(NAMES)
    assert told.err == "left out of after: notes.txt (is no archive)\n"


def test_inputs_can_be_added_to_a_side(sides: Path, capsys: Out) -> None:
    first, *more = (str(sides / "after" / name) for name in ("objects.tar", *NAMES[:3]))
    added = [word for path in more for word in ("--with-after", path)]
    assert run(["diff", str(sides / "before.tar"), first, *added, "-q", "-f", "json"]) == Exit.DONE
    assert "AKS-BUG-001" in _appeared(capsys.readouterr().out)


def test_a_report_stands_alone_on_its_side(sides: Path, tmp_path: Path, capsys: Out) -> None:
    report = tmp_path / "before.json"
    assert run(["analyze", str(sides / "before.tar"), "-q", "-o", str(report)]) == Exit.DONE
    call = ["diff", str(report), str(sides / "after.tar"), "-q"]
    assert run(call) == Exit.DONE
    capsys.readouterr()
    assert run([*call, "--with-before", str(sides / "before.tar")]) == Exit.FAILED
    assert "before.json is a report, and nothing can be read together" in capsys.readouterr().err
    assert run(["diff", "-", str(report), "--with-after", "-"]) == Exit.FAILED
    assert "only one of them can come from standard input" in capsys.readouterr().err


def test_what_is_one_input_stays_one(sides: Path, tmp_path: Path) -> None:
    assert side_of(str(sides / "after.tar")).inputs == (str(sides / "after.tar"),)
    unpacked = tmp_path / "unpacked"
    with tarfile.open(sides / "before.tar") as archive:
        archive.extractall(unpacked, filter="data")
    assert side_of(str(unpacked)).inputs == (str(unpacked),)
    (tmp_path / "empty").mkdir()
    assert side_of(str(tmp_path / "empty")).inputs == (str(tmp_path / "empty"),)


def test_a_ticket_of_several_inputs_cites_each_by_its_name(sides: Path, tmp_path: Path) -> None:
    target = tmp_path / "case.zip"
    inputs = [str(sides / "after" / name) for name in NAMES]
    assert run(["ticket", *inputs, "-q", "-o", str(target)]) == Exit.DONE
    archive = zipfile.ZipFile(target)
    document = json.loads(archive.read("findings.json"))
    assert document["bundle"]["name"] == " + ".join(NAMES)
    cited = {e["path"] for finding in document["findings"] for e in finding["evidence"]}
    held = " ".join(archive.namelist())
    assert any(path.startswith("nodes/") for path in cited)
    assert all(path in held for path in cited), cited
    again = tmp_path / "again" / "case.zip"
    again.parent.mkdir()
    assert run(["ticket", *inputs, "-q", "-o", str(again)]) == Exit.DONE
    assert again.read_bytes() == target.read_bytes()


def test_a_ticket_takes_the_limits_of_an_analysis(sides: Path, tmp_path: Path, capsys: Out) -> None:
    call = ["ticket", str(sides / "after.tar"), "-q", "-o", str(tmp_path / "t.zip")]
    assert run([*call, "--limit", "members=3", "--require-complete"]) == Exit.INCOMPLETE
    assert "is incomplete" in capsys.readouterr().err
