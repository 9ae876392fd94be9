"""The ticket text, as a file of its own."""

from __future__ import annotations

from analyzer.render.shape import ReportView


def render_summary(view: ReportView) -> str:
    """The ticket summary, at most 2,000 characters: the very text that the page offers to copy."""
    return view.ticket.text
