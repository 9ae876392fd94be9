"""The timeline: what happened in the cluster, from all sources, on one clock."""

from analyzer.timeline.build import build_timeline
from analyzer.timeline.entries import chosen, moment_refs, timeline_entries
from analyzer.timeline.moments import Moment, Timeline

__all__ = ["Moment", "Timeline", "build_timeline", "chosen", "moment_refs", "timeline_entries"]
