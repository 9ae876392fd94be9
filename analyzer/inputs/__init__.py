"""What a reader must know of the inputs: who made them, what they lack, whether they fit."""

from __future__ import annotations

from analyzer.inputs.notices import input_notices

__all__ = ["input_notices"]
