"""The AKS support policy as data: one pack per published date, every clause with its evidence.

The clauses live in ``data/<date>/``; ``pack`` loads them, ``clause`` says what a clause is.
"""

from __future__ import annotations

from analyzer.policy.clause import Clause, ClauseClass, Decides, EvidenceKinds, Party, Source
from analyzer.policy.errors import PolicyError
from analyzer.policy.pack import PolicyPack, available, load_pack

__all__ = [
    "Clause",
    "ClauseClass",
    "Decides",
    "EvidenceKinds",
    "Party",
    "PolicyError",
    "PolicyPack",
    "Source",
    "available",
    "load_pack",
]
