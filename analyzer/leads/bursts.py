"""Bursts in time: a shape of error line that all at once comes far more often than before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analyzer.facts.error_lines import PERIOD_MINUTES, ErrorShape, LogSpan, period_start

#: Fewer lines than this are no burst.
FEWEST_LINES = 30
#: So many times the usual rate.
TIMES_USUAL = 8.0
#: The log must have been there for so long before the burst, or there is nothing to compare with.
QUIET_BEFORE = timedelta(minutes=60)
#: Empty periods within one burst.
_GAP = 2
_PERIOD = timedelta(minutes=PERIOD_MINUTES)


@dataclass(frozen=True, slots=True)
class Burst:
    """One burst in one log. ``rate`` and ``usual`` are lines per minute."""

    row: ErrorShape
    onset: datetime
    last: datetime
    count: int
    rate: float
    usual: float
    compared_with: timedelta

    @property
    def minutes(self) -> int:
        """How long it lasted, in whole minutes, at least one."""
        return max(1, round((self.last - self.onset).total_seconds() / 60))


def burst_of(row: ErrorShape, span: LogSpan) -> Burst | None:
    """The burst of a shape in its log, None where it is as frequent as ever.

    The stretch of periods with the most lines is compared with all the time before it. A log that
    is too short to tell, or one that holds the lines from its beginning, has no burst.
    """
    runs = _runs(row.periods)
    if not runs:
        return None
    run = max(runs, key=lambda one: (sum(count for _, count in one), -one[0][0]))
    count = sum(lines for _, lines in run)
    onset = max(period_start(run[0][0]), row.first_seen or span.first)
    if run[0] != row.periods[0]:
        onset = period_start(run[0][0])
    last = min(period_start(run[-1][0]) + _PERIOD, row.last_seen or span.last)
    before = onset - span.first
    if count < FEWEST_LINES or before < QUIET_BEFORE:
        return None
    earlier = sum(lines for period, lines in row.periods if period < run[0][0])
    usual = earlier / (before.total_seconds() / 60)
    rate = count / max(1.0, (last - onset).total_seconds() / 60)
    if rate < TIMES_USUAL * usual:
        return None
    return Burst(row, onset, last, count, rate, usual, before)


def _runs(periods: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Stretches of busy periods: those with at least a quarter of the lines of the busiest."""
    busiest = max((count for _, count in periods), default=0)
    busy = [one for one in periods if one[1] * 4 >= busiest]
    runs: list[list[tuple[int, int]]] = []
    for one in busy:
        if runs and one[0] - runs[-1][-1][0] <= _GAP + 1:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs
