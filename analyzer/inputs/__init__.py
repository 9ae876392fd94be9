"""What a reader must know of the inputs: who made them, what they lack, whether they fit."""

from __future__ import annotations

from analyzer.inputs.notices import input_notices
from analyzer.inputs.side import Side, is_input, side_of

__all__ = ["Side", "input_notices", "is_input", "side_of"]
