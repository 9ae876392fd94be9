"""Patterns over canonical paths: ``*`` and ``?`` stay within one path part, ``**`` does not."""

from __future__ import annotations

import re
from functools import lru_cache


def is_glob(path: str) -> bool:
    """Tell whether a path is a pattern."""
    return "*" in path or "?" in path


@lru_cache(maxsize=1024)
def pattern(glob: str) -> re.Pattern[str]:
    """Compile a pattern; match it with ``fullmatch``."""
    out = []
    for token in re.split(r"(\*\*|\*|\?)", glob):
        out.append({"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(token) or re.escape(token))
    return re.compile("".join(out), re.DOTALL)


def fixed_start(glob: str) -> str:
    """Return the folders in front of the first wildcard: ``a/b`` of ``a/b/c*.json``."""
    parts = glob.split("/")
    for position, part in enumerate(parts):
        if is_glob(part):
            return "/".join(parts[:position])
    return glob
