"""How old the data of this stage is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.resources import files

_AS_OF = re.compile(r'^as_of: "(\d{4}-\d{2}-\d{2})"', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DataAge:
    """The data's date against a bundle's. ``days`` is negative where the data is younger."""

    as_of: str
    days: int | None

    def __str__(self) -> str:
        """A sentence for a person."""
        if self.days is None:
            return f"baseline data of {self.as_of}"
        unit = "day" if abs(self.days) == 1 else "days"
        if self.days < 0:
            return f"baseline data of {self.as_of}, {-self.days} {unit} after the bundle"
        return f"baseline data of {self.as_of}, {self.days} {unit} before the bundle"


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


def data_age(as_of: str, at: datetime | None) -> DataAge:
    """How far a data date (``YYYY-MM-DD``) and a collection time lie apart, in whole days.

    ``days`` is None where the date or the time is not known.
    """
    try:
        day = date.fromisoformat(as_of)
    except ValueError:
        return DataAge(as_of, None)
    if at is None:
        return DataAge(as_of, None)
    return DataAge(as_of, (at.astimezone(UTC).date() - day).days)
