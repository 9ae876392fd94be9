"""The HTML report: one ASCII file that asks for nothing and runs nothing but its own script.

The page works without scripts; the style sheet filters by owner, severity and component. The policy
in the page names the hashes of its one style and one script
(https://www.w3.org/TR/CSP3/#match-element-to-source-list), so text from a cluster could not run
even if it escaped the escaping.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from analyzer.render.errors import RenderError
from analyzer.render.shape import Filters, ReportView

#: The Azure portal takes files up to 5 MB; some room is left for what wraps them.
FILE_BYTES_MAX = 4_500_000


def render_html(view: ReportView) -> str:
    """Lay out the view as one HTML file of ASCII characters.

    Raises:
        RenderError: the page is larger than :data:`FILE_BYTES_MAX`, so nobody could attach it.
    """
    return render_page(
        "report.html.j2",
        style=asset("report.css") + _filter_rules(view.filters),
        script=asset("report.js"),
        hint="Try: --min-severity medium, or --owner, or -o report.json for everything",
        view=view,
    )


def render_page(
    template: str, *, style: str, script: str = "", hint: str, **context: object
) -> str:
    """Fill a template of ``reports/templates`` into one ASCII page under the page's own policy.

    The template places ``policy`` in its first ``meta``, ``style`` and ``script`` as they are (both
    are ours, see :func:`asset`), and everything else escaped. ``hint`` says what to do where the
    page gets too large.

    Raises:
        RenderError: the page is larger than :data:`FILE_BYTES_MAX`.
    """
    page = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style), script=Markup(script), policy=_policy(style, script), **context
        )
    )
    text = f"{page}\n".encode("ascii", "xmlcharrefreplace").decode("ascii")
    if len(text) > FILE_BYTES_MAX:
        raise RenderError(
            f"the HTML report would be {len(text):,} bytes, more than {FILE_BYTES_MAX:,}", hint
        )
    return text


@cache
def asset(name: str) -> str:
    """A file of ``reports/templates``: a template, the style sheet or the script."""
    return resources.files("reports").joinpath(f"templates/{name}").read_text("utf-8")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(asset),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _policy(style: str, script: str) -> str:
    scripts = f" script-src '{_hash(script)}';" if script else ""
    return (
        f"default-src 'none'; style-src '{_hash(style)}';{scripts} "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode(
        "ascii"
    )


def _filter_rules(filters: Filters) -> str:
    """One rule per choice that is there. Print ignores them: a printed report is the record."""
    rules = [
        f"body:has(#{prefix}-{option.key}:not(:checked)) .finding[data-{name}={option.key}]"
        for prefix, name, options in (
            ("o", "owner", filters.owners),
            ("s", "severity", filters.severities),
        )
        for option in options
    ]
    rules += [
        f"body:has(#component option[value={option.key}]:checked) "
        f".finding:not([data-component={option.key}])"
        for option in filters.components
    ]
    rules += [
        f"body:has(#pool option[value={option.key}]:checked) "
        f".finding:not([data-pools~={option.key}])"
        for option in filters.pools
    ]
    body = ",\n".join(rules)
    return f"@media screen {{\n{body} {{ display: none }}\n}}\n" if rules else ""
