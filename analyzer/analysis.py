"""Everything that one run came to, before it is written down as a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.bundle import Bundle
from analyzer.causes.graph import Explanation
from analyzer.facts.load import Loaded
from analyzer.model.candidate import Candidate
from analyzer.model.evidence import Evidence, EvidenceRef
from analyzer.model.hit import RuleResult
from analyzer.ownership.decide import Verdict
from analyzer.reference import Reference
from analyzer.rules.registry import Registered
from analyzer.supply import Supply


@dataclass(frozen=True)
class Analysis:
    """The stages' results, by stage."""

    bundle: Bundle
    loaded: Loaded
    reference: Reference
    supply: Supply
    rules: Mapping[str, Registered]
    results: tuple[RuleResult, ...]
    candidates: tuple[Candidate, ...]
    explanation: Explanation
    verdicts: Mapping[str, Verdict]
    excerpts: Mapping[EvidenceRef, Evidence]
