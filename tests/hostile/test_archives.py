"""Hostile archives: each costs what it hit, is told, and never raises, hangs or fills memory."""

from __future__ import annotations

import io
import struct
import sys
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from analyzer.bundle import BundleError, Inventory, Limits
from analyzer.bundle.rotated import MOST, unpacked_log
from analyzer.model.gap import Presence
from tests.hostile.effort import EFFORT
from tests.unit.bundle.tarballs import (
    Files,
    expected_members,
    flat_files,
    gz,
    nested_files,
    node_files,
    opened,
    read_all,
    tar_of,
    tar_with,
    write_folder,
    zst,
)

GOOD = "host/df"


def node_bundle(inner: bytes) -> bytes:
    """A bundle of two nodes: n1 holds ``inner``, n2 is good."""
    return tar_of({"nodes/n1.tar.gz": inner, "nodes/n2.tar.gz": gz(tar_of(node_files()))})


def check_good(members: Files) -> None:
    """The other node must have come through whole."""
    assert {p: d for p, d in members.items() if p.startswith("nodes/n2/")} == expected_members(
        {"nodes/n2": node_files()}
    )


def told(inventory: Inventory, *words: str) -> bool:
    """Some gap holds all the words."""
    return any(all(word in str(gap) for word in words) for gap in inventory.gaps())


def link(kind: bytes, name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("../../../etc/passwd", "climbs"),
        ("host/../../n2/host/df", "climbs"),
        ("/etc/passwd", "absolute"),
        ("host/" + "d/" * 400 + "x" * 300, "longer"),
        ("host/a\nb", "cannot be shown"),
        ("host/\x1b[31mred", "cannot be shown"),
        ("host/\u202egpj.exe", "cannot be shown"),
    ],
)
def test_bad_names_are_refused(name: str, word: str) -> None:
    members, inventory = read_all(node_bundle(gz(tar_with((name, b"evil"), (GOOD, b"df\n")))))
    check_good(members)
    assert b"evil" not in members.values()
    assert members["nodes/n1/host/df"] == b"df\n"
    assert told(inventory, word)
    assert all(gap.path.isprintable() and len(gap.path) < 400 for gap in inventory.gaps())


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["host/\udcff\udcfe", "host/" + "l" * 120 + "\udcff"])
def test_names_that_are_not_utf8(form: int, name: str) -> None:
    if form == tarfile.USTAR_FORMAT and len(name) > 99:
        pytest.skip("does not fit into this form")
    members, inventory = read_all(node_bundle(gz(tar_of({name: b"evil", GOOD: b"ok"}, form=form))))
    check_good(members)
    assert b"evil" not in members.values()
    assert members["nodes/n1/host/df"] == b"ok"
    assert told(inventory, "nodes/n1")


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "character device"),
        (tarfile.BLKTYPE, "block device"),
        (tarfile.FIFOTYPE, "named pipe"),
    ],
)
def test_links_and_devices_are_told_and_not_followed(kind: bytes, word: str) -> None:
    inner = tar_with(link(kind, "host/evil", "/etc/passwd"), ("host/evil/x", b"x"), (GOOD, b"ok"))
    members, inventory = read_all(node_bundle(gz(inner)))
    check_good(members)
    assert members["nodes/n1/host/df"] == b"ok"
    assert "nodes/n1/host/evil" not in members
    assert told(inventory, word, "host/evil")


def test_links_in_the_outer_archive() -> None:
    data = tar_with(link(tarfile.SYMTYPE, "nodes/n9.tar.gz", "/etc"), *nested_files(top="").items())
    members, inventory = read_all(data)
    assert members == expected_members()
    assert told(inventory, "symbolic link", "n9")


def test_duplicates_first_wins() -> None:
    inner = tar_with((GOOD, b"first"), (GOOD, b"second"), ("./host//df", b"third"))
    members, inventory = read_all(node_bundle(gz(inner)))
    assert members["nodes/n1/host/df"] == b"first"
    assert told(inventory, "host/df", "found twice")


def test_duplicate_parts_first_wins() -> None:
    one = gz(tar_of({GOOD: b"first"}))
    two = gz(tar_of({GOOD: b"second", "host/uname": b"more"}))
    members, inventory = read_all(tar_with(("nodes/n1.tar.gz", one), ("nodes/n1.tar.gz", two)))
    assert members["nodes/n1/host/df"] == b"first"
    assert told(inventory, "found twice")


def test_bomb_in_a_node_costs_that_node() -> None:
    bomb = gz(tar_of({"host/dmesg": bytes(300 << 20), GOOD: b"x"}))
    assert len(bomb) < 1 << 20
    before = time.perf_counter()
    bundle = opened(node_bundle(bomb), limits=Limits(ratio_floor=16 << 20))
    members, most = {}, 0
    for _, member in bundle.members():
        size = 0
        for chunk in member.chunks():
            size += len(chunk)
        most = max(most, size)
        members[member.path] = size
    assert most <= 80 << 20
    assert "nodes/n2/host/df" in members
    assert told(bundle.finish(), "nodes/n1", "times its size")
    assert time.perf_counter() - before < 10


def test_total_is_bounded() -> None:
    limits = Limits(max_total_bytes=1 << 20)
    inner = gz(tar_of({f"host/f{n}": bytes([n]) * 50_000 for n in range(100)}))
    members, inventory = read_all(node_bundle(inner), limits)
    assert sum(map(len, members.values())) <= 1 << 20
    assert told(inventory, "when unpacked")
    assert inventory.state("nodes/n1/host/f99").presence is Presence.FAILED


def test_total_is_bounded_for_zstd() -> None:
    frame = zst(flat_tar := tar_of(flat_files() | {"nodes/n1/host/zeros": bytes(64 << 20)}))
    assert len(frame) < len(flat_tar) // 100
    members, inventory = read_all(frame, Limits(max_total_bytes=8 << 20))
    assert told(inventory, "when unpacked")
    assert sum(map(len, members.values())) <= 8 << 20


def test_nested_archives_are_not_unfolded_for_ever() -> None:
    inner = gz(tar_of({"nodes/n1.tar.gz": gz(tar_of({GOOD: b"deep"})), GOOD: b"ok"}))
    members, _ = read_all(node_bundle(inner))
    assert members["nodes/n1/host/df"] == b"ok"
    assert not any(data == b"deep" for data in members.values())


def test_nesting_limit() -> None:
    members, inventory = read_all(node_bundle(gz(tar_of(node_files()))), Limits(max_nesting=1))
    assert members == {}
    assert told(inventory, "inside one another")


def test_a_million_entries_end_at_the_limit() -> None:
    """A fifth of that, unless more effort is asked for."""
    entries = int(200_000 * min(max(EFFORT, 1), 6))
    most = entries * 3 // 4 if EFFORT < 6 else 1_000_000
    header = tarfile.TarInfo("host/f").tobuf(tarfile.USTAR_FORMAT)
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    pieces = [packer.compress(header * 10_000) for _ in range(entries // 10_000)]
    data = node_bundle(b"".join([*pieces, packer.compress(bytes(1024)), packer.flush()]))
    before = time.perf_counter()
    members, inventory = read_all(data, Limits(max_members=most, ratio_floor=1 << 30))
    assert len(members) <= 2
    assert told(inventory, f"more than {most} files")
    assert len(inventory.gaps()) < 250
    assert time.perf_counter() - before < 30 * max(1, EFFORT)


def test_many_refused_entries_make_few_gaps() -> None:
    entries = [link(tarfile.SYMTYPE, f"host/l{n}", "x") for n in range(5_000)]
    _, inventory = read_all(node_bundle(gz(tar_with(*entries, (GOOD, b"ok")))))
    assert told(inventory, "more of this kind")
    assert len(inventory.gaps()) < 200


@pytest.mark.parametrize("size", [b"77777777777\0", b"\x80" + b"\xff" * 11, b"\xff" * 12, b"-7\0"])
def test_sizes_that_lie(size: bytes) -> None:
    header = bytearray(tarfile.TarInfo("host/huge").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = size.ljust(12, b"\0")
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:512]) + 8 * 32)
    members, inventory = read_all(node_bundle(gz(bytes(header) + b"x" * 2048)))
    check_good(members)
    assert len(members.get("nodes/n1/host/huge", b"")) <= 2048
    assert told(inventory, "nodes/n1")


def test_size_that_lies_in_the_outer_archive() -> None:
    header = bytearray(tarfile.TarInfo("nodes/n9.tar.gz").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"77777777777\0"
    header[148:156] = b"%06o\0 " % (sum(header[:148]) + sum(header[156:512]) + 8 * 32)
    whole = tar_of(nested_files(top="")).rstrip(b"\0")
    open_end = whole + bytes(-len(whole) % 512)
    members, inventory = read_all(open_end + bytes(header) + b"zz")
    assert "nodes/n1/host/df" in members
    assert not inventory.complete


def test_pax_that_lies() -> None:
    records = b"30 path=../../etc/passwd\n99999 size=5\n11 size=-12\nnonsense"
    info = tarfile.TarInfo("pax")
    info.type = tarfile.XHDTYPE
    info.size = len(records)
    pad = records.ljust(512, b"\0")
    inner = info.tobuf(tarfile.USTAR_FORMAT) + pad + tar_of({GOOD: b"ok", "host/ps": b"p"})
    members, _ = read_all(node_bundle(gz(inner)))
    assert members["nodes/n1/host/ps"] == b"p"


def test_huge_extended_header_is_not_read() -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 8 << 20
    inner = info.tobuf(tarfile.GNU_FORMAT) + b"n" * (8 << 20) + tar_of({GOOD: b"ok"})
    members, inventory = read_all(node_bundle(gz(inner)))
    assert members["nodes/n1/host/df"] == b"ok"
    assert told(inventory, "extended header is too large")


def test_fake_headers_do_not_keep_the_search_busy() -> None:
    fake = (b"\0" * 257 + b"ustar\0" + b"ustar" * 49).ljust(512, b"u") * 20_000
    before = time.perf_counter()
    members, _ = read_all(node_bundle(gz(b"\1" * 512 + fake)))
    check_good(members)
    members, _ = read_all(node_bundle(gz(tar_of({GOOD: b"ok"})[:1024] + fake)))
    assert members["nodes/n1/host/df"] == b"ok"
    assert time.perf_counter() - before < 20


def test_many_gzip_members_are_bounded() -> None:
    before = time.perf_counter()
    members, inventory = read_all(node_bundle(gz(b"") * 120_000 + gz(tar_of({GOOD: b"x"}))))
    check_good(members)
    assert told(inventory, "nodes/n1", "gzip members")
    assert time.perf_counter() - before < 30


def test_many_gzip_members_in_a_rotated_log_are_bounded() -> None:
    before = time.process_time()
    (piece,) = unpacked_log(gz(b"line\n") + gz(b"") * 150_000 + gz(b"more\n"))
    assert piece.data == b"line\n" and "gzip members" in piece.cut
    assert time.process_time() - before < 5
    bomb = gz(bytes(90 << 20))
    (piece,) = unpacked_log(bomb)
    assert len(piece.data) == MOST and "are read" in piece.cut


def test_gzip_members_that_follow_one_another_are_one_stream() -> None:
    whole = tar_of(node_files())
    inner = b"".join(gz(whole[at : at + 700]) for at in range(0, len(whole), 700)) + bytes(512)
    members, inventory = read_all(node_bundle(inner))
    assert members["nodes/n1/host/df"] == node_files()["host/df"]
    assert not inventory.parts["nodes/n1"].torn


def zip_of(entries: Files, **kinds: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def zipped_node(data: bytes) -> bytes:
    return node_bundle(gz(tar_of({"azure/aks-log-collector.zip": data, GOOD: b"ok"})))


def test_zip_of_the_node_is_a_folder() -> None:
    data = zip_of({"var/log/azure-vnet.log": b"line\n", "collect/ip_rule.json": b"[]"})
    members, inventory = read_all(zipped_node(data))
    folder = "nodes/n1/azure/aks-log-collector"
    assert members[f"{folder}/var/log/azure-vnet.log"] == b"line\n"
    assert members[f"{folder}/collect/ip_rule.json"] == b"[]"
    assert f"{folder}.zip" not in members
    assert members["nodes/n1/host/df"] == b"ok"
    assert inventory.state(f"{folder}.zip").presence is Presence.PRESENT
    assert inventory.state(f"{folder}/**").presence is Presence.PRESENT


@pytest.mark.parametrize("name", ["", "\0", "\0x"])
def test_zip_with_a_file_without_a_name(name: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for text in (name, "var/log/azure-vnet.log"):
            info = zipfile.ZipInfo("x")
            info.filename = text
            archive.writestr(info, b"line\n")
    members, _ = read_all(zipped_node(out.getvalue()))
    assert members["nodes/n1/azure/aks-log-collector/var/log/azure-vnet.log"] == b"line\n"
    check_good(members)
    alone, _ = read_all(out.getvalue())  # such a zip is also what AKS's own collector writes
    assert b"line\n" in alone.values()


def zip_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("evil")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        archive.writestr("../climb", "x")
        archive.writestr("/abs", "x")
        archive.writestr("good", "fine")
    return out.getvalue()


def test_zip_with_links_and_bad_names() -> None:
    members, inventory = read_all(zipped_node(zip_link()))
    inside = {p: d for p, d in members.items() if "aks-log-collector/" in p}
    assert inside == {"nodes/n1/azure/aks-log-collector/good": b"fine"}
    assert told(inventory, "climbs")
    assert told(inventory, "absolute")


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"PK\x05\x06",
        b"no zip at all",
        zip_of({"a": b"text " * 1000})[:-30],
        zip_of({"a": b"text " * 1000}).replace(b"PK\x01\x02", b"PK\x01\x03"),
        b"PK\x01\x02" * 60_000 + zip_of({"a": b"b"}),
        b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 1 << 31, 0, 0),
    ],
)
def test_broken_zip_costs_the_zip(broken: bytes) -> None:
    members, _ = read_all(zipped_node(broken))
    check_good(members)
    assert members["nodes/n1/host/df"] == b"ok"


def test_damaged_zip_content_ends_there() -> None:
    data = bytearray(zip_of({"a.log": bytes(range(256)) * 400, "b.log": b"fine"}))
    data[200:220] = b"\xff" * 20
    members, inventory = read_all(zipped_node(bytes(data)))
    folder = "nodes/n1/azure/aks-log-collector"
    assert members[f"{folder}/b.log"] == b"fine"
    assert inventory.state(f"{folder}/a.log").presence is Presence.TRUNCATED


def test_zip_bomb() -> None:
    limits = Limits(ratio_floor=1 << 20)
    members, inventory = read_all(zipped_node(zip_of({"zeros": bytes(64 << 20)})), limits)
    assert sum(map(len, members.values())) < 1 << 20
    assert told(inventory, "times its size")


def test_zip_larger_than_the_limit_is_not_read() -> None:
    members, inventory = read_all(zipped_node(zip_of({"a": b"b"})), Limits(max_zip_bytes=10))
    assert not any("aks-log-collector" in path for path in members)
    assert told(inventory, "larger than 10 bytes")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_folder_with_links_and_pipes(tmp_path: Path) -> None:
    import os

    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    root = write_folder(tmp_path / "b", flat_files(top=""))
    (root / "nodes/n1/host/evil").symlink_to(secret)
    (root / "nodes/n9").symlink_to(tmp_path)
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "nodes/n1/host/pipe")
    members, inventory = read_all(root)
    assert members == expected_members()
    assert told(inventory, "nodes/n1/host/evil", "symbolic link")
    assert told(inventory, "pipe", "no regular file")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names themselves")
def test_folder_with_names_that_are_not_utf8(tmp_path: Path) -> None:
    import os

    root = write_folder(tmp_path / "b", flat_files(top=""))
    with open(os.fsencode(root) + b"/nodes/n1/host/\xff\xfe", "wb") as file:  # noqa: PTH123
        file.write(b"evil")
    members, inventory = read_all(root)
    assert members == expected_members()
    assert told(inventory, "cannot be shown")
    assert inventory.sha256


def test_file_that_goes_away_or_shrinks(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "b", flat_files(top=""))
    bundle = opened(root)
    (root / "nodes/n1/host/df").unlink()
    (root / "nodes/n1/kubelet/journal.log").write_bytes(b"short\n")
    members = {member.path: member.read() for _, member in bundle.members()}
    assert members["nodes/n1/host/df"] == b""
    inventory = bundle.finish()
    assert inventory.state("nodes/n1/host/df").presence is Presence.TRUNCATED
    assert inventory.state("nodes/n1/kubelet/journal.log").presence is Presence.TRUNCATED


def test_lone_manifest_of_another_tool_is_no_bundle() -> None:
    with pytest.raises(BundleError):
        opened(tar_of({"manifest.json": b'[{"Config":"x.json"}]', "abc/layer.tar": b""}))
