"""Stage everything and let MkDocs build it; whatever it warns of stops the build."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config

from docs.site.interface import interface
from docs.site.reference import pages
from docs.site.stage import menu, stage

ROOT = Path(__file__).parents[2]
_WARN = dict.fromkeys(("not_found", "anchors", "absolute_links", "unrecognized_links"), "warn")


def build(folder: Path, root: Path = ROOT, *, reference: bool = True) -> Path:
    """Build the site below ``folder`` and return the folder with the HTML.

    Without ``reference`` the pages from the data are left empty: a check of the written pages.

    Raises:
        mkdocs.exceptions.Abort: a link or an anchor leads nowhere.
        docs.site.stage.BrokenLink: a page links to a file that is not there.
    """
    source, html = folder.resolve() / "source", folder.resolve() / "html"
    shutil.rmtree(source, ignore_errors=True)
    stage(root, source)
    made = pages() if reference else {}
    for name in ("rules/README.md", "clauses.md", "components.md", "bugs.md", "decision.md"):
        made.setdefault(name, "# Left out\n")
    made["python.md"] = _python_page()
    for name, text in made.items():
        place = source / "reference" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8", newline="\n")
    _mkdocs(source, html, root)
    return html


def _mkdocs(source: Path, html: Path, root: Path) -> None:
    """One run of MkDocs: no fonts, styles or scripts from anywhere but the site itself."""
    logging.getLogger("mkdocs").setLevel(logging.WARNING)
    config = load_config(
        config_file=str(_config_file(source)),
        site_name="demarc",
        docs_dir=str(source),
        site_dir=str(html),
        use_directory_urls=False,  # the pages can be read from a folder, without a server
        strict=True,
        nav=menu(root),
        theme={"name": "mkdocs", "highlightjs": False, "nav_style": "dark"},
        markdown_extensions=["attr_list", "tables", "fenced_code", "sane_lists"],
        validation={"links": _WARN, "nav": {"not_found": "warn", "omitted_files": "ignore"}},
    )
    mkdocs_build(config)


def _config_file(source: Path) -> Path:
    """MkDocs wants a file; everything is said in the call."""
    path = source.parent / "mkdocs.yml"
    path.write_text("site_name: demarc\n", encoding="utf-8")
    return path


def _python_page() -> str:
    return (
        "# Python interface, name by name\n\n"
        "This page is made from the code. [How to use it](../docs/python-api.md).\n\n"
        f"```text\n{interface()}```\n"
    )
