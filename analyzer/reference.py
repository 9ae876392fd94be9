"""All that the evidence is compared with: policy, decision table, catalogue, bugs. Loaded once."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.baselines import catalogue as baselines
from analyzer.bugs import BugCatalogue, load_bugs
from analyzer.facts import landmarks
from analyzer.facts.patterns import PatternSet
from analyzer.options import Options
from analyzer.ownership.table import DecisionTable, load_table
from analyzer.policy.pack import PolicyPack, load_pack


@dataclass(frozen=True)
class Reference:
    """The data of one run, packaged and the user's own."""

    pack: PolicyPack
    table: DecisionTable
    catalogue: baselines.Catalogue
    bugs: BugCatalogue
    #: Everything that is looked for in logs, in one set for one pass.
    patterns: PatternSet


def load_reference(options: Options) -> Reference:
    """Load all data.

    Raises:
        ValueError: a user's file is not valid; the text names file and line.
    """
    bugs = load_bugs(options.data_dirs)
    return Reference(
        pack=load_pack(options.policy, options.data_dirs),
        table=load_table(options.data_dirs),
        catalogue=baselines.load(options.data_dirs),
        bugs=bugs,
        patterns=PatternSet.of(landmarks.patterns(), bugs.patterns()),
    )
