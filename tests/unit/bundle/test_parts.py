"""Parts as units of work for other processes, and the second look at single members."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from analyzer.bundle import PartInventory, PartRecorder, PartRef, open_bundle, read_part
from analyzer.bundle.unpack import Gunzip
from tests.unit.bundle.tarballs import (
    Files,
    expected_members,
    flat,
    flat_files,
    gz,
    nested,
    nested_files,
    node_files,
    opened,
    parts,
    read_all,
    tar_of,
    write_folder,
    zst,
)


def load(ref: PartRef) -> tuple[Files, PartInventory]:
    """Read a part in another process."""
    recorder = PartRecorder(ref.name)
    files = {member.path: member.read() for member in read_part(ref, recorder=recorder)}
    return files, recorder.result()


SEEKABLE = ["nested.tar", "flat.tar", "folder", "folder of archives"]


def seekable(name: str, root: Path) -> Path:
    if name == "folder":
        return write_folder(root / "f", flat_files(top=""))
    if name == "folder of archives":
        return write_folder(root / "a", nested_files(top=""))
    path = root / name
    path.write_bytes(nested() if name == "nested.tar" else flat())
    return path


@pytest.mark.parametrize("name", SEEKABLE)
def test_parts_are_sorted_picklable_and_complete(name: str, tmp_path: Path) -> None:
    bundle = open_bundle(seekable(name, tmp_path))
    refs = pickle.loads(pickle.dumps(bundle.parts()))
    assert [ref.name for ref in refs] == ["azure", "cluster", "nodes/n1", "nodes/n2"]
    assert all(ref.size_bytes > 0 for ref in refs)
    found: Files = {}
    for ref in refs:
        found |= load(ref)[0]
    assert found == expected_members()


def test_parts_in_spawned_processes(tmp_path: Path) -> None:
    bundle = open_bundle(seekable("nested.tar", tmp_path))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        results = list(pool.map(load, bundle.parts()))
    assert {path: data for files, _ in results for path, data in files.items()} == (
        expected_members()
    )
    assert bundle.finish(inventory for _, inventory in results).complete


def test_a_broken_part_is_read_alone(tmp_path: Path) -> None:
    files = nested_files(top="")
    files["nodes/n1.tar.gz"] = files["nodes/n1.tar.gz"][:50]
    path = tmp_path / "b.tar"
    path.write_bytes(tar_of(files))
    refs = {ref.name: ref for ref in open_bundle(path).parts()}
    assert load(refs["nodes/n1"])[1].torn
    assert load(refs["nodes/n2"])[0] == expected_members({"nodes/n2": node_files("n2")})


def test_stream_has_no_parts_apart() -> None:
    assert opened(gz(flat())).parts() == []
    assert [ref.name for ref in opened(nested()).parts()] == sorted(parts())


SHAPES = {
    "nested": nested(),
    "flat": flat(),
    "nested.gz": gz(nested()),
    "flat.gz": gz(flat()),
    "flat.zst": zst(flat()),
}
WANTED = ["nodes/n2/kubelet/journal.log", "cluster/version.json", "nodes/n1/no/such"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("as_file", [True, False])
def test_reread(shape: str, as_file: bool, tmp_path: Path) -> None:
    source: Path | bytes = SHAPES[shape]
    if as_file:
        source = tmp_path / "b"
        source.write_bytes(SHAPES[shape])
    bundle = opened(source)
    for _ in bundle.members():
        pass
    before = bundle.finish()
    for _ in range(2):
        again = {member.path: member.read() for member in bundle.reread(WANTED)}
        assert again == {path: expected_members()[path] for path in WANTED[:2]}
    assert bundle.finish().gaps() == before.gaps()
    assert list(bundle.reread([])) == []


def test_reread_by_the_path_as_found(tmp_path: Path) -> None:
    files = {
        "nodes.json": b"{}",
        "kube-system/pods.json": b"[1]",
        "kube-system/events.json": b"[2]",
    }
    for source in (write_folder(tmp_path / "d", files), tar_of(files), gz(tar_of(files))):
        bundle = opened(source)
        again = [(m.path, m.read()) for m in bundle.reread({"kube-system/pods.json"})]
        assert again == [("cluster/resources/core/pods/kube-system.json", b"[1]")]


def test_reread_unpacks_only_what_it_must(monkeypatch: pytest.MonkeyPatch) -> None:
    big = parts()
    for files in big.values():
        files["zz-last"] = bytes(range(256)) * 8_000
    bundle = opened(nested(big))
    count = 0
    piece = Gunzip.piece

    def counting(self: Gunzip) -> bytes:
        nonlocal count
        data = piece(self)
        count += len(data)
        return data

    monkeypatch.setattr(Gunzip, "piece", counting)
    assert [m.read() for m in bundle.reread(["nodes/n1/host/df"])] == [big["nodes/n1"]["host/df"]]
    assert 0 < count < 200_000


def test_reread_of_a_file_in_the_zip_of_a_node(tmp_path: Path) -> None:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("var/log/a.log", "inside\n")
    files = {"azure/aks-log-collector.zip": out.getvalue(), "host/df": b"x"}
    path = "nodes/n1/azure/aks-log-collector/var/log/a.log"
    for source in (
        tar_of({"nodes/n1.tar.gz": gz(tar_of(files))}),
        tar_of({f"nodes/n1/{name}": data for name, data in files.items()}),
        write_folder(tmp_path, {f"nodes/n1/{name}": data for name, data in files.items()}),
    ):
        bundle = opened(source)
        assert [m.read() for m in bundle.reread([path])] == [b"inside\n"]


def test_two_passes_give_the_same() -> None:
    bundle = opened(gz(nested()))
    first = [(part, member.path, member.read()) for part, member in bundle.members()]
    one = bundle.finish()
    second = [(part, member.path, member.read()) for part, member in bundle.members()]
    assert first == second
    assert bundle.finish().gaps() == one.gaps()
    assert [p.part for p in bundle.recorded()] == sorted(parts())


def test_skipped_members_are_in_the_inventory_too(tmp_path: Path) -> None:
    for name in SEEKABLE:
        bundle = open_bundle(seekable(name, tmp_path))
        for _ in bundle.members():
            pass
        inventory = bundle.finish()
        assert inventory.complete
        assert inventory.gaps() == read_all(seekable(name, tmp_path))[1].gaps()
