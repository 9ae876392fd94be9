"""Time stamps at the head of log lines, in the forms that nodes and pods write.

Read are RFC 3339 and its relatives (CRI, ``kubectl logs --timestamps``, journald ``short-iso`` and
``short-iso-precise``, dmesg ``--time-format iso`` with its comma), journald ``short`` and syslog,
``short-full`` and ``short-unix``, klog, logrus and slog ``time=…`` or ``ts=…``, zap and other JSON
with a ``ts`` or ``time`` key (as seconds too), Go's ``log`` (``2006/01/02 15:04:05``), ``date``
(what AKS's provisioning scripts write), dmesg ``-T`` and dmesg seconds since boot. A stamp without
a zone, or with a zone's name, is taken as UTC, since Azure's node images run in UTC. A stamp
without a year takes the newest year that does not lie after the reference time; nothing here asks a
clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_MONTHS = {
    b"Jan": 1, b"Feb": 2, b"Mar": 3, b"Apr": 4, b"May": 5, b"Jun": 6,
    b"Jul": 7, b"Aug": 8, b"Sep": 9, b"Oct": 10, b"Nov": 11, b"Dec": 12,
}  # fmt: skip
#: A stamp may lie this far after the reference (clocks that differ) before it is last year's.
_SLACK = timedelta(days=1)
#: Only the head of a line is looked at: a stamp further on belongs to something quoted.
_HEAD = 160

_ISO = re.compile(
    rb"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb"(?: ?(Z|[+-]\d\d:?\d\d))?"
)
_ISO_KEYED = re.compile(
    rb"^(?:[^\n]{0,40}?\b(?:time|ts)=\"?|\{.{0,80}?\"(?:ts|time|timestamp)\": ?\")(?=\d{4}[-/])"
)
_EPOCH_KEYED = re.compile(rb"^\{.{0,80}?\"(?:ts|time)\": ?(\d{9,10})(?:\.(\d{1,9}))?\b(?!e)")
#: zap's console encoder, and its JSON one of old: ``1.6512345678901234e+09``.
_EPOCH_POWER = re.compile(rb"^(?:\{.{0,80}?\"(?:ts|time)\": ?)?(\d\.\d{6,17}e\+09)\b")
_EPOCH = re.compile(rb"(\d{10})\.(\d{6}) ")
#: The weekday before an ISO stamp (journald ``short-full``), or before ``date``'s own form.
_WEEKDAY = re.compile(rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ")
_DATE = re.compile(
    rb"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (?:[A-Z]{2,5} )?(\d{4})\b"
)
_SHORT = re.compile(rb"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?\b")
_KLOG = re.compile(rb"[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{1,9})\b")
_DMESG_T = re.compile(
    rb"\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\]"
)
_DMESG = re.compile(rb"(?:<\d{1,3}>)?\[ *(\d{1,9})\.(\d{6})\]")


class StampReader:
    """Reads the stamp at the head of a line.

    Args:
        reference: the time of collection, for stamps without a year; None leaves those unread.
        boot: when the machine booted, for stamps in seconds since boot; None leaves those unread.
    """

    def __init__(self, reference: datetime | None = None, boot: datetime | None = None) -> None:
        self.reference = reference
        self.boot = boot

    def read(self, line: bytes) -> datetime | None:
        """The time of the line in UTC, or None where it carries none that can be resolved."""
        try:
            return self._read(line[:_HEAD])
        except (ValueError, OverflowError):  # figures that are no date
            return None

    def _read(self, head: bytes) -> datetime | None:
        first = head[:1]
        if first.isdigit() and (match := _ISO.match(head)):
            return _iso(match)
        if first.isdigit() and (match := _EPOCH.match(head)):
            return _epoch(match[1], match[2])
        if first in b"IWEF" and (match := _KLOG.match(head)):
            month, day, hour, minute, second = (int(match[group]) for group in range(1, 6))
            return self._this_year(month, day, hour, minute, second, _micros(match[6]))
        if first.isupper() and (match := _SHORT.match(head)) and match[1] in _MONTHS:
            day, hour, minute, second = (int(match[group]) for group in range(2, 6))
            return self._this_year(
                _MONTHS[match[1]], day, hour, minute, second, _micros(match[6] or b"0")
            )
        if first in b"[<":
            return self._bracketed(head)
        if first.isupper() and (match := _WEEKDAY.match(head)):
            return _after_weekday(head, match.end())
        return _keyed(head)

    def _bracketed(self, head: bytes) -> datetime | None:
        if match := _DMESG.match(head):
            if self.boot is None:
                return None
            return self.boot + timedelta(seconds=int(match[1]), microseconds=int(match[2]))
        if (match := _DMESG_T.match(head)) and match[1] in _MONTHS:
            day, hour, minute, second, year = (int(match[group]) for group in range(2, 7))
            return datetime(year, _MONTHS[match[1]], day, hour, minute, second, tzinfo=UTC)
        if match := _ISO.match(head, 1):
            return _iso(match)
        return _keyed(head)

    def _this_year(
        self, month: int, day: int, hour: int, minute: int, second: int, micros: int
    ) -> datetime | None:
        """Put the newest year on it that does not lie after the reference."""
        if self.reference is None:
            return None
        latest = self.reference.astimezone(UTC) + _SLACK
        for year in range(latest.year, latest.year - 9, -1):
            try:
                at = datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
            except ValueError:  # 29 February of another year, or no date at all
                continue
            if at <= latest:
                return at
        return None


def seconds_since_boot(line: bytes) -> float | None:
    """Seconds of a dmesg stamp such as ``[   12.345678]``, or None for any other line."""
    match = _DMESG.match(line[:_HEAD])
    return int(match[1]) + int(match[2]) / 1e6 if match else None


def _keyed(head: bytes) -> datetime | None:
    if (key := _ISO_KEYED.match(head)) and (match := _ISO.match(head, key.end())):
        return _iso(match)
    if match := _EPOCH_KEYED.match(head):
        return _epoch(match[1], match[2] or b"0")
    if match := _EPOCH_POWER.match(head):
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=round(float(match[1]), 6))
    return None


def _epoch(seconds: bytes, fraction: bytes) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC) + timedelta(microseconds=_micros(fraction))


def _after_weekday(head: bytes, start: int) -> datetime | None:
    if match := _ISO.match(head, start):
        return _iso(match)
    if (match := _DATE.match(head, start)) and match[1] in _MONTHS:
        day, hour, minute, second, year = (int(match[group]) for group in range(2, 7))
        return datetime(year, _MONTHS[match[1]], day, hour, minute, second, tzinfo=UTC)
    return None


def _iso(match: re.Match[bytes]) -> datetime:
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    micros = _micros(match[7]) if match[7] else 0
    zone = match[8]
    if zone is None or zone in (b"Z", b"+00:00", b"+0000"):
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    local = timezone(-offset if zone[:1] == b"-" else offset)
    return datetime(year, month, day, hour, minute, second, micros, tzinfo=local).astimezone(UTC)


def _micros(digits: bytes) -> int:
    return int(digits[:6].ljust(6, b"0"))
