"""A difference as one HTML page: no request, no script, the look of the report."""

from __future__ import annotations

from analyzer.render.diff_shape import DiffView
from analyzer.render.html import asset, render_page


def render_diff_html(view: DiffView) -> str:
    """Lay out the view as one HTML file of ASCII characters.

    Raises:
        RenderError: the page is too large to be attached anywhere.
    """
    return render_page(
        "diff.html.j2",
        style=asset("report.css") + asset("diff.css"),
        hint="Try: --min-severity medium, or -o diff.json for everything",
        view=view,
    )
