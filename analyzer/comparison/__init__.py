"""What was compared with the baseline at all, and what it came to; findings tell what is wrong."""

from analyzer.comparison.objects import compare

__all__ = ["compare"]
