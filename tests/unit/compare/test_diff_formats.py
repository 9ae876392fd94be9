"""A difference as text, JSON and HTML: the same content, masked, inert, the same bytes."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from analyzer.compare.difference import Difference, FindingNote, ObjectChange, Side, ValueChange
from analyzer.model.owner import Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject
from analyzer.render.diff_html import render_diff_html
from analyzer.render.diff_json import render_diff_json
from analyzer.render.diff_terminal import difference_text, print_difference
from analyzer.render.diff_view import build_diff_view

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)
HOSTILE = "</script><img src=x onerror=alert(1)>{{7*7}}\x1b[31m\u202e[red]\x00"


def side(**changes: Any) -> Side:
    values: dict[str, Any] = {
        "kind": "bundle", "name": "b.tar", "sha256": "ab" * 32, "collected_at": NOON,
        "complete": True, "cluster": "shop", "kubernetes_version": "1.33.5", "nodes": 3,
        "tool": "demarc 0.1.0", "policy": "2026-06-09", "baselines": "2026-08-21",
        "bugs": "2026-08-21",
    }  # fmt: skip
    return Side(**values | changes)


def note(number: int = 1, **changes: Any) -> FindingNote:
    values: dict[str, Any] = {
        "id": f"AKS-X-001-{number:08}", "rule": "AKS-X-001", "title": f"Something {number}",
        "severity": Severity.HIGH, "component": "coredns",
        "subject": Subject(kind="Deployment", namespace="kube-system", name="coredns"),
        "owner": Owner.MICROSOFT, "stance": Stance.SUPPORTED, "confidence": Confidence.HIGH,
        "root": True, "saw": "it was seen", "count": 1, "next_step": "do this",
    }  # fmt: skip
    return FindingNote(**values | changes)


def difference(**changes: Any) -> Difference:
    values: dict[str, Any] = {
        "before": side(name="a.tar", collected_at=NOON.replace(day=1)), "after": side(),
        "same_cluster": "yes", "same_cluster_reason": "The uid is the same.",
    }  # fmt: skip
    return Difference(**values | changes)


def every_format(d: Difference) -> dict[str, str]:
    view = build_diff_view(d)
    return {
        "html": render_diff_html(view),
        "json": render_diff_json(d),
        "text": difference_text(view),
    }


def test_every_format_names_what_appeared_and_went() -> None:
    d = difference(appeared=(note(1),), gone=(note(2, doubt="It could not be checked."),))
    for text in every_format(d).values():
        assert "Something 1" in text and "Something 2" in text
        assert "It could not be checked." in text


def test_nothing_differs_is_said_and_no_empty_section_is_shown() -> None:
    formats = every_format(difference(unchanged=4))
    assert "nothing that was compared differs. 4 findings stayed as they were." in formats["html"]
    assert "<section" in formats["html"] and "Appeared" not in formats["html"]
    assert "Appeared" not in formats["text"]
    assert json.loads(formats["json"])["unchanged"] == 4


def test_json_is_the_model() -> None:
    text = render_diff_json(difference(appeared=(note(),)))
    assert Difference.model_validate_json(text).appeared[0].id == note().id
    assert text.isascii() and text.endswith("}\n")


def test_the_page_asks_for_nothing_and_runs_nothing() -> None:
    page = every_format(difference(appeared=(note(),)))["html"]
    assert page.isascii()
    assert not re.search(r"<(?:script|img|link|iframe|object|embed|base|form)\b", page)
    assert "default-src 'none'" in page.replace("&#39;", "'")
    assert not re.search(r"\s(?:style|on[a-z]+)=", re.sub(r'"[^"]*"', "", page))


def test_strings_of_a_cluster_are_inert_everywhere() -> None:
    value = ValueChange(path=HOSTILE, before=HOSTILE, after=f"{HOSTILE}2", changed_by=HOSTILE)
    change = ObjectChange(
        what="changed", subject=Subject(kind=HOSTILE, name=HOSTILE), whose="aks", by="customer",
        values=(value,),
    )  # fmt: skip
    d = difference(
        before=side(name=HOSTILE, cluster=HOSTILE), after=side(cluster=HOSTILE),
        appeared=(note(title=HOSTILE, saw=HOSTILE, doubt=HOSTILE),), objects=(change,),
    )  # fmt: skip
    formats = every_format(d)
    assert "<img" not in formats["html"] and "49" not in re.findall(r">(\d\d)<", formats["html"])
    for text in formats.values():
        assert not re.search("[\x00\x1b\u202e]", text)


def test_secrets_are_in_no_format() -> None:
    env = "spec.template.spec.containers[app].env[DB_PASSWORD].value"
    values = (
        ValueChange(path=env, before="hunter2swordfish", after="hunter3swordfish"),
        ValueChange(path="data.config", before="AccountKey=hunter2swordfish==", after="absent"),
    )
    change = ObjectChange(
        what="changed", subject=Subject(kind="Deployment", namespace="n", name="d"), whose="aks",
        by="customer", values=values,
    )  # fmt: skip
    d = difference(objects=(change,), appeared=(note(saw="token=AccountKey=hunter2swordfish=="),))
    for text in every_format(d).values():
        assert "swordfish" not in text and "masked" in text


def test_symptoms_are_folded_on_a_terminal_and_kept_in_the_page() -> None:
    notes = (note(0), *(note(n, root=False) for n in range(1, 9)))
    formats = every_format(difference(appeared=notes))
    assert "8 symptoms" in formats["text"] and "Something 7" not in formats["text"]
    assert "Something 7" in formats["html"]
    assert "Something 7" in every_format(difference(appeared=notes[1:]))["text"]


@pytest.mark.parametrize("width", [60, 100, 160])
def test_the_terminal_keeps_its_width_and_needs_no_colour(width: int) -> None:
    d = difference(
        appeared=(note(title="word " * 60),),
        not_compared=("something long " * 20,),
        turned=True,
    )
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    print_difference(build_diff_view(d), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width and "\x1b" not in text
    assert "given first" in " ".join(text.split())


def test_a_terminal_without_the_marks_gets_letters() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_difference(build_diff_view(difference(gone=(note(),))), Console(file=stream, width=80))
    stream.flush()
    assert "# Microsoft" in stream.buffer.getvalue().decode("ascii")  # type: ignore[attr-defined]
