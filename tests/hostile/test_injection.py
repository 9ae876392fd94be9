"""Hostile names and texts in the objects of a cluster, through to every form of the report."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from html.parser import HTMLParser

import pytest

from analyzer.cli.outputs import render_as
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from analyzer.pipeline import analyze
from fixtures.build import scenario, tree
from tests.rules.harness import bundle_of

WORLD = {
    "name": "injection",
    "base": "overlay",
    "seed": 3,
    "pools": {"system": 1},
    "faults": [{"name": "pod-crash-looping", "workload": "cart", "namespace": "shop"}],
}
PODS = "cluster/resources/core/pods/shop.json"
MARK = "pwned"
#: Each would act if some form of the report took it for more than text.
PAYLOADS = (
    f"<script>window.{MARK}=1</script>",
    f"</script></style><img src=x onerror={MARK}()>",
    f"'\"><svg onload={MARK}()><style>*{{display:none}}</style>",
    f"javascript:{MARK}()",
    f"[x](javascript:{MARK}()) ![y](http://evil.invalid/{MARK}) `code` | cell | <!-- -->",
    f"\x1b]0;{MARK}\x07\x1b[2J\x1b[31m",
    f"\x9b31m\u202e{MARK}\u2066\u200b\u0000",
    f"=cmd|' /C {MARK}'!A0",
    f'"}}],"runs":[{{"tool":"{MARK}"',
    f"]]></failure><testcase name='{MARK}'/>",
    "{{ 7*7 }}{% import os %}${7*7}#{7*7}",
    f"http://evil.invalid/{MARK}.css);@import url(http://evil.invalid/",
    "\ud800 lone surrogate",
    "A" * 200_000,
)


@cache
def diagnosis(number: int) -> Diagnosis:
    """The crash of a pod whose every text is the payload."""
    payload = PAYLOADS[number]
    files = tree(scenario(WORLD))
    document = json.loads(files[PODS])
    for item in document["items"]:
        item["metadata"]["annotations"] = {payload: payload}
        item["metadata"].setdefault("labels", {})[payload] = payload
        for status in item["status"].get("containerStatuses", []):
            for state in (status.get("state", {}), status.get("lastState", {})):
                for what in state.values():
                    what["message"] = what["reason"] = payload
        for container in item["spec"]["containers"]:
            container["image"] = payload
        for owner in item["metadata"].get("ownerReferences", []):
            owner["name"] = payload
    files[PODS] = json.dumps(document).encode()
    files[f"cluster/logs/shop/{'x' * 20}/c.log"] = payload.encode("utf-8", "surrogatepass") * 3
    return analyze(bundle_of(files), options=Options(jobs=1, bundle_name="injection.tar"))


NUMBERS = pytest.mark.parametrize("number", range(len(PAYLOADS)))


class Seen(HTMLParser):
    """Elements, and attributes that could act."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.acting: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            value = value or ""
            if name.startswith("on") or (name in ("href", "src") and "evil" in value):
                self.acting.append((name, value))
            if value.strip().lower().startswith(("javascript:", "data:text")):
                self.acting.append((name, value))


@NUMBERS
def test_the_analysis_goes_on(number: int) -> None:
    found = diagnosis(number)
    assert not found.crashed, found.crashed[0].reason
    assert found.findings


@NUMBERS
def test_html_has_no_new_elements(number: int) -> None:
    page = render_as("html", diagnosis(number))
    seen = Seen()
    seen.feed(page)
    assert seen.tags.count("script") <= 2 and seen.tags.count("style") == 1
    assert "img" not in seen.tags and not seen.acting
    assert len(page) < 3_000_000


@NUMBERS
def test_terminal_markdown_and_text_hold_no_controls(number: int) -> None:
    for form in ("md", "text"):
        shown = render_as(form, diagnosis(number))
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    markdown = render_as("md", diagnosis(number))
    assert "<script" not in markdown and "<img" not in markdown and "<svg" not in markdown
    assert not re.search(r"(?<!\\)\]\(\s*javascript:", markdown)


@NUMBERS
def test_json_sarif_and_junit_are_whole(number: int) -> None:
    import xml.etree.ElementTree as Xml

    for form in ("json", "sarif"):
        json.loads(render_as(form, diagnosis(number)))
    sarif = json.loads(render_as("sarif", diagnosis(number)))
    assert len(sarif["runs"]) == 1 and sarif["runs"][0]["tool"]["driver"]["name"] == "demarc"
    root = Xml.fromstring(render_as("junit", diagnosis(number)))
    assert not [case for case in root.iter("testcase") if case.get("name") == MARK]


FORMULAS = ("=1+1", "+1", "-1", "@A(1)", "\t=1", "\r=1", "\n=1", " =1", "|x", "%0", "＝1", "＋1")


@pytest.mark.parametrize("text", (*PAYLOADS[:-2], *FORMULAS))
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    """Reports are no tables; the lists of flaws and the answers about a fleet can be."""
    from analyzer.cli.outputs import FORMATS
    from analyzer.cves.listing import CveRow
    from analyzer.cves.write import as_csv as flaws
    from analyzer.fleet.answers import Answer
    from analyzer.fleet.answers import as_csv as answers

    assert "csv" not in FORMATS
    texts = dict.fromkeys(
        ("id", "severity", "package", "installed", "artifact", "report", "clause", "why", "link"),
        text,
    )
    fixed = {"aliases": (text,), "reason": "no-fix", "owner": "customer"}
    row = CveRow.model_validate(texts | fixed)
    for table in (answers(Answer(("name", "value"), ((text, 1),))), flaws((row,))):
        rows = list(csv.reader(io.StringIO(table, newline="")))
        assert len(rows) == 2 and len({len(one) for one in rows}) == 1
        for cell in rows[1]:
            assert not re.match(r"[ ]*[=+\-@\t\r\n|%＝＋－＠]", cell), cell
