"""A report that went the whole way: scenario, bundle with planted secrets, analysis, formats."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import analyzer
from analyzer.cli.outputs import FORMATS, render_as
from analyzer.model.diagnosis import Diagnosis
from fixtures import build

SCENARIO = Path(__file__).parents[2] / "fixtures" / "scenarios" / "sample.yaml"
#: What must not leave the machine, in the text of an event that the report quotes.
SECRETS = {
    "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJlLXBsYW50ZWQ",
    "key": "cGxhbnRlZGtleXBsYW50ZWRrZXlwbGFudGVka2V5cGxhbnRlZGtleQ==",
    "password": "hunter2swordfish",
}
_SAID = 'no endpoints available for service \\"policy-gate\\"'
_PLANTED = (
    f"Authorization: Bearer {SECRETS['token']} AccountKey={SECRETS['key']};"
    f"password={SECRETS['password']} {_SAID}"
)


@dataclass(frozen=True)
class Analysed:
    """The bundle, its files by path, the diagnosis, and each format as text."""

    bundle: Path
    tree: dict[str, bytes]
    diagnosis: Diagnosis
    formats: dict[str, str]
    page: Path


def make(folder: Path) -> Analysed:
    """Build, analyse and write once."""
    tree = build.tree(build.load_scenario(SCENARIO))
    events = "cluster/resources/core/events/kube-system.json"
    tree[events] = tree[events].replace(_SAID.encode(), _PLANTED.encode())
    assert SECRETS["password"].encode() in tree[events]
    bundle = build.write(tree, folder / "sample.tar")
    diagnosis = analyzer.analyze(bundle)
    formats = {name: render_as(name, diagnosis) for name in FORMATS}
    page = folder / "sample.html"
    page.write_text(formats["html"], encoding="utf-8")
    return Analysed(bundle, tree, diagnosis, formats, page)
