"""The data's date against a bundle's, versions newer than the data, tables of a user's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from analyzer.baselines import calendar, component_versions, egress, node_images
from analyzer.baselines.catalogue import load
from analyzer.baselines.component_versions import (
    latest,
    lines_of,
    mesh_revision,
    released,
    releases,
)
from analyzer.baselines.data_files import DataFileError, packaged
from analyzer.baselines.freshness import DataAge, data_age, data_date
from analyzer.baselines.kube_versions import for_minor, minor_number
from analyzer.baselines.newer import (
    Freshness,
    component_freshness,
    image_date,
    image_freshness,
)
from analyzer.baselines.table_checks import use_tables
from analyzer.baselines.tables import TABLES, use_folders
from analyzer.baselines.user_data import check

COREDNS = "mcr.microsoft.com/oss/v2/kubernetes/coredns"


@pytest.fixture(autouse=True)
def _packaged_tables() -> Iterator[None]:
    yield
    use_folders(())


@pytest.mark.parametrize(
    ("as_of", "at", "days", "words"),
    [
        ("2026-08-21", datetime(2026, 11, 24, 3, tzinfo=UTC), 95, "95 days before the bundle"),
        ("2026-08-21", datetime(2026, 8, 22, tzinfo=UTC), 1, "1 day before the bundle"),
        ("2026-08-21", datetime(2026, 8, 1, 23, tzinfo=UTC), -20, "20 days after the bundle"),
        ("2026-08-21", None, None, "baseline data of 2026-08-21"),
        ("", datetime(2026, 8, 1, tzinfo=UTC), None, "baseline data of "),
    ],
)
def test_days_apart(as_of: str, at: datetime | None, days: int | None, words: str) -> None:
    age = data_age(as_of, at)
    assert age == DataAge(as_of, days)
    assert str(age).endswith(words)


@pytest.mark.parametrize(
    ("tag", "day"),
    [
        ("v1.17.17-260701", date(2026, 7, 1)),
        ("master.250902.1", date(2025, 9, 2)),
        ("v1.9.4-hotfix.20240704", date(2024, 7, 4)),
        ("6.16.0-main-04-15-2025-d78050c6-cfg", date(2025, 4, 15)),
        ("20250325.2", date(2025, 3, 25)),
        ("v1.12.1-7", None),
        ("v1.36.1-windows-hpc-1", None),
        ("3.4.0", None),
        ("v1.0.0-991399", None),
    ],
)
def test_the_date_in_a_tag(tag: str, day: date | None) -> None:
    assert image_date(f"mcr.microsoft.com/x/y:{tag}") == day


@pytest.mark.parametrize(
    ("image", "lines", "expected"),
    [
        (f"{COREDNS}:v1.12.1-7", ("1.12", "1.13"), Freshness.COVERED),
        (f"{COREDNS}:v1.15.0-1", ("1.12", "1.14"), Freshness.NEWER),
        (f"{COREDNS}:v1.9.4-7", ("1.12",), Freshness.COVERED),
        ("mcr.microsoft.com/cilium:v1.18.9-261101", ("1.18",), Freshness.NEWER),
        ("mcr.microsoft.com/aks/x:master.250902.1", (), Freshness.COVERED),
        ("mcr.microsoft.com/aks/x:master.261002.1", (), Freshness.NEWER),
        ("mcr.microsoft.com/aks/x:v9.1.1", (), Freshness.UNKNOWN),
        (f"{COREDNS}@sha256:aa", ("1.12",), Freshness.UNKNOWN),
    ],
)
def test_images_newer_than_the_data(
    image: str, lines: tuple[str, ...], expected: Freshness
) -> None:
    assert image_freshness(image, lines, "2026-08-21") is expected


def test_a_component_knows_its_lines_from_both_tables() -> None:
    catalogue = load()
    dns, npm = catalogue.get("coredns"), catalogue.get("azure-npm")
    as_of = catalogue.as_of
    assert component_freshness(f"{COREDNS}:v1.14.9-1", dns, as_of) is Freshness.COVERED
    assert component_freshness(f"{COREDNS}:v1.99.0-1", dns, as_of) is Freshness.NEWER
    # no version lines by hand: those that releases brought count
    image = "mcr.microsoft.com/containernetworking/azure-npm"
    assert component_freshness(f"{image}:v1.6.35", npm, as_of) is Freshness.COVERED
    assert component_freshness(f"{image}:v1.9.0", npm, as_of) is Freshness.NEWER


def test_versions_of_releases() -> None:
    assert releases()[0].kubernetes == ("1.33.13", "1.34.9", "1.35.6", "1.36.2")
    assert released("coredns", "v1.14.3-11") == date(2026, 7, 17)
    assert released("coredns", "v1.14.3-99") is None
    newest = latest("coredns", "1.33")
    assert newest is not None
    assert (newest.version, newest.date) == ("1.12.1-25", date(2026, 7, 17))
    assert latest("nothing") is None
    # An open bound of an old release says nothing of minors that came later.
    assert lines_of("coredns", "1.33") == ("1.12",)
    assert lines_of("cilium", "1.36") == ("1.18", "1.19")
    assert set(lines_of("coredns", None)) > {"1.9", "1.11", "1.14"}
    mesh = mesh_revision("asm-1-28")
    assert mesh is not None
    assert (mesh.since, mesh.end, mesh.end_expected) == ("2026-01", "2026-08", True)
    assert (mesh.minors[0], mesh.minors[-1]) == ("1.30", "1.35")


def test_what_sources_print_agrees_with_the_components() -> None:
    """The tables made from the sources and the lines kept by hand tell the same story."""
    for component in load().components:
        if not component.versions or "same" in component.versions:
            continue
        for minor in ("1.33", "1.34", "1.35", "1.36"):
            known = for_minor(component.versions, minor_number(minor))
            assert set(lines_of(component.id, minor)) <= set(known), (component.id, minor)


def test_names_of_sources_are_components() -> None:
    names = packaged("component_versions.yaml").content["names"]
    assert set(names) <= {component.id for component in load().components}


def test_images_tell_their_kubelets() -> None:
    image = node_images.parse_node_image("AKSUbuntu-2204gen2containerd-202608.20.0")
    assert image is not None
    found = node_images.versions(image)
    assert found is not None
    assert {"1.33.13", "1.36.3", "1.30.101-akslts"} <= set(found.kubelets)
    windows = node_images.parse_node_image("AKSWindows-2022-containerd-20348.5386.260715")
    assert windows is not None
    assert getattr(node_images.versions(windows), "kubelets", ()) == ()


def own(tmp_path: Path, name: str, **changes: str) -> Path:
    """A data folder with the packaged table, some text of it replaced."""
    text = packaged(name).text
    for old, new in changes.items():
        text = text.replace(old, new)
    path = tmp_path / "baselines" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def dated(tmp_path: Path, name: str, day: str, **changes: str) -> Path:
    return own(tmp_path, name, **{f'as_of: "{packaged(name).as_of}"': f'as_of: "{day}"'}, **changes)


def test_a_newer_table_of_a_user_is_used(tmp_path: Path) -> None:
    dated(tmp_path, "node_images.yaml", "2026-11-20", **{"    202608.20.0 ": "    202611.18.0 "})
    dated(tmp_path, "egress.yaml", "2026-11-20", **{"packages.aks.azure.com": "new.example"})
    dated(tmp_path, "calendar.yaml", "2020-01-01", **{"2027-06": "2028-02"})
    label = "AKSUbuntu-2204gen2containerd-202611.18.0"
    image = node_images.parse_node_image(label)
    assert image is not None
    before = calendar.support_state("1.36", datetime(2026, 7, 1, tzinfo=UTC), None)
    assert not node_images.known(image) and node_images.newer_than_data(image)
    use_tables((tmp_path,))
    assert node_images.known(image) and not node_images.newer_than_data(image)
    assert node_images.packaged_date() == "2026-11-20"
    assert egress.find("new.example") is not None
    # The user's calendar is older than the packaged one: it is not used.
    assert calendar.support_state("1.36", datetime(2026, 7, 1, tzinfo=UTC), None) == before
    use_tables(())
    assert not node_images.known(image) and egress.find("new.example") is None


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("node_images.yaml", "202608.20.0 2026-08-20 ", "202608.20.0 ", "columns"),
        ("calendar.yaml", 'ga: "2024-07"', 'ga: "July"', "calendar.yaml:"),
        ("calendar.yaml", 'ga: "2024-07"', 'ga: "2034-07"', "dates are not in order"),
        ("egress.yaml", "port: 123", "port: many", "port"),
        ("component_versions.yaml", "2026-07-17 coredns 1.14.3-11 -", "2026-07-17 x", "columns"),
        ("component_versions.yaml", "2026-07-17 coredns 1.14.3-11", "today a 1", "no date"),
    ],
)
def test_a_mistake_in_a_table_has_its_line(
    tmp_path: Path, name: str, old: str, new: str, message: str
) -> None:
    path = own(tmp_path, name, **{old: new})
    lines = path.read_text(encoding="utf-8").splitlines()
    (problem,) = check(tmp_path)
    assert message in problem
    number = int(problem.removeprefix(f"{path}:").partition(":")[0])
    assert new in lines[number - 1]
    with pytest.raises(DataFileError, match=message):
        use_tables((tmp_path,))


def test_a_table_without_its_sections_is_refused(tmp_path: Path) -> None:
    for name in TABLES:
        path = tmp_path / "baselines" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text('schema: 1\nas_of: "2026-11-20"\n', encoding="utf-8")
    assert [problem.rpartition(": ")[2] for problem in check(tmp_path)] == [
        "minors is missing",
        "releases is missing",
        "endpoints is missing",
        "images is missing",
    ]


def test_all_tables_pass_their_own_checks(tmp_path: Path) -> None:
    for name in TABLES:
        own(tmp_path, name)
    assert check(tmp_path) == ()
    use_tables((tmp_path,))
    assert component_versions.releases()
    assert data_date() >= max(packaged(name).as_of for name in TABLES)
