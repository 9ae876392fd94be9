"""A list that was read and holds nothing leaves a row and no file: it is empty, not unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.bundle import open_bundle
from analyzer.facts.load import load_facts
from analyzer.facts.more_listings import LimitRanges
from analyzer.facts.patterns import PatternSet
from analyzer.model.gap import NotCollected

HEAD = "item\tpath\tcommand\texit\tstarted\tms\tbytes\ttruncated\tmasked\tnote\n"
LIST = "limitranges\tresources/core/limitranges\tkubectl\t{exit}\t\t5\t0\t0\t0\t{note}\n"
ONE = "limitranges/shop\tresources/core/limitranges/shop.json\tkubectl\t0\t\t\t90\t0\t0\t\n"


def _limit_ranges(root: Path, rows: str) -> LimitRanges:
    cluster = root / "cluster"
    (cluster / "resources" / "core").mkdir(parents=True)
    (cluster / "resources" / "core" / "nodes.json").write_text('{"kind":"NodeList","items":[]}')
    (cluster / "collection.tsv").write_text(HEAD + rows)
    return load_facts(open_bundle(root), PatternSet(())).facts.of(LimitRanges)


def test_an_empty_list_is_read_as_empty(tmp_path: Path) -> None:
    found = _limit_ranges(tmp_path, LIST.format(exit=0, note=""))
    assert found.readable and found.of("kube-system") == () and found.get("shop", "x") is None
    assert found.listing("shop").path == "cluster/collection.tsv"


@pytest.mark.parametrize(
    "rows", ["", LIST.format(exit=1, note="forbidden: no"), LIST.format(exit=0, note="") + ONE]
)
def test_a_list_that_was_not_read_or_is_torn_is_not_empty(tmp_path: Path, rows: str) -> None:
    found = _limit_ranges(tmp_path, rows)
    with pytest.raises(NotCollected):
        found.of("shop")
