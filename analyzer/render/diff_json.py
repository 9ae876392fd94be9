"""A difference as JSON: the model itself, masked."""

from __future__ import annotations

import json

from analyzer.compare.difference import Difference
from analyzer.render.diff_gate import masked_difference


def render_diff_json(difference: Difference) -> str:
    """Write schema version "1" with two spaces of indent, ASCII only, ending in a newline."""
    data = masked_difference(difference).model_dump(mode="json")
    return json.dumps(data, indent=2, ensure_ascii=True) + "\n"
