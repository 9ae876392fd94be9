"""Reports as texts, for programs that use demarc as a library."""

from __future__ import annotations

from typing import Literal

from analyzer.model.diagnosis import Diagnosis

#: The formats of :func:`report`; the command line gives the same.
Format = Literal["html", "json", "markdown", "sarif", "junit"]


def report(diagnosis: Diagnosis, form: Format = "html") -> str:
    """Write a diagnosis down in one format; secrets are masked in all of them.

    ``html`` and ``json`` hold everything, ``markdown`` is the text for a support case, ``sarif``
    (2.1.0) and ``junit`` are for pipelines. The same diagnosis gives the same text.

    Raises:
        ValueError: there is no such format.
    """
    from analyzer.render.view import build_view

    if form == "json":
        from analyzer.render.json import render_json

        return render_json(diagnosis)
    view = build_view(diagnosis)
    if form == "html":
        from analyzer.render.html import render_html

        return render_html(view)
    if form == "markdown":
        from analyzer.render.markdown import render_markdown

        return render_markdown(view)
    if form == "sarif":
        from analyzer.render.sarif import render_sarif

        return render_sarif(view)
    if form == "junit":
        from analyzer.render.junit import render_junit

        return render_junit(view)
    raise ValueError(f"no format '{form}': html, json, markdown, sarif or junit")
