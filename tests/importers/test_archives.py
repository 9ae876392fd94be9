"""Zip, xz and bzip2 as the outer archive: whole, broken, and hostile."""

from __future__ import annotations

import bz2
import io
import lzma
import pickle
import random
import tarfile
import zipfile
from pathlib import Path

import pytest

from analyzer.bundle import Bundle, BundleError, Inventory, Limits, open_bundle, read_part
from analyzer.model.gap import Presence
from fixtures.build import write
from tests.importers.forms import Tree, tarred, zipped

FILES = {
    "collect/crictl_pods.json": b'{"items": []}\n' * 400,
    "etc/default/kubelet": b"KUBELET_FLAGS=--v=2\n",
    "var/log/syslog": b"line\n" * 40_000,
}
PLACES = {
    "collect/crictl_pods.json": "nodes/n1/containerd/crictl-pods.json",
    "etc/default/kubelet": "nodes/n1/kubelet/flags",
    "var/log/syslog": "nodes/n1/host/syslog",
}


def read(
    source: Path | io.BytesIO, limits: Limits | None = None
) -> tuple[dict[str, bytes], Inventory]:
    """Canonical path and content of all members, and the inventory."""
    name = "n1.zip" if isinstance(source, io.BytesIO) else None
    bundle: Bundle = open_bundle(source, limits=limits or Limits(), name=name)
    found = {member.path: member.read() for _, member in bundle.members()}
    return found, bundle.finish()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("stream", [False, True])
def test_zip(method: int, stream: bool, tmp_path: Path) -> None:
    data = zipped(FILES, method)
    path = tmp_path / "n1.zip"
    path.write_bytes(data)
    found, inventory = read(io.BytesIO(data) if stream else path)
    assert found == {PLACES[name]: content for name, content in FILES.items()}
    assert inventory.parts["nodes/n1"].gaps == ()


def test_parts_of_a_zip_can_be_read_in_other_processes(tmp_path: Path) -> None:
    path = tmp_path / "n1.zip"
    path.write_bytes(zipped(FILES))
    (part,) = open_bundle(path).parts()
    again = pickle.loads(pickle.dumps(part))
    assert {m.path: m.read() for m in read_part(again)} == read(path)[0]


@pytest.mark.parametrize("pack", [lzma.compress, bz2.compress])
def test_packed_tars(pack: object, tmp_path: Path) -> None:
    files = FILES | {"var/log/syslog": random.Random(3).randbytes(1_500_000)}
    data = pack(tarred(files, "w"))  # type: ignore[operator]
    path = tmp_path / "n1.tar.xz"
    path.write_bytes(data)
    assert read(path)[0] == {PLACES[name]: content for name, content in files.items()}
    path.write_bytes(data[: len(data) * 2 // 3])
    torn, inventory = read(path)
    assert torn[PLACES["etc/default/kubelet"]] == files["etc/default/kubelet"]
    assert inventory.state("nodes/n1/host/syslog").presence is Presence.TRUNCATED
    assert "cut off" in str(inventory.gaps())


def test_a_damaged_file_costs_itself(tmp_path: Path) -> None:
    files = FILES | {"var/log/syslog": random.Random(3).randbytes(40_000)}
    data = bytearray(zipped(files))
    at = data.find(b"var/log/syslog") + 1_000
    data[at : at + 400] = b"\xff" * 400
    found, inventory = read(io.BytesIO(bytes(data)))
    assert found[PLACES["etc/default/kubelet"]] == FILES["etc/default/kubelet"]
    assert inventory.state("nodes/n1/kubelet/flags").presence is Presence.PRESENT
    assert len(found) == 3


def test_a_cut_zip_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "n1.zip"
    path.write_bytes(zipped(FILES)[:-40])
    with pytest.raises(BundleError, match=r"n1\.zip.*cannot be read"):
        open_bundle(path)


def test_hostile_entries_are_told_and_not_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
        for name in ("../evil", "/etc/passwd", "a\nb"):
            archive.writestr(name, b"x")
        link = zipfile.ZipInfo("etc/hostname")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb", b"\0" * 3_000_000)
        archive.writestr("var/lib/waagent/x/config/0.settings", b"secret")
    limits = Limits(max_ratio=50, ratio_floor=1_000_000)
    found, inventory = read(io.BytesIO(out.getvalue()), limits)
    assert sorted(found) == sorted(PLACES.values())
    told = str(inventory.gaps())
    for why in (
        "climbs out",
        "absolute",
        "cannot be shown",
        "symbolic link",
        "50 times",
        "credent",
    ):
        assert why in told


def test_more_files_than_the_limit() -> None:
    found, inventory = read(io.BytesIO(zipped(FILES)), Limits(max_members=2))
    assert len(found) == 2
    assert "more than 2 files" in str(inventory.gaps())


def test_our_own_bundle_in_a_zip(crashing: Tree, tmp_path: Path) -> None:
    """A folder of ours that was zipped on the way, parts packed or not."""
    nested = write(dict(crashing), tmp_path / "demarc-case.tar")
    with tarfile.open(nested) as archive:
        packed = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    for files in (packed, {f"demarc-case/{path}": data for path, data in crashing.items()}):
        path = tmp_path / "demarc-case.zip"
        path.write_bytes(zipped(files))
        bundle = open_bundle(path)
        found = {member.path: member.read() for _, member in bundle.members()}
        assert bundle.layout == "demarc-1"
        assert found == {k: v for k, v in crashing.items() if k != "manifest.json"}
