"""The JSON report: the diagnosis itself, masked."""

from __future__ import annotations

import json

from analyzer.model.diagnosis import Diagnosis
from analyzer.render import sanitise


def render_json(diagnosis: Diagnosis) -> str:
    """Write schema version "1" with two spaces of indent, ASCII only, ending in a newline.

    Fields stand in the order of the model, which makes the same diagnosis the same text; what is
    not ASCII is escaped, so that no invisible character reaches an editor.
    """
    safe, _ = sanitise.masked(diagnosis)
    data = safe.model_dump(mode="json")
    data["bundle"]["masked"] = dict(sorted(data["bundle"]["masked"].items()))
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"
