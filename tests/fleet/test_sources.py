"""What counts as a bundle, and where bundles are found."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from analyzer.fleet.errors import FleetError
from analyzer.fleet.sources import find_sources
from fixtures.build import scenario, tree, write
from tests.needs import package


def _names(*named: str | Path, **more: Path) -> list[str]:
    return [source.name for source in find_sources([str(name) for name in named], **more)]


def test_a_folder_is_searched_and_other_files_are_passed_over(bundles: Path) -> None:
    assert sorted(_names(bundles)) == [
        "broken.tar", "bug.tar", "byocni.tar", "copy-of-bug.tar", "edited.tar", "prod-1.tar",
        "prod-2.tar",
    ]  # fmt: skip


def test_patterns_and_overlaps_name_each_bundle_once(bundles: Path) -> None:
    assert _names(bundles / "prod-*.tar", bundles / "prod-1.tar") == ["prod-1.tar", "prod-2.tar"]


def test_an_unpacked_bundle_is_one_bundle_though_archives_lie_in_it(tmp_path: Path) -> None:
    world = scenario({"name": "u", "pools": {"system": 1}})
    (tmp_path / "all").mkdir()
    packed = write(tree(world), tmp_path / "all" / "packed.tar")
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path / "all" / "unpacked", filter="data")
    assert list((tmp_path / "all" / "unpacked").rglob("*.tar.gz"))
    assert _names(tmp_path / "all") == ["packed.tar", "unpacked"]


def test_a_sealed_bundle_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.tar.age").write_bytes(b"age-encryption.org/v1\n")
    assert _names(tmp_path) == ["a.tar.age"]


def test_the_fleets_own_folder_is_left_out(bundles: Path) -> None:
    inner = bundles / "more"
    assert "copy-of-bug.tar" not in _names(bundles, leave_out=inner)


def test_a_link_that_leads_in_a_circle_ends(bundles: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar").write_bytes(b"x")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in", target_is_directory=True)
    assert _names(tmp_path) == ["a.tar"]


def test_a_place_without_bundles_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(FleetError, match="there is no bundle in"):
        find_sources([str(tmp_path)])
    with pytest.raises(FleetError, match="no such file or folder"):
        find_sources([str(tmp_path / "absent")])


def test_an_object_store_is_listed(bundles: Path) -> None:
    fsspec = package("fsspec")
    store = fsspec.filesystem("memory")
    for name in ("bug.tar", "edited.tar"):
        store.pipe(f"/team/2026/{name}", (bundles / name).read_bytes())
    store.pipe("/team/readme.md", b"x")
    assert _names("memory://team") == ["bug.tar", "edited.tar"]
    assert _names("memory://team/*/bug*") == ["bug.tar"]
    before = find_sources(["memory://team/2026/bug.tar"])[0]
    assert before.place == "memory:///team/2026/bug.tar"
    store.pipe("/team/2026/bug.tar", b"other")
    assert find_sources(["memory://team/2026/bug.tar"])[0].stamp != before.stamp


def test_a_store_whose_package_is_missing_is_one_clear_line() -> None:
    package("fsspec")
    with pytest.raises(FleetError) as caught:
        find_sources(["s3://bucket/folder"])
    assert "\n" not in caught.value.what and "s3fs" in caught.value.hint
