"""``python -m docs.site FOLDER``: build the site below FOLDER and print where it starts."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from mkdocs.exceptions import Abort

from docs.site.build import build
from docs.site.stage import BrokenLink


def main(arguments: list[str]) -> int:
    """Build; exit code 2 where a link leads nowhere."""
    if len(arguments) != 1:
        print("usage: python -m docs.site FOLDER", file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        html = build(Path(arguments[0]))
    except (Abort, BrokenLink) as error:
        print(f"the site was not built: {error}", file=sys.stderr)
        return 2
    print(html.resolve() / "index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
