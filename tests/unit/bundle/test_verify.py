"""The manifest's sums against the archives."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from analyzer.bundle import open_bundle
from analyzer.bundle.verify import Verdict, verify
from tests.unit.bundle.tarballs import (
    SAMPLES,
    flat,
    gz,
    manifest,
    nested,
    nested_files,
    opened,
    tar_of,
    write_folder,
    zst,
)


def listed() -> dict[str, bytes]:
    """The outer shell of a bundle whose manifest lists its archives."""
    files = nested_files(top="")
    members = [
        {"path": path, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
        if path != "manifest.json"
    ]
    return {**files, "manifest.json": manifest(members=members)}


def verdicts(source: bytes | Path) -> dict[str, Verdict]:
    return {check.path: check.verdict for check in verify(opened(source))}


def test_whole_bundle_in_every_shape(tmp_path: Path) -> None:
    data = tar_of(listed())
    for source in (data, gz(data), zst(data), write_folder(tmp_path, listed())):
        found = verdicts(source)
        assert set(found) == set(listed()) - {"manifest.json"}
        assert set(found.values()) == {Verdict.OK}


def test_changed_cut_missing_and_added() -> None:
    files = listed()
    changed = bytearray(files["cluster.tar.gz"])
    changed[20] ^= 1
    files["cluster.tar.gz"] = bytes(changed)
    files["nodes/n1.tar.gz"] = files["nodes/n1.tar.gz"][:-9]
    del files["azure.tar.gz"]
    files["nodes/n9.tar.gz"] = gz(b"x")
    assert verdicts(tar_of(files)) == {
        "azure.tar.gz": Verdict.MISSING,
        "cluster.tar.gz": Verdict.WRONG_SUM,
        "nodes/n1.tar.gz": Verdict.WRONG_SIZE,
        "nodes/n2.tar.gz": Verdict.OK,
        "nodes/n9": Verdict.EXTRA,
    }


def test_without_manifest_or_archives() -> None:
    files = listed()
    del files["manifest.json"]
    assert verdicts(tar_of(files)) == {}
    assert verdicts(flat()) == {}
    assert Verdict.OK not in verdicts(nested()).values()


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample bundles are not here")
def test_sample_bundles() -> None:
    for path in sorted((SAMPLES / "12-bundles-format-1").glob("*.tar")):
        assert {check.verdict for check in verify(open_bundle(path))} == {Verdict.OK}
