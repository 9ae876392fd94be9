"""``demarc ticket``: what is in the archive, its size, masked, and always the same bytes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from fixtures.build import scenario, tree, write

Out = pytest.CaptureFixture[str]
CANARY = "hunter2swordfish"


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with findings on nodes and objects, and secrets in what they cite."""
    world = tree(
        scenario(
            {
                "name": "case",
                "base": "overlay",
                "kubernetes": "1.33",
                "seed": 7,
                "noise": True,
                "faults": [
                    {"name": "node-not-ready", "node": "work/1"},
                    {"name": "pod-crash-looping"},
                ],
            }
        )
    )
    pods = "cluster/resources/core/pods/billing.json"
    document = json.loads(world[pods])
    for pod in document["items"]:
        for container in pod["spec"]["containers"]:
            container["env"] = [{"name": "DB_PASSWORD", "value": CANARY}]
            container["args"] = [f"--connection=AccountKey={CANARY}=="]
    world[pods] = json.dumps(document).encode()
    for path in list(world):
        if path.endswith("kubelet/journal.log"):
            lines = [b"line %d of a long log" % number for number in range(4000)]
            at = len(lines) // 2
            world[path] = b"\n".join([*lines[:at], world[path].strip(), *lines[at:]]) + b"\n"
    return write(world, tmp_path_factory.mktemp("troubled") / "demarc-case.tar", "flat-tar")


@pytest.fixture(scope="module")
def archive(troubled: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    path = tmp_path_factory.mktemp("ticket") / "case-1.zip"
    assert run(["ticket", str(troubled), "-q", "-o", str(path)]) == Exit.DONE
    return zipfile.ZipFile(path)


def test_it_holds_report_json_texts_and_cited_evidence(archive: zipfile.ZipFile) -> None:
    names = archive.namelist()
    assert names[0] == "README.txt"
    (page,) = [name for name in names if name.endswith(".html")]
    assert b"<style>" in archive.read(page)
    document = json.loads(archive.read("findings.json"))
    assert len(archive.read("summary.txt")) <= 2000
    assert archive.read("ticket.md")
    cited = {e["path"] for finding in document["findings"] for e in finding["evidence"]}
    held = " ".join(names)
    assert cited and all(path in held for path in cited), cited


def test_the_readme_lists_what_is_in_it_and_what_to_check(archive: zipfile.ZipFile) -> None:
    text = archive.read("README.txt").decode()
    assert all(name in text for name in archive.namelist() if name.startswith("evidence/"))
    assert "Check it before you send it" in text and "cited by AKS-" in text
    assert "case-1.zip" in text


def test_no_secret_is_in_any_file(archive: zipfile.ZipFile) -> None:
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert CANARY.encode() not in everything
    assert b"DB_PASSWORD" in everything, "the object with the secret is cited"


def test_of_a_list_the_cited_objects_and_the_names_of_all(archive: zipfile.ZipFile) -> None:
    name = "evidence/cluster/resources/core/pods/billing.json"
    document = json.loads(archive.read(name))
    assert 1 <= len(document["cited_objects"]) <= document["objects_in_member"]
    assert len(document["names_in_member"]) == document["objects_in_member"]


def test_of_a_long_log_the_lines_around_with_their_numbers(
    archive: zipfile.ZipFile, troubled: Path
) -> None:
    findings = json.loads(archive.read("findings.json"))["findings"]
    evidence = next(
        e for f in findings for e in f["evidence"] if e["path"].endswith("kubelet/journal.log")
    )
    text = archive.read(f"evidence/{evidence['path']}.excerpt.txt").decode()
    (line,) = [row for row in text.splitlines() if row.split()[:1] == [str(evidence["line"])]]
    assert evidence["excerpt"][:40] in line
    assert len(text.splitlines()) < 400


def test_evidence_of_the_worst_comes_first(archive: zipfile.ZipFile) -> None:
    first = json.loads(archive.read("findings.json"))["findings"][0]
    evidence = [n for n in archive.namelist() if n.startswith("evidence/")]
    assert any(e["path"] in evidence[0] for e in first["evidence"])


def test_parts_hold_whole_files_and_stay_under_the_limit(troubled: Path, tmp_path: Path) -> None:
    from analyzer.ticket.pack import TicketFile, pack, plan

    noise = [TicketFile(f"evidence/{n}.bin", os.urandom(60_000)) for n in range(20)]
    files = [TicketFile("report.html", b"x" * 400_000), *noise]
    made = plan(files, 400_000, 3)
    assert len(made.parts) == 3 and made.left_out
    packed = [pack(part, None) for part in made.parts]
    assert all(len(data) <= 400_000 for data in packed)
    names = [zipfile.ZipFile(io.BytesIO(data)).namelist() for data in packed]
    assert names[0][0] == "report.html"
    held = [name for part in names for name in part] + [file.name for file in made.left_out]
    assert sorted(held) == sorted(file.name for file in files)


def test_a_small_limit_makes_numbered_parts_that_name_each_other(
    troubled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    noise = os.urandom(100_000).hex()  # what is cited fills several archives
    monkeypatch.setattr(
        "analyzer.ticket.evidence.mask_text", lambda text: text if len(text) < 99 else text + noise
    )
    monkeypatch.setattr("analyzer.ticket.evidence.MEMBER_BYTES", 10_000_000)
    target = tmp_path / "big.zip"
    assert run(["ticket", str(troubled), "-o", str(target), "--max-size", "0.4"]) == Exit.DONE
    parts = sorted(tmp_path.glob("big-*of*.zip"))
    assert 2 <= len(parts) <= 5 and not target.exists()
    assert all(part.stat().st_size <= 400_000 for part in parts)
    for part in parts:
        text = zipfile.ZipFile(part).read("README.txt").decode()
        assert all(other.name in text for other in parts)
    assert "big-1of" in capsys.readouterr().err


def test_the_same_bundle_gives_the_same_bytes(
    troubled: Path, archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    path = tmp_path / "case-1.zip"
    command = [sys.executable, "-m", "analyzer", "ticket", str(troubled), "-q", "-o", str(path)]
    surroundings = {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run(command, env=os.environ | surroundings, check=True)
    assert archive.filename is not None
    assert path.read_bytes() == Path(archive.filename).read_bytes()


def test_by_itself_it_is_named_for_a_ticket_and_prints_the_text(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["ticket", str(bundle)]) == Exit.DONE
    (path,) = tmp_path.iterdir()
    out, err = capsys.readouterr()
    assert path.name.startswith("demarc-cli-") and len(path.name) <= 110 and path.name in err
    assert out.startswith("AKS diagnostics: cli")
    assert run(["ticket", str(bundle), "-q"]) == Exit.DONE, "the same archive is no conflict"


def test_wrong_names_are_refused_before_the_work(bundle: Path, capsys: Out) -> None:
    assert run(["ticket", str(bundle), "-o", "t.rar"]) == Exit.FAILED
    assert "name it .zip" in capsys.readouterr().err
    assert run(["ticket", str(bundle), "--max-size", "0.01"]) == Exit.FAILED


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("nodes/a/../../etc/passwd", "nodes/a/etc/passwd"),
        ("a:b/c?d*e.json", "a_b/c_d_e.json"),
        ("/abs/olute", "abs/olute"),
        ("trailing./dots..", "trailing/dots"),
        ("..", "member"),
        ("a/aux.json", "a/_aux.json"),
        ("x" * 100 + "/" + "y" * 100 + "/z", "y" * 100 + "/z"),
    ],
)
def test_names_of_members_stay_in_their_folder(path: str, name: str) -> None:
    from analyzer.ticket.evidence import safe_name

    assert safe_name(path) == name
