"""Every data file loads, says where its facts come from, and a user's mistake is found by line."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from analyzer.baselines import (
    calendar,
    catalogue,
    egress,
    managers,
    node_images,
    node_metadata,
    third_party,
)
from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.data_files import DataFileError, packaged
from analyzer.baselines.freshness import data_date
from analyzer.baselines.projections import expected_lines
from analyzer.baselines.schema import Scope

DATA = sorted(str(p) for p in (files("analyzer.baselines") / "data").iterdir())


def test_every_file_carries_its_schema_and_its_date() -> None:
    folder = Path(str(files("analyzer.baselines") / "data"))
    names = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.yaml"))
    assert len(names) >= 15
    for name in names:
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", packaged(name).as_of), name
        assert packaged(name).as_of <= data_date()


def test_all_tables_load(catalogue: Catalogue) -> None:
    assert len(catalogue.components) >= 130
    assert len(managers.managers()) >= 100
    assert len(egress.endpoints()) >= 140
    assert len(third_party.signatures()) >= 90
    assert len(node_metadata.required_labels()) >= 10
    assert calendar.newest_supported(calendar.datetime(2026, 1, 1, tzinfo=calendar.UTC)) == "1.34"
    assert sum(len(rows) for rows in node_images._releases().values()) >= 2470


def test_every_component_has_sources_and_words_of_its_own(catalogue: Catalogue) -> None:
    words = [component.what for component in catalogue.components]
    assert len(set(words)) == len(words)
    for component in catalogue.components:
        assert component.sources, component.id
        for source in component.sources:
            assert catalogue_link(source).startswith("https://"), (component.id, source)
        if component.in_cluster and component.when.scope is not Scope.CUSTOMER:
            assert component.images or component.when.scope is Scope.EXTENSION, component.id


def catalogue_link(source: str) -> str:
    return catalogue.source_link(source)


@pytest.mark.parametrize("minor", ["1.31", "1.32", "1.33", "1.34", "1.35", "1.36"])
def test_core_components_have_a_version_line_for_every_supported_minor(
    catalogue: Catalogue, minor: str
) -> None:
    core = ("coredns", "kube-proxy", "metrics-server", "csi-azuredisk-node", "csi-azurefile-node")
    for name in core:
        assert expected_lines(catalogue.get(name), minor), (name, minor)


BAD_COMPONENT = """\
schema: 1
as_of: "2026-09-01"
components:
- id: own-agent
  name: own-agent
  kind: Deployment
  category: misc
  what: An agent of the platform team.
  when: {scope: sometimes}
"""


def test_a_mistake_in_a_users_file_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "baselines" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(BAD_COMPONENT, encoding="utf-8")
    with pytest.raises(DataFileError) as raised:
        catalogue.load((tmp_path,))
    assert raised.value.file == str(path)
    assert raised.value.line == 9
    assert "when.scope" in raised.value.what


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("schema: 2\ncomponents: []\n", 1, "schema must be 1"),
        ("schema: 1\ncomponents: {a: 1}\n", 2, "must be a list"),
        ("schema: 1\n  components: [\n", 2, "not valid YAML"),
        ("- 1\n", 1, "must be a mapping"),
        (BAD_COMPONENT.replace("sometimes", "feature, any_of: [{add_ons: [typo]}]"), 4, "typo"),
    ],
)
def test_other_mistakes(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = tmp_path / "baselines" / "mine.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFileError, match=re.escape(what)) as raised:
        catalogue.load((tmp_path,))
    assert raised.value.line == line


def test_a_users_component_is_added_and_the_same_id_replaces(tmp_path: Path) -> None:
    path = tmp_path / "baselines" / "mine.yaml"
    path.parent.mkdir()
    mine = BAD_COMPONENT.replace("sometimes", "always")
    mine += mine.partition("components:\n")[2].replace("own-agent", "coredns")
    path.write_text(mine, encoding="utf-8")
    loaded = catalogue.load((tmp_path,))
    assert loaded.get("own-agent").what == "An agent of the platform team."
    assert loaded.get("coredns").category == "misc"
    assert loaded.as_of == "2026-09-01"
    assert catalogue.load().get("coredns").category == "dns"
