"""Words, ranges, links and the layout of the graph."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import diagnoses
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.render.links import address_words, read_reference
from analyzer.render.marks import Link
from analyzer.render.overview import network_words
from analyzer.render.places import compact
from analyzer.render.svg.graph import LABEL_CHARACTERS, wrap_label
from analyzer.render.svg.layout import components, layers, without_implied
from analyzer.render.text import (
    clean,
    clip,
    clip_words,
    first_words,
    listed,
    node_ranges,
    size,
    span,
    when,
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://a\x07text\x1b]8;;\x07", "text"),
        ("a\u202eb", r"a\u{202e}b"),
        ("zero\u200bwidth", r"zero\u{200b}width"),
        ("nul\x00", r"nul\u{0}"),
        ("tab\there\r\nnext", "tab    here\nnext"),
        ("plain ünïcode 日本", "plain ünïcode 日本"),
    ],
)
def test_clean(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@given(st.text())
def test_clean_leaves_nothing_unseen(text: str) -> None:
    left = [c for c in clean(text) if unicodedata.category(c) in ("Cc", "Cs") and c != "\n"]
    assert left == []
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Remove the rule.", "Remove the rule."),
        ("Put it back. Then replace the node, since it is old.", "Put it back."),
        (
            "Remove the extension of the pool; then replace all nodes",
            "Remove the extension of the pool…",
        ),
        (
            "Start the cluster again with a command (az aks start -g rg -n x)",
            "Start the cluster again with a command…",
        ),
        ("Let kubelet 1.33 go, e.g. by an upgrade of all the pools", "Let kubelet 1.33 go…"),
    ],
)
def test_a_step_is_cut_where_it_still_makes_sense(text: str, shown: str) -> None:
    assert first_words(text, 44) == shown


def test_node_ranges_count_in_base_36() -> None:
    names = [f"aks-a-1-vmss00000{d}" for d in "89abz"] + ["aks-a-1-vmss000010", "other"]
    assert node_ranges(names) == (
        "aks-a-1-vmss000008 to 00000b (4)",
        "aks-a-1-vmss00000z",
        "aks-a-1-vmss000010",
        "other",
    )


def test_nodes_stand_short_in_an_attribute() -> None:
    names = [f"aks-np1-31415926-vmss{n}" for n in ("000000", "000001", "00000z", "000010")]
    assert compact([*names, "own node", "vm-7"]) == (
        "aks-np1-31415926-vmss:0-1,z-10 =own_node =vm-7"
    )


def test_cut_between_words() -> None:
    assert clip_words("remove its configuration (kubectl delete", 30) == "remove its configuration…"
    assert clip_words("x" * 50, 10) == "x" * 9 + "…"
    assert clip_words("short", 10) == "short"


def test_times_are_utc() -> None:
    local = datetime(2026, 11, 20, 3, 14, tzinfo=timezone(timedelta(hours=1)))
    assert when(local) == "2026-11-20 02:14 UTC"
    later = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
    assert span(local, later) == "2026-11-20 02:14 to 2026-11-21 02:00 UTC"
    assert span(None, local) == "2026-11-20 02:14 UTC"
    assert span(None, None) == ""


@pytest.mark.parametrize(
    ("mode", "plugin", "byocni", "words"),
    [
        ("azure-cni-overlay", "Azure CNI overlay", False, "Azure CNI overlay"),
        ("none", "BYOCNI (Calico)", True, "BYOCNI (Calico)"),
        ("none", "calico", True, "BYOCNI (calico)"),
        ("overlay", "none", None, "overlay"),
        ("Azure CNI Overlay", "azure", False, "Azure CNI Overlay"),
        ("flannel", "flannel", None, "flannel"),
    ],
)
def test_network_is_said_once(mode: str, plugin: str, byocni: bool | None, words: str) -> None:
    assert network_words(diagnoses.network(mode=mode, plugin=plugin, byocni=byocni)) == words


def test_small_words() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert size(48_403_968) == "46.2 MiB"
    assert size(512) == "512 bytes"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            "Egress rules https://learn.microsoft.com/x",
            ("Egress rules", "https://learn.microsoft.com/x"),
        ),
        (
            "https://github.com/Azure/AKS/issues/4321",
            ("GitHub: Azure/AKS issue 4321", "https://github.com/Azure/AKS/issues/4321"),
        ),
        (
            "https://learn.microsoft.com/azure/aks/outbound-rules#required",
            (
                "learn.microsoft.com: outbound rules, required",
                "https://learn.microsoft.com/azure/aks/outbound-rules#required",
            ),
        ),
    ],
)
def test_reference_becomes_a_link(reference: str, expected: tuple[str, str]) -> None:
    assert read_reference(reference) == Link(*expected)


@pytest.mark.parametrize(
    "reference",
    ["javascript:alert(1)", "http://plain.invalid", "data:text/html,x", "a book, chapter 3"],
)
def test_other_schemes_stay_text(reference: str) -> None:
    assert read_reference(reference) == reference


def test_link_text_holds_no_escaped_controls() -> None:
    assert address_words("https://a.invalid/%E2%80%AEgnp%00") == "a.invalid: gnp"


@given(st.text(min_size=1))
def test_graph_label_fits(text: str) -> None:
    lines = wrap_label(text)
    assert 1 <= len(lines) <= 2
    assert all(len(line) <= LABEL_CHARACTERS for line in lines)


def test_layout_puts_causes_left_and_drops_implied_edges() -> None:
    onward = {"a": ("b", "c"), "b": ("c",), "c": (), "d": ()}
    assert without_implied(onward)["a"] == ("b",)
    assert components(["a", "b", "c", "d"], onward) == (("a", "b", "c"), ("d",))
    assert layers(["a", "b", "c"], onward) == (("a",), ("b",), ("c",))


def test_layout_untangles_two_pairs() -> None:
    onward = {"a": ("y",), "b": ("x",)}
    assert layers(["a", "b", "x", "y"], onward) == (("a", "b"), ("y", "x"))
