"""Small bundles, built in memory: the same content in every shape that the reader takes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import zstandard

from analyzer.bundle import Bundle, Inventory, Limits, open_bundle

Files = dict[str, bytes]

HEADER = "item\tpath\tcommand\texit\tstarted\tms\tbytes\ttruncated\tmasked\tnote\n"
STARTED = "2026-03-01T10:00:00Z"
FINISHED = "2026-03-01T10:09:00Z"
SAMPLES = Path(__file__).parents[3].parent / "shared" / "samples"


def row(path: str, **cells: object) -> str:
    """One row of ``collection.tsv``; cells by column name."""
    values = {"item": path, "path": path, "command": "take", "exit": 0, "started": STARTED}
    values |= {"ms": 5, "bytes": 1, "truncated": 0, "masked": 0, "note": ""} | cells  # type: ignore[dict-item]
    return "\t".join(str(values[name]) for name in HEADER.strip().split("\t")) + "\n"


def with_table(files: Files, *extra: str, **cells_by_path: dict[str, object]) -> Files:
    """Add the table of a part: a row for each file, then the extra rows."""
    rows = [row(path, bytes=len(data)) for path, data in files.items()]
    return {**files, "collection.tsv": (HEADER + "".join([*rows, *extra])).encode()}


def node_files(name: str = "n1") -> Files:
    """A node part with a few items of every kind."""
    return with_table(
        {
            "host/os-release": b'NAME="Ubuntu"\n',
            "host/df": b"Filesystem 1K-blocks\n/dev/root 100\n",
            "kubelet/journal.log": f"{STARTED} {name} kubelet[1]: started\nsecond\n".encode() * 40,
            "kubelet/flags": b"--node-ip=10.0.0.4\n",
            "cni/net.d/10-azure.conflist": b'{"cniVersion":"0.3.0"}\n',
            "network/ipset": b"\n",
        }
    )


def cluster_files() -> Files:
    """A cluster part."""
    return with_table(
        {
            "version.json": b'{"gitVersion":"v1.33.5"}\n',
            "resources/core/nodes.json": b'{"kind":"NodeList","items":[]}\n',
            "resources/core/pods/kube-system.json": b'{"kind":"PodList","items":[]}\n',
            "logs/kube-system/coredns-1/coredns.log": b"2026-03-01T10:00:00Z up\n",
        }
    )


def azure_files() -> Files:
    """An azure part."""
    return with_table({"nsg.json": b"[]\n"})


def parts() -> dict[str, Files]:
    """Two nodes, the cluster, the ARM exports."""
    return {
        "azure": azure_files(),
        "cluster": cluster_files(),
        "nodes/n1": node_files("n1"),
        "nodes/n2": node_files("n2"),
    }


def expected_members(of: Mapping[str, Files] | None = None) -> Files:
    """Canonical path and content of all that the bundle holds."""
    return {
        f"{part}/{path}": data
        for part, files in (of or parts()).items()
        for path, data in files.items()
    }


def manifest(**fields: object) -> bytes:
    """A manifest with the usual fields."""
    values: dict[str, object] = {
        "format": 1,
        "collector": {"name": "demarc-collector", "version": "1.0.0"},
        "cluster": {"name": "c1", "id": "uid", "server_version": "v1.33.5"},
        "started": STARTED,
        "finished": FINISHED,
        "nodes": {"asked": 2, "answered": 2, "missing": []},
    }
    return json.dumps(values | fields).encode()


def tar_of(files: Mapping[str, bytes], *, form: int = tarfile.GNU_FORMAT) -> bytes:
    """A plain tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def tar_with(*entries: tarfile.TarInfo | tuple[str, bytes]) -> bytes:
    """A tar of ready headers (links, devices …) and of (name, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
            else:
                info = tarfile.TarInfo(entry[0])
                info.size = len(entry[1])
                archive.addfile(info, io.BytesIO(entry[1]))
    return out.getvalue()


def gz(data: bytes) -> bytes:
    """Compress without a time stamp."""
    return gzip.compress(data, 6, mtime=0)


def zst(data: bytes) -> bytes:
    """Compress as Zstandard."""
    return zstandard.ZstdCompressor().compress(data)


def nested_files(of: Mapping[str, Files] | None = None, *, top: str = "demarc-c1/") -> Files:
    """The files of the outer shell: the manifest and an archive for each part."""
    inner = {f"{top}{part}.tar.gz": gz(tar_of(files)) for part, files in (of or parts()).items()}
    return {f"{top}manifest.json": manifest(), **inner}


def nested(of: Mapping[str, Files] | None = None, *, top: str = "demarc-c1/") -> bytes:
    """The form that the collector writes."""
    return tar_of(nested_files(of, top=top))


def flat_files(of: Mapping[str, Files] | None = None, *, top: str = "demarc-c1/") -> Files:
    """All files with their canonical paths, and the manifest."""
    files = {f"{top}{path}": data for path, data in expected_members(of).items()}
    return {f"{top}manifest.json": manifest(), **files}


def flat(of: Mapping[str, Files] | None = None, *, top: str = "demarc-c1/") -> bytes:
    """The unpacked form in one tar."""
    return tar_of(flat_files(of, top=top))


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files below a folder."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def opened(source: bytes | Path | BinaryIO, **options: object) -> Bundle:
    """Open bytes as a stream, or a path."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    return open_bundle(source, **options)  # type: ignore[arg-type]


def read_all(
    source: bytes | Path | BinaryIO, limits: Limits | None = None
) -> tuple[Files, Inventory]:
    """Run the pass: content by canonical path, and the inventory."""
    bundle = opened(source, limits=limits or Limits())
    found: Files = {}
    for part, member in bundle.members():
        assert member.path.startswith(f"{part}/")
        assert member.path not in found
        found[member.path] = member.read()
    return found, bundle.finish()
