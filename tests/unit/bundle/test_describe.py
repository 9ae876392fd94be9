"""The description of a bundle."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.bundle.describe import BundleDescription, describe
from analyzer.model.gap import Presence
from tests.unit.bundle.tarballs import (
    expected_members,
    gz,
    manifest,
    nested,
    nested_files,
    opened,
    row,
    tar_of,
    with_table,
)


def description(data: bytes) -> BundleDescription:
    bundle = opened(data)
    for _ in bundle.members():
        pass
    return describe(bundle, bundle.finish())


def test_whole_bundle() -> None:
    told = description(nested())
    assert told.layout == "demarc-1"
    assert told.cluster == "c1"
    assert told.collector == "demarc-collector 1.0.0"
    assert told.started == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert told.collected_at_source == "manifest"
    assert told.nodes == ("n1", "n2")
    assert told.nodes_asked == 2
    assert told.complete
    assert told.packed_bytes == len(nested())
    assert told.unpacked_bytes == sum(map(len, expected_members().values()))
    assert [part.name for part in told.parts] == ["azure", "cluster", "nodes/n1", "nodes/n2"]
    node = told.parts[2]
    assert node.packed_bytes > 0
    assert node.items[Presence.EMPTY] == 1
    assert set(node.items) == set(Presence)
    assert BundleDescription.model_validate_json(told.model_dump_json()) == told


def test_missing_items_with_reasons() -> None:
    files = nested_files(top="")
    node = with_table({"host/df": b"x\n"}, row("kubelet/config.json", exit=1, note="forbidden"))
    files["nodes/n1.tar.gz"] = gz(tar_of(node))
    files["manifest.json"] = manifest(masked={"env-value": 3})
    told = description(tar_of(files))
    missing = {gap.path: gap for gap in told.parts[2].missing}
    assert missing["nodes/n1/kubelet/config.json"].reason is Presence.FORBIDDEN
    assert missing["nodes/n1/host/uname"].reason is Presence.NOT_ASKED
    assert "nodes/n1/host/df" not in missing
    assert told.masked == {"env-value": 3}
    assert not told.complete


def test_no_manifest_and_torn_part() -> None:
    files = nested_files(top="")
    del files["manifest.json"]
    files["nodes/n1.tar.gz"] = files["nodes/n1.tar.gz"][:60]
    told = description(tar_of(files))
    assert told.collector == ""
    assert told.nodes_asked is None
    assert told.collected_at_source == "collection rows"
    assert told.started == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert told.parts[2].torn == "the gzip stream is cut off"
