"""All sources into one timeline, on the cluster's clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analyzer.bugs import BugSightings
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Events
from analyzer.timeline.from_logs import of_activity, of_bugs, of_landmarks
from analyzer.timeline.from_objects import (
    of_changes,
    of_conditions,
    of_events,
    of_new_nodes,
    of_restarts,
)
from analyzer.timeline.lanes import Lanes
from analyzer.timeline.moments import Moment, Timeline, folded
from analyzer.timeline.skew import clock_skew

#: Moments kept of a bundle of any size: the most telling, then the newest.
MOST = 5000
_NEVER = datetime(1990, 1, 1, tzinfo=UTC)


def build_timeline(facts: Facts, sightings: BugSightings) -> Timeline:
    """Gather, correct and fold everything that has a time; at most 5,000 moments are kept."""
    lanes = Lanes(facts)
    skew = clock_skew(facts.archives, facts.of(Events).items)
    now = facts.identity.collected_at
    moments = folded(_corrected(_in_time(_all(facts, sightings, lanes), now), skew))
    if len(moments) > MOST:
        telling = sorted(moments, key=lambda one: (-one.weight, -one.end.timestamp(), one.key))
        moments = folded(telling[:MOST])
    return Timeline(moments, skew, lanes)


def _all(facts: Facts, sightings: BugSightings, lanes: Lanes) -> Iterator[Moment]:
    yield from of_events(facts, lanes)
    yield from of_conditions(facts, lanes)
    yield from of_restarts(facts, lanes)
    yield from of_changes(facts, lanes)
    yield from of_new_nodes(facts, lanes)
    yield from of_landmarks(facts, lanes)
    yield from of_bugs(sightings, lanes)
    yield from of_activity(facts)


def _in_time(moments: Iterable[Moment], now: datetime | None) -> Iterator[Moment]:
    """Leave out stamps that cannot be: a clock that was never set, or the future."""
    latest = now + timedelta(days=2) if now is not None and now.year < 9000 else None
    for one in moments:
        if one.at >= _NEVER and (latest is None or one.end <= latest):
            yield one


def _corrected(moments: Iterable[Moment], skew: Mapping[str, timedelta]) -> Iterator[Moment]:
    """Take the offset of a node's clock off what that clock stamped."""
    for one in moments:
        ahead = skew.get(one.node or "")
        if ahead is None or not one.node_clock:
            yield one
        else:
            yield replace(one, at=one.at - ahead, until=one.until - ahead if one.until else None)
