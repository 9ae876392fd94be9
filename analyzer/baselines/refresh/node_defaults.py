"""Kernel settings of the documentation against ``data/node_config.yaml``: told, never written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from analyzer.baselines.data_files import DataFile
from analyzer.baselines.refresh.checkout import Checkout

PAGE = "articles/aks/custom-node-configuration-reference.md"
_SETTING = re.compile(r"^`([a-z]+(?:\.[a-z0-9_-]+)+)`$")
_RANGE = re.compile(r"^(\d+) - (\d+)$")
_SYSTEM = re.compile(r"^(Ubuntu|Azure Linux) (\d+)\.(\d+) default$")


def node_questions(checkout: Checkout, file: DataFile) -> Iterator[str]:
    """Where a range or a default of the page is another one than that of the data.

    Raises:
        RefreshError: the page cannot be read.
    """
    known = {str(row["name"]): row for row in file.content["sysctls"]}
    for name, values in _settings(checkout.text(PAGE)):
        row = known.get(name)
        if row is None:
            if values:
                yield f"node_config.yaml: {name} is in the docs and not there: {_text(values)}"
            continue
        other = {key: value for key, value in values.items() if row.get(key) != value}
        if other:
            yield f"node_config.yaml: {name}: the docs print {_text(other)}"


def _settings(page: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Each setting with ``low``, ``high`` and defaults per system, as far as they are numbers."""
    systems: dict[int, str] = {}
    for line in page.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if cells[0] == "Setting":
            systems = {i: key for i, cell in enumerate(cells) if (key := _system(cell))}
        elif match := _SETTING.match(cells[0]):
            yield match[1], _values(cells, systems)


def _values(cells: list[str], systems: Mapping[int, str]) -> dict[str, int]:
    found = {}
    if match := _RANGE.match(cells[1]):
        found = {"low": int(match[1]), "high": int(match[2])}
    for index, system in systems.items():
        if index < len(cells) and cells[index].isdigit():
            found[system] = int(cells[index])
    return found


def _system(title: str) -> str:
    """``ubuntu2404`` of ``Ubuntu 24.04 default``, ``azurelinux`` of ``Azure Linux 3.0 default``."""
    match = _SYSTEM.match(title)
    if match is None:
        return ""
    return f"ubuntu{match[2]}{match[3]}" if match[1] == "Ubuntu" else "azurelinux"


def _text(values: Mapping[str, int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())
