"""Every shape in which a bundle may come gives the same members."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from analyzer.bundle import open_bundle
from tests.unit.bundle.tarballs import (
    SAMPLES,
    cluster_files,
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

ARCHIVES = {
    "nested.tar": nested(),
    "nested-no-top.tar": nested(top=""),
    "nested-dot.tar": nested(top="./"),
    "nested.tar.gz": gz(nested()),
    "nested.tar.zst": zst(nested()),
    "flat.tar": flat(),
    "flat-no-top.tar": flat(top=""),
    "flat.tar.gz": gz(flat()),
    "flat.tgz": gz(flat(top="./")),
    "flat.tar.zst": zst(flat()),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_archive_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(ARCHIVES[name])
    members, inventory = read_all(path)
    assert members == expected_members()
    assert inventory.nodes == ("n1", "n2")
    assert inventory.complete
    assert open_bundle(path).name == name


@pytest.mark.parametrize("name", ARCHIVES)
def test_archive_as_stream(name: str) -> None:
    members, inventory = read_all(ARCHIVES[name])
    assert members == expected_members()
    assert inventory.manifest is not None
    assert inventory.manifest.cluster.name == "c1"


class Pipe(io.RawIOBase):
    """A stream that neither seeks nor tells, and gives a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        piece = self._left[: min(len(view), 1000)]
        view[: len(piece)] = piece
        self._left = self._left[len(piece) :]
        return len(piece)


def test_pipe_that_cannot_seek() -> None:
    members, _ = read_all(io.BufferedReader(Pipe(ARCHIVES["nested.tar.gz"])))
    assert members == expected_members()


@pytest.mark.parametrize(
    "files",
    [
        nested_files(top=""),
        flat_files(top=""),
        nested_files(),
        flat_files(),
        {**flat_files({"cluster": cluster_files()}, top=""), **nested_files(top="")},
    ],
    ids=["inner archives", "unpacked", "inner archives below", "unpacked below", "mixed"],
)
def test_folder(files: dict[str, bytes], tmp_path: Path) -> None:
    members, inventory = read_all(write_folder(tmp_path / "b", files))
    assert members == expected_members()
    assert inventory.layout == "demarc-1"


def test_folder_and_archive_of_one_part_tell_of_the_double(tmp_path: Path) -> None:
    files = {**nested_files(top=""), "nodes/n1/host/df": b"mine\n"}
    members, inventory = read_all(write_folder(tmp_path, files))
    assert members["nodes/n1/host/df"] == b"mine\n"
    assert any("found twice" in gap.detail for gap in inventory.gaps())


def test_inner_archives_may_be_plain_or_zstd() -> None:
    files = {
        "nodes/n1.tar": tar_of(node_files()),
        "nodes/n2.tar.zst": zst(tar_of(node_files())),
        "nodes/n3.tgz": gz(tar_of(node_files())),
    }
    members, inventory = read_all(tar_of(files))
    assert inventory.nodes == ("n1", "n2", "n3")
    assert members["nodes/n2/host/df"] == node_files()["host/df"]


@pytest.mark.parametrize("prefix", ["n1/", "nodes/n1/", "./"])
def test_inner_archive_packed_one_folder_up(prefix: str) -> None:
    inner = {f"{prefix}{path}": data for path, data in node_files().items()}
    members, _ = read_all(tar_of({"nodes/n1.tar.gz": gz(tar_of(inner))}))
    assert members == expected_members({"nodes/n1": node_files()})


def test_no_manifest_is_told_and_goes_on() -> None:
    files = nested_files()
    del files["demarc-c1/manifest.json"]
    members, inventory = read_all(tar_of(files))
    assert members == expected_members()
    assert inventory.manifest is None
    assert not inventory.complete
    assert any("interrupted" in gap.detail for gap in inventory.gaps())


def test_manifest_at_the_end_of_a_stream() -> None:
    files = flat_files()
    files["demarc-c1/manifest.json"] = files.pop("demarc-c1/manifest.json")
    bundle = opened(gz(tar_of(files)))
    assert bundle.manifest is not None
    assert len(list(bundle.members())) == len(expected_members())


def test_late_manifest_beyond_the_first_look() -> None:
    big = parts()
    big["nodes/n1"]["host/dmesg"] = bytes(range(256)) * 4096
    files = flat_files(big)
    files["demarc-c1/manifest.json"] = files.pop("demarc-c1/manifest.json")
    bundle = opened(gz(tar_of(files)))
    assert bundle.manifest is None
    for _ in bundle.members():
        pass
    assert bundle.finish().manifest is not None


@pytest.mark.parametrize("pack", [tar_of, lambda files: gz(tar_of(files))], ids=["tar", "tar.gz"])
def test_one_node_alone(pack: object, tmp_path: Path) -> None:
    path = tmp_path / "aks-pool-vmss000001.tar.gz"
    path.write_bytes(pack(node_files()))  # type: ignore[operator]
    members, inventory = read_all(path)
    assert inventory.nodes == ("aks-pool-vmss000001",)
    assert members["nodes/aks-pool-vmss000001/host/df"] == node_files()["host/df"]


def test_unfinished_archive_of_an_interrupted_run_is_read(tmp_path: Path) -> None:
    files = nested_files(top="")
    del files["manifest.json"]
    files["nodes/n1.tar.gz.part"] = files.pop("nodes/n1.tar.gz")
    files["nodes/n2.tar.gz.part"] = files["nodes/n2.tar.gz"][:90]
    members, inventory = read_all(write_folder(tmp_path, files))
    assert members == expected_members()
    assert not inventory.parts["nodes/n2"].torn


def test_files_that_macos_adds_are_ignored() -> None:
    files = nested_files()
    litter = {f"demarc-c1/{name}": b"x" for name in (".DS_Store", "._cluster.tar.gz")}
    litter["demarc-c1/nodes/._n1.tar.gz"] = b"x"
    members, inventory = read_all(tar_of({**litter, **files}))
    assert members == expected_members()
    assert inventory.nodes == ("n1", "n2")
    assert inventory.complete


def test_one_node_alone_as_a_folder(tmp_path: Path) -> None:
    _, inventory = read_all(write_folder(tmp_path / "n7", node_files()))
    assert inventory.nodes == ("n7",)


def test_cluster_part_alone() -> None:
    members, inventory = read_all(gz(tar_of(cluster_files())))
    assert members == expected_members({"cluster": cluster_files()})
    assert inventory.nodes == ()


def test_unknown_files_are_ignored() -> None:
    files = {**nested_files(), "demarc-c1/README.txt": b"hello", "demarc-c1/new-part/x": b"y"}
    members, inventory = read_all(tar_of(files))
    assert members == expected_members()
    assert inventory.complete


def test_partitioned_only_where_processes_can_read(tmp_path: Path) -> None:
    for name, data in ARCHIVES.items():
        path = tmp_path / name
        path.write_bytes(data)
        assert open_bundle(path).partitioned == name.endswith(".tar")
    assert not opened(ARCHIVES["nested.tar"]).partitioned
    assert open_bundle(write_folder(tmp_path / "f", flat_files())).partitioned


def test_size_and_sum(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "b.tar"
    path.write_bytes(nested())
    bundle = open_bundle(path)
    assert bundle.size_bytes == len(nested())
    assert bundle.sha256() == hashlib.sha256(nested()).hexdigest()
    assert opened(nested()).sha256() == bundle.sha256()


def test_sum_of_a_folder_as_documented(tmp_path: Path) -> None:
    import hashlib

    files = flat_files(top="")
    lines = "".join(
        f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n" for name in sorted(files)
    )
    bundle = open_bundle(write_folder(tmp_path / "b", files))
    assert bundle.sha256() == hashlib.sha256(lines.encode()).hexdigest()
    assert bundle.size_bytes == sum(map(len, files.values()))


def test_name_can_be_given() -> None:
    assert opened(nested(), name="ticket.tar").name == "ticket.tar"
    assert opened(nested()).name == "standard input"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample bundles are not here")
def test_sample_bundles_are_complete() -> None:
    bundles = sorted((SAMPLES / "12-bundles-format-1").glob("*.tar"))
    assert bundles
    for path in bundles:
        members, inventory = read_all(path)
        assert inventory.complete, [str(gap) for gap in inventory.gaps()]
        assert len(members) > 300
        for name, part in inventory.parts.items():
            assert {r.path for r in part.rows} <= part.files.keys(), name
