"""A redacted bundle: nothing of the owner is left in it, and it is a whole bundle of format 1."""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.bundle import BundleError, Limits, open_bundle
from analyzer.bundle.verify import Verdict, verify
from analyzer.options import Options
from analyzer.redact.key import Key
from analyzer.redact.mask import pattern_titles
from analyzer.redact.rewrite import redact_bundle
from fixtures.build import write
from tests.redact.conftest import KEY, NAMES, Redacted, unpacked
from tests.redact.secrets import KINDS


@pytest.fixture(scope="module")
def files(redacted: Redacted) -> dict[str, bytes]:
    return unpacked(redacted.copy)


@pytest.fixture(scope="module")
def everything(files: dict[str, bytes]) -> bytes:
    return b"\n".join(name.encode() + b"\n" + data for name, data in sorted(files.items())).lower()


@pytest.mark.parametrize(("kind", "text", "left"), KINDS, ids=[row[0] for row in KINDS])
def test_no_secret_is_left(everything: bytes, kind: str, text: str, left: str) -> None:
    assert left.lower().encode() not in everything


@pytest.mark.parametrize("name", NAMES)
def test_no_planted_name_is_left(everything: bytes, name: str) -> None:
    assert name.lower().encode() not in everything


def test_no_name_of_the_cluster_is_left(redacted: Redacted, everything: bytes) -> None:
    cluster = json.loads(redacted.files["azure/managed-cluster.json"])
    nodes = json.loads(redacted.files["cluster/resources/core/nodes.json"])["items"]
    names = [cluster["nodeResourceGroup"], cluster["fqdn"], cluster["id"].split("/")[2]]
    names += [cluster["id"].split("/")[4]]
    names += [node["metadata"]["name"] for node in nodes]
    names += [node["status"]["nodeInfo"]["systemUUID"] for node in nodes]
    manifest = json.loads(redacted.files["manifest.json"])
    names.append(manifest["cluster"]["id"])
    assert [name for name in names if name.lower().encode() in everything] == []


def test_addresses_change_but_stay_in_their_class(
    redacted: Redacted, files: dict[str, bytes]
) -> None:
    def found(path: str, data: bytes) -> list[tuple[str, str]]:
        items = json.loads(data)["items"]
        return [(p["status"].get("podIP", ""), p["status"].get("hostIP", "")) for p in items]

    path = "cluster/resources/core/pods/kube-system.json"
    before, after = found(path, redacted.files[path]), found(path, files[path])
    pods, nodes = ipaddress.ip_network("10.244.0.0/16"), ipaddress.ip_network("10.224.0.0/16")
    for (pod, host), (new_pod, new_host) in zip(before, after, strict=True):
        assert (pod == host) == (new_pod == new_host)
        assert (ipaddress.ip_address(pod) in pods) == (ipaddress.ip_address(new_pod) in pods)
        assert ipaddress.ip_address(new_host) in nodes
    assert sum(a != b for a, b in zip(before, after, strict=True)) > len(before) * 0.9


def test_addresses_that_mean_something_stay(redacted: Redacted, files: dict[str, bytes]) -> None:
    for address in (b"168.63.129.16", b"10.0.0.10", b"127.0.0.1", b"10.244.0.0/16"):
        before = sum(data.count(address) for data in redacted.files.values())
        assert before and before == sum(data.count(address) for data in files.values()), address


def test_the_copy_is_as_its_manifest_says(redacted: Redacted) -> None:
    checks = verify(open_bundle(redacted.copy))
    assert checks and all(check.verdict is Verdict.OK for check in checks)


def test_the_copy_says_that_it_is_one(redacted: Redacted, capsys: pytest.CaptureFixture) -> None:
    from analyzer.cli import run

    told = {
        path: analyze(path, options=Options(jobs=1)).bundle.redacted
        for path in (redacted.original, redacted.copy)
    }
    assert told == {redacted.original: False, redacted.copy: True}
    assert run(["verify", str(redacted.copy)]) == 0
    assert "a redacted copy" in capsys.readouterr().out
    assert run(["verify", str(redacted.original)]) == 0
    assert "a redacted copy" not in capsys.readouterr().out


def test_the_manifest_tells_what_was_masked(redacted: Redacted, files: dict[str, bytes]) -> None:
    old, new = json.loads(redacted.files["manifest.json"]), json.loads(files["manifest.json"])
    assert new["format"] == 1 and new["collector"] == old["collector"]
    for kind, count in old["masked"].items():
        assert new["masked"][kind] == count + redacted.summary.masked.get(kind, 0)
    assert set(redacted.summary.masked) <= set(pattern_titles())
    assert new["redacted"] == {"identities": redacted.summary.replaced, "left_out": 2}


def test_what_is_no_text_is_left_out_and_told(redacted: Redacted, files: dict[str, bytes]) -> None:
    assert not any(name.endswith(("binary.dat", "secrets/shop.json")) for name in files)
    left_out = [path.rpartition("/")[2] for path in redacted.summary.left_out]
    assert left_out == ["shop.json", "binary.dat"]


def test_the_zip_of_a_node_is_one_again_with_text_in_it(files: dict[str, bytes]) -> None:
    inner = {name: data for name, data in files.items() if "/aks-log-collector.zip/" in name}
    assert {name.rpartition("/")[2] for name in inner} == {"syslog", "windows.log"}
    for data in inner.values():
        assert b"Accepted publickey for" in data and b"\0" not in data


def test_tables_of_contents_have_the_new_sizes(redacted: Redacted, files: dict[str, bytes]) -> None:
    checked = 0
    planted = ("azure/waagent.log", "kubelet/journal.log")
    for name, data in files.items():
        if not name.endswith("/collection.tsv"):
            continue
        header, *rows = [line.split("\t") for line in data.decode().splitlines()]
        for row in rows:
            cells = dict(zip(header, row, strict=False))
            path = f"{name.rpartition('/')[0]}/{cells['path']}"
            if path.endswith(planted):
                continue
            if path in files and cells["bytes"] and cells["truncated"] in ("", "0"):
                assert int(cells["bytes"]) == len(files[path]), path
                checked += 1
    assert checked > 50


def test_the_same_key_gives_the_same_bytes(redacted: Redacted, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    redact_bundle(open_bundle(redacted.original), again, KEY, limits=Limits())
    assert again.read_bytes() == redacted.copy.read_bytes()


def test_another_key_gives_other_names(redacted: Redacted, tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    done = redact_bundle(
        open_bundle(redacted.original), other, Key(secret="11" * 32), limits=Limits()
    )
    shared = {
        name for name in set(done.key.names) & set(redacted.summary.key.names)
        if not re.fullmatch(r"[0-9a-f.:-]+", name)
    }  # fmt: skip
    assert not shared


def test_a_redacted_bundle_can_be_redacted_again(redacted: Redacted, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    done = redact_bundle(open_bundle(redacted.copy), again, Key(secret="22" * 32), limits=Limits())
    assert done.masked == {}
    assert set(unpacked(again)) != set(unpacked(redacted.copy))


def test_a_kept_key_gives_the_same_names_in_the_next_bundle(
    redacted: Redacted, tmp_path: Path
) -> None:
    kept = redacted.summary.key
    done = redact_bundle(
        open_bundle(redacted.original), tmp_path / "next.tar", kept, limits=Limits()
    )
    assert done.key == kept
    assert (tmp_path / "next.tar").read_bytes() == redacted.copy.read_bytes()


def test_a_kept_key_holds_for_another_state_of_the_cluster(
    redacted: Redacted, tmp_path: Path
) -> None:
    kept = redacted.summary.key
    files = dict(redacted.files)
    journal = next(path for path in files if path.endswith("kubelet/journal.log"))
    files[journal] += b"2026-01-20T15:00:00.000000+00:00 n app: new 10.87.12.99 and 10.87.12.34\n"
    later = write(files, tmp_path / "later.tar")
    done = redact_bundle(open_bundle(later), tmp_path / "out.tar", kept, limits=Limits())
    assert kept.names.items() <= done.key.names.items()
    (new,) = [made for made, name in done.key.names.items() if name == "10.87.12.99"]
    (old,) = [made for made, name in kept.names.items() if name == "10.87.12.34"]
    line = unpacked(tmp_path / "out.tar")
    text = b"".join(data for path, data in line.items() if path.endswith("kubelet/journal.log"))
    assert f"new {new} and {old}".encode() in text
    assert new.rpartition(".")[0] == old.rpartition(".")[0]


def test_a_torn_bundle_is_redacted_as_far_as_it_goes(redacted: Redacted, tmp_path: Path) -> None:
    torn = tmp_path / "torn.tar"
    data = redacted.original.read_bytes()
    torn.write_bytes(data[: len(data) * 2 // 3])
    done = redact_bundle(open_bundle(torn), tmp_path / "out.tar", KEY, limits=Limits())
    assert done.text_bytes
    assert all(check.verdict is Verdict.OK for check in verify(open_bundle(tmp_path / "out.tar")))


def test_nothing_is_left_behind_where_the_output_cannot_be_written(
    redacted: Redacted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space"):
        redact_bundle(open_bundle(redacted.original), tmp_path / "x.tar", KEY, limits=Limits())
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    nothing = tmp_path / "nothing.tar"
    nothing.write_bytes(b"no archive at all")
    with pytest.raises(BundleError):
        open_bundle(nothing)


def test_namespaces_and_images_on_request(redacted: Redacted, tmp_path: Path) -> None:
    listed = json.loads(redacted.files["cluster/resources/core/namespaces.json"])["items"]
    own = [n["metadata"]["name"] for n in listed]
    own = [n for n in own if n != "default" and not n.startswith("kube-")]
    assert own
    kept = unpacked(redacted.copy)
    assert all(f"cluster/resources/core/pods/{name}.json" in kept for name in own)
    out = tmp_path / "out.tar"
    redact_bundle(
        open_bundle(redacted.original), out, KEY, limits=Limits(),
        on_request=("namespaces", "images"),
    )  # fmt: skip
    text = b"\n".join(name.encode() + data for name, data in unpacked(out).items())
    for name in own:
        assert f'"namespace":"{name}"'.encode() not in text
        assert f"/pods/{name}.json".encode() not in text
    assert b".azurecr.io/" in text and b"mcr.microsoft.com/oss/" in text
