"""The map: one analysis from bundle to diagnosis, on one screen."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.analysis import Analysis
from analyzer.bundle import Source, open_bundle
from analyzer.causes.effects import cause_links
from analyzer.causes.graph import explain, link
from analyzer.diagnose import build_diagnosis, cited
from analyzer.facts.excerpt import cut_excerpts
from analyzer.facts.garbage import collector_paused
from analyzer.facts.load import OnStep, load_facts
from analyzer.model.diagnosis import Diagnosis
from analyzer.options import Options
from analyzer.ownership.assign import Deciding, assign_owners
from analyzer.reference import load_reference
from analyzer.rules.engine import run_rules
from analyzer.rules.gather import gather
from analyzer.rules.registry import all_rules, instructions
from analyzer.supply import build_supply


def analyze(
    source: Source | Sequence[Source],
    *,
    options: Options | None = None,
    on_step: OnStep | None = None,
) -> Diagnosis:
    """Analyse a bundle (an archive, a folder, or an open binary stream) and return the diagnosis.

    Several inputs, as a list or tuple, are read together as one bundle.

    The same input and data give the same diagnosis, byte for byte; no network is used, and "now" is
    the bundle's collection time. ``on_step(stage, done, total)`` is told of progress.

    Raises:
        analyzer.bundle.BundleError: the input cannot be read at all.
        ValueError: a user's data file is not valid; the text names file and line.
    """
    with collector_paused():  # nearly all that is made lives to the end
        return build_diagnosis(run_stages(source, options or Options(), on_step))


def run_stages(
    source: Source | Sequence[Source], options: Options, on_step: OnStep | None = None
) -> Analysis:
    """Run every stage in order and keep what each came to. Raises as :func:`analyze` does."""
    step = on_step or (lambda stage, done, total: None)
    reference = load_reference(options)

    bundle = open_bundle(source, limits=options.limits, name=options.bundle_name)
    loaded = load_facts(
        bundle, reference.patterns, limits=options.limits, jobs=options.jobs, on_step=step
    )

    step("Comparing", 0, 1)
    supply = build_supply(loaded.facts, reference)
    rules = {registered.rule.id: registered for registered in all_rules()}
    seconds = options.limits.max_rule_seconds
    results = run_rules(rules.values(), supply.by_type, aks=supply.is_aks, seconds=seconds)

    step("Explaining", 0, 1)
    candidates = link(gather(results, rules), cause_links())
    explanation = explain(candidates, cause_links(), supply.pool_of)
    deciding = Deciding(reference.table, supply.context, cause_links(), instructions())
    verdicts = assign_owners(candidates, explanation, deciding)

    step("Citing", 0, 1)
    excerpts = cut_excerpts(bundle, cited(candidates, loaded.facts, supply))
    return Analysis(
        bundle, loaded, reference, supply, rules, results,
        candidates, explanation, verdicts, excerpts,
    )  # fmt: skip
