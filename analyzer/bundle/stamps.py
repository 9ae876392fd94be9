"""When another tool took its output: what a file of its own says of it, or else a name.

A name has the clock of the machine that collected, and not its time zone. It is therefore only
believed to the day where the data show times of their own.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: What stands for the time where nothing tells it.
NEWEST = "newest time in the data"
#: Bytes of a file with the time that are read; the tools write far less.
MOST = 8 * 1024 * 1024

#: A clock without a zone may be so far from UTC (zones go from -12:00 to +14:00), and a sos report
#: says the day alone.
_ZONES = timedelta(hours=15)
_DAY = timedelta(hours=39)
#: Names: ``support-bundle-2025-04-11T14_05_31`` (troubleshoot), ``cilium-sysdump-20221110-185842``,
#: ``202205300608_sonobuoy_…``, ``sosreport-node-2019-10-02-pmjpmmk``.
_NAMES = (
    (re.compile(r"bundle-(\d{4})-(\d\d)-(\d\d)T(\d\d)_(\d\d)_(\d\d)"), False),
    (re.compile(r"-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:\.|$)"), False),
    (re.compile(r"^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)_sonobuoy_"), False),
    (re.compile(r"^sos(?:report)?-.+-(\d{4})-(\d\d)-(\d\d)-[a-z]{5,}"), True),
)
#: As Go prints a time: ``2021-08-10 14:36:00.127889 +0200 CEST m=+0.293497``.
_GO = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(?: ?([+-]\d\d):?(\d\d)|(Z)| (UTC))?"
)
#: As date(1) prints it in the C locale: ``Wed Oct  2 14:11:37 UTC 2019``, or with the year first.
_DATE = re.compile(
    r"\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:(AM|PM) )?([A-Z]{3,5}|[+-]\d{4}) (\d{4})"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time (aware), and what says so. ``within`` is how far from it the truth may lie."""

    when: datetime
    source: str
    within: timedelta = timedelta(0)

    @property
    def exact(self) -> bool:
        """True where the source tells the zone, or is in UTC by its nature."""
        return not self.within


def of_name(name: str) -> Stamp | None:
    """Return the time in the name of an archive or folder; None where there is none."""
    for pattern, day_alone in _NAMES:
        if found := pattern.search(name):
            when = _moment([int(group) for group in found.groups()])
            within = _DAY if day_alone else _ZONES
            return Stamp(when, f"name {found.string}", within) if when else None
    return None


def of_go(text: str, source: str) -> Stamp | None:
    """Return the last time that Go printed in a text; one without a zone is not exact."""
    found = deque(_GO.finditer(text), maxlen=1)
    if not found:
        return None
    date, clock, part, hours, minutes, zulu, utc = found[0].groups()
    zone = f"{hours}:{minutes}" if hours else "+00:00"
    try:
        when = datetime.fromisoformat(f"{date}T{clock}{(part or '.0').ljust(7, '0')}{zone}")
        when = when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Stamp(when, source, timedelta(0) if hours or zulu or utc else _ZONES)


def of_date(text: str, source: str) -> Stamp | None:
    """Return the time that date(1) printed; a zone other than UTC by its letters is not exact."""
    found = _DATE.search(text)
    if found is None:
        return None
    month, day, clock, half, zone, year = found.groups()
    if half:
        return None
    known = zone in ("UTC", "GMT") or zone[0] in "+-"
    try:
        offset = zone if zone[0] in "+-" else "+0000"
        when = parsedate_to_datetime(f"{day} {month} {year} {clock} {offset}").astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return Stamp(when, source, timedelta(0) if known else _ZONES)


def best(stamps: Iterable[Stamp | None]) -> Stamp | None:
    """Return the most exact of several; of equally exact ones the latest."""
    known = [stamp for stamp in stamps if stamp is not None]
    return min(known, key=lambda s: (s.within, -s.when.timestamp(), s.source), default=None)


def settled(told: Stamp | None, newest: datetime | None) -> tuple[datetime | None, str]:
    """Return time and source out of a stamp and the newest time in the data.

    Within what the stamp leaves open, the data are more exact.
    """
    if told is None:
        return newest, NEWEST
    if newest is not None and not told.exact and abs(newest - told.when) <= told.within:
        return newest, NEWEST
    return told.when, told.source


def _moment(numbers: list[int]) -> datetime | None:
    try:
        return datetime(*numbers, tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return None
