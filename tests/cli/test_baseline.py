"""``demarc baseline``: shown, captured, checked, packed; and ``--data`` with what it made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from analyzer.baselines.tables import use_folders
from analyzer.cli import run
from analyzer.cli.exits import Exit
from fixtures.build import scenario, tree, write

Out = pytest.CaptureFixture[str]
Make = Callable[..., Path]
BUG = """\
schema: 1
as_of: "2026-10-02"
bugs:
- id: site-bug
  title: Too short
"""


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Builds a small bundle with the given faults."""

    def build(name: str, *faults: dict[str, str]) -> Path:
        world = scenario(
            {"name": name, "base": "overlay", "kubernetes": "1.33", "seed": 3,
             "pools": {"system": 1, "work": 1}, "faults": list(faults)}
        )  # fmt: skip
        return write(tree(world), tmp_path_factory.mktemp(name) / f"{name}.tar")

    return build


@pytest.fixture(scope="module")
def healthy(make: Make) -> Path:
    return make("healthy")


@pytest.fixture(scope="module")
def data(healthy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a baseline captured from the healthy cluster."""
    folder = tmp_path_factory.mktemp("data")
    target = folder / "baselines" / "mine.yaml"
    assert run(["baseline", "capture", str(healthy), "-o", str(target)]) == Exit.DONE
    return folder


@pytest.fixture(autouse=True)
def _packaged_tables() -> Iterator[None]:
    yield
    use_folders(())


def test_show_says_what_a_cluster_should_run_and_why(healthy: Path, capsys: Out) -> None:
    assert run(["baseline", "show", "--for", str(healthy)]) == Exit.DONE
    lines = capsys.readouterr().out.splitlines()
    assert "Kubernetes 1.33" in lines[0] and "azure-cni-overlay" in lines[0]
    assert "baseline data of 20" in lines[2] and "the bundle" in lines[2]
    (cns,) = (line for line in lines if line.startswith("azure-cns "))
    assert "DaemonSet kube-system/azure-cns" in cns
    assert "the network mode is azure-cni-overlay" in cns
    assert not any(line.startswith("cilium ") for line in lines)


def test_show_gives_all_that_is_known_as_json(healthy: Path, capsys: Out) -> None:
    assert run(["baseline", "show", "--for", str(healthy), "--json"]) == Exit.DONE
    document = json.loads(capsys.readouterr().out)
    rows = {row["id"]: row for row in document["components"]}
    dns = rows["coredns"]
    assert (dns["expected"], dns["versions"]) == ("yes", "1.12")
    assert dns["customer_may"][0]["object"] == "ConfigMap/kube-system/coredns-custom"
    assert dns["newest_release"]["version"].startswith("1.12.")
    assert all(source.startswith("https://") for source in dns["sources"])
    assert isinstance(document["days_apart"], int)
    assert run(["baseline", "show", "--json"]) == Exit.DONE
    assert len(json.loads(capsys.readouterr().out)["components"]) > len(rows) + 30


def test_a_healthy_cluster_is_captured(healthy: Path, data: Path, capsys: Out) -> None:
    text = (data / "baselines" / "mine.yaml").read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    names = {(row["kind"], row["name"]) for row in content["objects"]}
    assert {
        ("Deployment", "coredns"),
        ("DaemonSet", "kube-proxy"),
        ("ConfigMap", "coredns"),
    } <= names
    assert content["captured"]["network"] == "azure-cni-overlay"
    assert run(["baseline", "capture", str(healthy)]) == Exit.DONE
    out, err = capsys.readouterr()
    assert out == text, "the same bundle gives the same bytes"
    assert "left out: " in err and ": its content changes by itself" in err
    target = data / "baselines" / "mine.yaml"
    assert run(["baseline", "capture", str(healthy), "-o", str(target)]) == Exit.DONE
    assert f"wrote {target}" in capsys.readouterr().out


def test_a_cluster_that_is_not_healthy_is_refused(make: Make, tmp_path: Path, capsys: Out) -> None:
    sick = make("sick", {"name": "component-crash-looping", "component": "metrics-server"})
    target = tmp_path / "sick.yaml"
    assert run(["baseline", "capture", str(sick), "-o", str(target)]) == Exit.FAILED
    err = capsys.readouterr().err
    assert "no model to compare with" in err and "metrics-server" in err
    assert not target.exists()
    arguments = ["baseline", "capture", str(sick), "-o", str(target), "--even-if-unhealthy"]
    assert run(arguments) == Exit.DONE
    err = capsys.readouterr().err
    (line,) = (
        line for line in err.splitlines() if "kube-system/metrics-server" in line and "left" in line
    )
    assert line.startswith("left out: Deployment kube-system/metrics-server: AKS-")
    assert "put it into DIR/baselines/sick.yaml" in err
    objects = yaml.safe_load(target.read_text(encoding="utf-8"))["objects"]
    assert "metrics-server" not in {row["name"] for row in objects if row["kind"] == "Deployment"}
    assert "coredns" in {row["name"] for row in objects}


def test_an_object_changed_by_the_customer_stays_out(make: Make, capsys: Out) -> None:
    edited = make("edited", {"name": "managed-workload-edited"})
    assert run(["baseline", "capture", str(edited), "--even-if-unhealthy"]) == Exit.DONE
    out, err = capsys.readouterr()
    assert "Deployment kube-system/coredns" in err
    kinds = {(row["kind"], row["name"]) for row in yaml.safe_load(out)["objects"]}
    assert ("Deployment", "coredns") not in kinds and ("ConfigMap", "coredns") in kinds


def test_a_cluster_that_is_not_aks_is_no_model(
    tmp_path_factory: pytest.TempPathFactory, capsys: Out
) -> None:
    world = scenario({"name": "other", "base": "foreign", "pools": {"work": 1}, "seed": 1})
    path = write(tree(world), tmp_path_factory.mktemp("other") / "other.tar")
    assert run(["baseline", "capture", str(path)]) == Exit.FAILED
    assert "nothing shows that the cluster is AKS" in capsys.readouterr().err


def test_a_pack_gives_what_its_folder_gives(
    data: Path, make: Make, tmp_path: Path, capsys: Out
) -> None:
    packed = tmp_path / "mine.tar.gz"
    assert run(["baseline", "pack", str(data), "-o", str(packed)]) == Exit.DONE
    out = capsys.readouterr().out
    assert "1 data file, as of 20" in out and "sha256 " in out
    assert run(["baseline", "check", str(packed)]) == Exit.DONE
    assert "1 data file, all valid" in capsys.readouterr().out
    later = make("later", {"name": "managed-workload-edited"})
    found = []
    for given in (data, packed):
        assert run(["analyze", str(later), "-f", "json", "--data", str(given)]) == Exit.DONE
        found.append(json.loads(capsys.readouterr().out))
        # The folder and the pack have their own names; nothing else may differ.
        assert found[-1]["tool"].pop("arguments") == [f"--data {given.name}"]
    assert found[0] == found[1]
    assert any(f["subject"]["name"] == "coredns" for f in found[0]["findings"])
    for command in (["list", "components"], ["explain", "coredns"], ["baseline", "show"]):
        assert run([*command, "--data", str(packed)]) == Exit.DONE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.tar.gz"]


@pytest.mark.parametrize("command", [["analyze", "none.tar"], ["list", "bugs"], ["explain", "x"]])
def test_a_pack_that_was_changed_is_refused_everywhere(
    data: Path, tmp_path: Path, capsys: Out, command: list[str]
) -> None:
    packed = tmp_path / "mine.tar.gz"
    assert run(["baseline", "pack", str(data), "-o", str(packed)]) == Exit.DONE
    capsys.readouterr()
    raw = bytearray(packed.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    packed.write_bytes(bytes(raw))
    assert run([*command, "--data", str(packed)]) == Exit.FAILED
    err = capsys.readouterr().err
    assert err.startswith(f"error: {packed}") and err.count("\n") == 1


def test_check_names_file_and_line_of_every_kind_of_data(tmp_path: Path, capsys: Out) -> None:
    for name, text in (
        ("baselines/a.yaml", "schema: 1\ncomponents:\n- id: x\n  colour: red\n"),
        ("bugs/b.yaml", BUG),
        ("ownership/c.yaml", "rows:\n- {id: x}\n"),
        ("policy/d.yaml", "schema: 3\n"),
    ):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    assert run(["baseline", "check", str(tmp_path)]) == Exit.FAILED
    err = capsys.readouterr().err
    for name in ("baselines/a.yaml:", "bugs/b.yaml:", "ownership/c.yaml:2:", "policy/d.yaml:"):
        assert f"error: {tmp_path / name}" in err
    target = tmp_path / "x.tar.gz"
    assert run(["baseline", "pack", str(tmp_path), "-o", str(target)]) == Exit.FAILED
    assert not target.exists()


def test_a_folder_without_data_is_told(tmp_path: Path, capsys: Out) -> None:
    assert run(["baseline", "check", str(tmp_path)]) == Exit.FAILED
    assert "no data in it; data files lie in baselines/" in capsys.readouterr().err
    (tmp_path / "bugs").mkdir()
    assert run(["baseline", "check", str(tmp_path)]) == Exit.FAILED
    assert "no data files in baselines/" in capsys.readouterr().err
    assert run(["baseline", "pack", str(tmp_path), "-o", str(tmp_path / "x.zip")]) == Exit.FAILED
    assert "a pack is a .tar.gz file" in capsys.readouterr().err
