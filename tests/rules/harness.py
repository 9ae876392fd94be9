"""Run the real pipeline on a scenario, from bytes to verdicts, in memory."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from analyzer.analysis import Analysis
from analyzer.bundle import open_bundle
from analyzer.facts.load import load_facts
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.hit import RuleResult
from analyzer.options import Options
from analyzer.pipeline import run_stages
from analyzer.reference import load_reference
from analyzer.rules.engine import run_rule
from analyzer.rules.registry import all_rules
from analyzer.supply import Supply, build_supply
from fixtures.build import scenario, tree

#: What a case leaves out: a small, quiet cluster.
DEFAULTS: dict[str, Any] = {"name": "case", "base": "overlay", "kubernetes": "1.33", "seed": 7}


def bundle_of(world: Mapping[str, bytes]) -> io.BytesIO:
    """A flat archive of the tree, in memory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, content in sorted(world.items()):
            member = tarfile.TarInfo(f"demarc-case/{path}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    out.seek(0)
    return out


def analysis_of(case: Mapping[str, Any], options: Options | None = None) -> Analysis:
    """All stages' results for a scenario (``DEFAULTS`` filled in)."""
    key = yaml.safe_dump(DEFAULTS | dict(case), sort_keys=True)
    return _analysis(key, options)


@lru_cache(maxsize=16)
def _analysis(key: str, options: Options | None) -> Analysis:
    world = tree(scenario(yaml.safe_load(key)))
    return run_stages(bundle_of(world), options or Options(jobs=1, bundle_name="case.tar"))


def result_of(rule_id: str, case: Mapping[str, Any], options: Options | None = None) -> RuleResult:
    """What one rule came to; the others are not asked, which is quicker."""
    supply = _supply(yaml.safe_dump(DEFAULTS | dict(case), sort_keys=True), options)
    registered = next(one for one in all_rules() if one.rule.id == rule_id)
    return run_rule(registered, supply.by_type, aks=supply.is_aks)


@lru_cache(maxsize=16)
def _supply(key: str, options: Options | None) -> Supply:
    chosen = options or Options(jobs=1, bundle_name="case.tar")
    reference = load_reference(chosen)
    bundle = open_bundle(bundle_of(tree(scenario(yaml.safe_load(key)))), name="case.tar")
    return build_supply(load_facts(bundle, reference.patterns, jobs=1).facts, reference)


def diagnosis_of(case: Mapping[str, Any], options: Options | None = None) -> Diagnosis:
    """The diagnosis of a scenario."""
    from analyzer.diagnose import build_diagnosis

    return build_diagnosis(analysis_of(case, options))


def findings_of(
    rule_id: str, case: Mapping[str, Any], options: Options | None = None
) -> tuple[Finding, ...]:
    """The findings of one rule, with their verdicts."""
    return tuple(f for f in diagnosis_of(case, options).findings if f.rule == rule_id)


def with_data(folder: Path | None) -> Options | None:
    """Options of a run with a user's own data files; None without any."""
    if folder is None:
        return None
    return Options(jobs=1, bundle_name="case.tar", data_dirs=(folder,))
