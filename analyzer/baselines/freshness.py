"""How old the data of this stage is."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

_AS_OF = re.compile(r'^as_of: "(\d{4}-\d{2}-\d{2})"', re.MULTILINE)


@lru_cache(maxsize=1)
def data_date() -> str:
    """The newest date of the packaged data files, as ``YYYY-MM-DD``; reads only their heads."""
    root = files("analyzer.baselines") / "data"
    dates = []
    for folder in (root, root / "components"):
        for item in folder.iterdir():
            if item.name.endswith(".yaml"):
                with item.open(encoding="utf-8") as stream:
                    match = _AS_OF.search(stream.read(2000))
                if match:
                    dates.append(match.group(1))
    return max(dates)
