"""Known bugs: the data, what of it was seen in a bundle, and whether it applies to what runs."""

from analyzer.bugs.exposed import exposure_refs, exposures
from analyzer.bugs.gates import GateFacts, NodeGate
from analyzer.bugs.load import BugCatalogue, BugDataError, load_bugs
from analyzer.bugs.match import match_bugs
from analyzer.bugs.runs import gate_facts
from analyzer.bugs.schema import Bug, Use
from analyzer.bugs.sightings import BugSighting, BugSightings, Status

__all__ = [
    "Bug",
    "BugCatalogue",
    "BugDataError",
    "BugSighting",
    "BugSightings",
    "GateFacts",
    "NodeGate",
    "Status",
    "Use",
    "exposure_refs",
    "exposures",
    "gate_facts",
    "load_bugs",
    "match_bugs",
]
