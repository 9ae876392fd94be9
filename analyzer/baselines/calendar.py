"""Is a Kubernetes minor supported on AKS at a point in time? From the published calendar."""

from __future__ import annotations

import calendar as days
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from analyzer.baselines.catalogue import source_link
from analyzer.baselines.data_files import Data, DataFile, DataFileError
from analyzer.baselines.kube_versions import minor_number
from analyzer.baselines.tables import folders_in_use, table

_FILE = "calendar.yaml"
#: The ARM ``supportPlan`` of a cluster with long-term support.
LTS_PLAN = "AKSLongTermSupport"


class Support(StrEnum):
    """What AKS supports of a minor."""

    PREVIEW = "preview"
    SUPPORTED = "supported"
    #: Older than the three supported minors by one: the platform is supported, Kubernetes is not.
    PLATFORM_ONLY = "platform-only"
    LTS = "lts"
    OUT_OF_SUPPORT = "out-of-support"
    #: Newer than the calendar: nothing speaks against it.
    UNKNOWN_NEWER = "unknown-newer"
    #: The version or the point in time is not known.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SupportState:
    """The answer with its dates (None where the calendar has none) and where they stand.

    ``certain`` is False where the answer hangs on a support plan that is not shown.
    """

    state: Support
    why: str
    minor: str | None = None
    ga: date | None = None
    end: date | None = None
    lts_end: date | None = None
    platform_until: date | None = None
    certain: bool = True
    source: str = ""

    @property
    def in_support(self) -> bool:
        """True where bugs of Kubernetes itself are in support."""
        return self.state in (Support.SUPPORTED, Support.LTS, Support.UNKNOWN_NEWER)


class _Row(Data):
    minor: str
    preview: str
    ga: str
    end: str
    lts_end: str


def support_state(minor: str | None, at: datetime | None, support_plan: str | None) -> SupportState:
    """What AKS supports of a minor (``1.33``) at a time, under the ARM plan (None: not shown)."""
    number = minor_number(minor)
    if number is None or at is None:
        return SupportState(Support.UNKNOWN, "the Kubernetes version or the time is not known")
    rows = _rows()
    source = source_link(str(table(_FILE).content["source"]))
    if number > max(rows):
        why = f"1.{number} is newer than the calendar ({table(_FILE).as_of})"
        return SupportState(Support.UNKNOWN_NEWER, why, minor=f"1.{number}", source=source)
    if number < min(rows):
        why = f"support of 1.{number} ended before that of 1.{min(rows)}"
        return SupportState(Support.OUT_OF_SUPPORT, why, minor=f"1.{number}", source=source)
    return _state(number, at.astimezone(UTC).date(), support_plan, source)


def newest_supported(at: datetime) -> str | None:
    """The newest minor that is generally available at that time; None if the calendar has none."""
    day = at.astimezone(UTC).date()
    ready = [number for number, row in _rows().items() if first_day(row.ga) <= day]
    return f"1.{max(ready)}" if ready else None


def newest_in_preview(day: date) -> int | None:
    """The number of the newest minor that was at least in preview on a day, or None."""
    numbers = [number for number, row in _rows().items() if first_day(row.preview) <= day]
    return max(numbers, default=None)


def _state(number: int, day: date, plan: str | None, source: str) -> SupportState:
    row = _rows()[number]
    later = _rows().get(number + 4)
    ga, end, lts_end = first_day(row.ga), last_day(row.end), last_day(row.lts_end)
    platform = last_day(later.ga) if later else None
    state, why, certain = Support.SUPPORTED, f"supported until {end}", True
    if day < ga:
        state, why = Support.PREVIEW, f"generally available from {row.ga}"
    elif day > end:
        state, why, certain = _after(day, end, lts_end, platform, plan)
    return SupportState(
        state, why, f"1.{number}", ga, end, lts_end, platform, certain=certain, source=source
    )


def _after(
    day: date, end: date, lts_end: date, platform: date | None, plan: str | None
) -> tuple[Support, str, bool]:
    in_lts = day <= lts_end
    if plan == LTS_PLAN and in_lts:
        return Support.LTS, f"long-term support until {lts_end}", True
    open_question = in_lts and plan is None
    hint = f"; with the support plan {LTS_PLAN} it would be supported until {lts_end}"
    if platform is None or day <= platform:
        until = f" until {platform}" if platform else ""
        why = f"support ended on {end}; platform support only{until}"
        return Support.PLATFORM_ONLY, why + (hint if open_question else ""), not open_question
    why = f"support ended on {end}"
    return Support.OUT_OF_SUPPORT, why + (hint if open_question else ""), not open_question


def _rows() -> dict[int, _Row]:
    return _rows_of(folders_in_use())


@lru_cache(maxsize=4)
def _rows_of(folders: tuple[Path, ...]) -> dict[int, _Row]:
    return rows_in(table(_FILE))


def rows_in(file: DataFile) -> dict[int, _Row]:
    """The rows of a calendar by the number of the minor.

    Raises:
        DataFileError: a row is not valid; the message names file and line.
    """
    found: dict[int, _Row] = {}
    for index, row in enumerate(file.records("minors", _Row)):
        number = minor_number(row.minor)
        try:
            days = [first_day(text) for text in (row.preview, row.ga, row.end, row.lts_end)]
        except ValueError as error:
            raise DataFileError(file.name, file.line_of("minors", index), str(error)) from error
        if number is None or days != sorted(days):
            what = f"{row.minor} is no minor version, or its dates are not in order"
            raise DataFileError(file.name, file.line_of("minors", index), what)
        found[number] = row
    return found


def first_day(text: str) -> date:
    """``2026-03`` as its first day; a full date as it is."""
    return date.fromisoformat(text if len(text) == 10 else f"{text}-01")


def last_day(text: str) -> date:
    """``2026-03`` as its last day; a full date as it is."""
    if len(text) == 10:
        return date.fromisoformat(text)
    year, month = int(text[:4]), int(text[5:])
    return date(year, month, days.monthrange(year, month)[1])
