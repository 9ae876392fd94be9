"""Layouts of plugins: asked after our own, and never believed unseen."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from analyzer.bundle.layouts import LAYOUTS, Place, plugged
from analyzer.bundle.layouts.plugged import PluggedLayout, take, with_plugged
from analyzer.plugins import Plugin

NAMES = ("acme/nodes.json", "acme/other.txt")


@dataclass(frozen=True)
class Mapping:
    layout: Any = "acme-dump"
    format: int = 0
    certain: bool = True
    wrong: str = ""

    def place(self, name: str) -> Any:
        if self.wrong == "raises":
            raise RuntimeError("no idea")
        if self.wrong == "text":
            return "cluster"
        return Place("cluster", "resources/core/nodes.json") if name == NAMES[0] else None

    def beside(self, name: str) -> Place | None:
        return None

    def refused(self, name: str) -> str:
        return ""

    def holds(self, path: str) -> bool:
        return path == "cluster/resources/core/nodes.json"


@dataclass(frozen=True)
class AcmeLayout:
    mapping: Any = Mapping()

    def match(self, names: Sequence[str], label: str) -> Any:
        return self.mapping if NAMES[0] in names else None


def made(value: Any) -> PluggedLayout:
    return PluggedLayout(Plugin("acme 1.0", "acme-dump", value))


@pytest.mark.parametrize("value", [AcmeLayout, AcmeLayout()])
def test_a_layout_or_its_class_recognises(value: Any) -> None:
    mapping = made(value).match(NAMES, "bundle")
    assert mapping is not None and mapping.layout == "acme-dump"
    assert made(value).match(["else.json"], "bundle") is None


@pytest.mark.parametrize(
    ("mapping", "told"),
    [
        (Mapping(wrong="raises"), "RuntimeError: no idea"),
        (Mapping(wrong="text"), "the answer for acme/nodes.json"),
        (Mapping(layout=7), "not sound: layout"),
        (object(), "AttributeError"),
    ],
)
def test_a_mapping_that_is_not_sound_is_told_and_no_match(
    mapping: object, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="demarc.plugins"):
        assert made(AcmeLayout(mapping)).match(NAMES, "bundle") is None
    (record,) = caplog.records
    assert "'acme-dump' of acme 1.0" in record.getMessage() and told in record.getMessage()


def test_what_is_no_layout_is_left_out() -> None:
    layouts, problems = take(
        [Plugin("acme 1.0", "a", object()), Plugin("acme 1.0", "b", AcmeLayout)]
    )
    assert len(layouts) == 1 and "no method match" in problems[0]


def test_ours_come_first_and_loose_looks_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugged, "_plugged", lambda: ((made(AcmeLayout),), ()))
    order = [type(layout).__name__ for layout in with_plugged(LAYOUTS)]
    assert order.index("OnePartLayout") < order.index("PluggedLayout")
    assert order.index("PluggedLayout") < order.index("ClusterInfoDumpLayout")
    assert len(order) == len(LAYOUTS) + 1
