"""The pages of the checkout, copied to where MkDocs reads, with links that hold on a site."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath

#: Pages outside ``docs`` that belong to the site; the first is its front page.
FRONT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "collectors/README.md")
#: Files beside pages that pages link to.
BESIDE = (".yml", ".yaml", ".json", ".png", ".svg")
#: Groups of the menu and their pages; a page of ``docs`` that no group names comes last.
GROUPS = {
    "Use": (
        "install", "cli", "inputs", "serve", "redaction", "fleet", "pipelines/README",
        "collector-approval", "performance",
    ),
    "Extend": (
        "python-api", "plugins", "add-a-rule", "add-a-bug", "add-a-component", "add-a-clause",
        "keeping-data-true",
    ),
}  # fmt: skip
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


class BrokenLink(Exception):
    """A page links to a file of the checkout that is not there."""


def pages_of(root: Path) -> list[str]:
    """Paths, relative to the checkout, of all pages that people wrote, sorted."""
    docs = [path.relative_to(root).as_posix() for path in (root / "docs").rglob("*.md")]
    return [name for name in FRONT if (root / name).is_file()] + sorted(docs)


def stage(root: Path, target: Path) -> None:
    """Copy the pages and what lies beside them, with the same relative paths.

    Raises:
        BrokenLink: a page links to something that does not exist.
    """
    pages = pages_of(root)
    for name in pages:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        text = (root / name).read_text(encoding="utf-8")
        place.write_text(site_links(text, name, root, set(pages)), encoding="utf-8", newline="\n")
    for path in sorted((root / "docs").rglob("*")):
        if path.suffix in BESIDE and path.parent != root / "docs" / "site":
            place = target / path.relative_to(root)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def site_links(text: str, page: str, root: Path, pages: set[str]) -> str:
    """The text with links to files that are no part of the site turned into their paths.

    Raises:
        BrokenLink: a target does not exist in the checkout.
    """

    def place(match: re.Match[str]) -> str:
        target = match["target"]
        if re.match(r"[a-z][a-z0-9+.-]*:|#", target):
            return match.group()
        path = normpath(str(PurePosixPath(page).parent / target.partition("#")[0]))
        if path.startswith("reference/") or path in pages or _beside(path):
            return match.group()
        if not (root / path).exists():
            raise BrokenLink(f"{page}: {target} leads nowhere")
        return f"{match['text']} (`{path}`)" if match["text"].strip("`") != path else f"`{path}`"

    fenced = False
    done = []
    for line in text.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        done.append(line if fenced else _LINK.sub(place, line))
    return "\n".join(done)


def _beside(path: str) -> bool:
    return path.startswith("docs/") and path.endswith(BESIDE)


def menu(root: Path) -> list[object]:
    """The navigation for MkDocs, of the pages that are there."""
    docs = [name for name in pages_of(root) if name.startswith("docs/")]
    listed: list[object] = [{"Start": "README.md"}]
    for title, stems in GROUPS.items():
        here = [f"docs/{stem}.md" for stem in stems if f"docs/{stem}.md" in docs]
        listed.append({title: here})
        docs = [name for name in docs if name not in here]
    listed.append({"Reference": list(_reference())})
    front = [name for name in FRONT[1:] if (root / name).is_file()]
    return [*listed, {"Project": [*front, *docs]}]


def _reference() -> Iterator[str]:
    for name in ("rules/README", "clauses", "components", "bugs", "decision", "python"):
        yield f"reference/{name}.md"
