"""All that the evidence is compared with: policy, decision table, catalogue, bugs. Loaded once."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.baselines import catalogue as baselines
from analyzer.baselines.capture import CapturedFile, captured_files
from analyzer.baselines.table_checks import use_tables
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
    #: Objects of the user's own healthy cluster, to compare with.
    captured: tuple[CapturedFile, ...]
    #: Everything that is looked for in logs, in one set for one pass.
    patterns: PatternSet


def load_reference(options: Options) -> Reference:
    """Load all data.

    Raises:
        ValueError: a user's file is not valid; the text names file and line.
    """
    use_tables(options.data_dirs)
    bugs = load_bugs(options.data_dirs)
    return Reference(
        pack=load_pack(options.policy, options.data_dirs),
        table=load_table(options.data_dirs),
        catalogue=baselines.load(options.data_dirs),
        bugs=bugs,
        captured=captured_files(options.data_dirs),
        patterns=PatternSet.of(landmarks.patterns(), bugs.patterns()),
    )
