"""``make accuracy``: how often the owner of a root is right, over the labelled scenarios.

    python -m benchmarks.accuracy [--json FILE] [NAME…]

Prints the confusion matrix (what the scenario's author says against what the analysis says),
precision and recall by owner, the promises that hold or do not, and every miss. Exits with 1 below
the target or where a promise is broken.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analyzer.diagnose import build_diagnosis
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.owner import Confidence, Owner
from analyzer.options import Options
from analyzer.pipeline import run_stages
from fixtures.build import load_scenario, tree
from fixtures.scenario import Root, Scenario
from tests.rules.harness import bundle_of
from tests.scenarios.judge import matching, misses, serious

SCENARIOS = Path("fixtures/scenarios")
#: The least share of roots whose owner is right.
TARGET = 0.97
OWNERS = [owner.value for owner in Owner]
#: A root that the analysis did not find; and a root found that no author speaks of.
NONE = "none"


@dataclass
class Score:
    """Counts over all scenarios. ``matrix``: (what is right, what was said) → how often."""

    matrix: Counter[tuple[str, str]] = field(default_factory=Counter)
    scenarios: Counter[str] = field(default_factory=Counter)
    clean: Counter[str] = field(default_factory=Counter)
    misses: dict[str, list[str]] = field(default_factory=dict)
    #: Promises that must hold without exception, and where they do not.
    alarms_of_healthy: list[str] = field(default_factory=list)
    sure_of_microsoft: list[str] = field(default_factory=list)

    @property
    def roots(self) -> int:
        """How many roots the authors name."""
        return sum(n for (right, _), n in self.matrix.items() if right != NONE)

    @property
    def right(self) -> int:
        """How many of them have the right owner."""
        return sum(n for (right, said), n in self.matrix.items() if right == said)

    @property
    def accuracy(self) -> float:
        """The share of named roots with the right owner."""
        return self.right / self.roots if self.roots else 1.0

    @property
    def good(self) -> bool:
        """True at or above the target with both promises kept."""
        return self.accuracy >= TARGET and not self.alarms_of_healthy and not self.sure_of_microsoft

    def precision(self, owner: str) -> float | None:
        """Of all roots said to be this owner's, the share that is; None where none was said."""
        said = sum(n for (_, got), n in self.matrix.items() if got == owner)
        return self.matrix[(owner, owner)] / said if said else None

    def recall(self, owner: str) -> float | None:
        """Of all roots that are this owner's, the share said to be; None where there is none."""
        there = sum(n for (right, _), n in self.matrix.items() if right == owner)
        return self.matrix[(owner, owner)] / there if there else None


def diagnose(wanted: Scenario) -> Diagnosis:
    """Build a scenario in memory and analyse it."""
    options = Options(jobs=1, bundle_name=f"{wanted.name}.tar")
    return build_diagnosis(run_stages(bundle_of(tree(wanted)), options))


def count(score: Score, wanted: Scenario, diagnosis: Diagnosis) -> None:
    """Add one scenario to the score."""
    score.scenarios[wanted.category] += 1
    wrong = misses(diagnosis, wanted.expect)
    if wrong:
        score.misses[wanted.name] = wrong
    else:
        score.clean[wanted.category] += 1
    known: set[str] = set()
    for root in wanted.expect.roots:
        found = matching(root, diagnosis)
        known |= {finding.id for finding in found}
        score.matrix[_pair(root, found)] += 1
    for finding in serious(diagnosis):
        stray = finding.root and finding.id not in known
        # A second root of an owner who does own a root here blames nobody wrongly.
        if stray and finding.owner.value not in _owners(wanted):
            score.matrix[(NONE, finding.owner.value)] += 1
    if wanted.category == "healthy":
        score.alarms_of_healthy += [f"{wanted.name}: {f.title}" for f in serious(diagnosis)]
    if "microsoft" in wanted.expect.not_confident:
        score.sure_of_microsoft += [
            f"{wanted.name}: {f.rule} {f.title} ({f.confidence.value})"
            for f in serious(diagnosis)
            if f.owner is Owner.MICROSOFT and f.confidence is not Confidence.LOW
        ]


def _owners(wanted: Scenario) -> set[str]:
    named = {owner for root in wanted.expect.roots for owner in _accepted(root)}
    return named | set(wanted.expect.owners)


def _accepted(root: Root) -> tuple[str, ...]:
    return (root.owner,) if isinstance(root.owner, str) else root.owner


def _pair(root: Root, found: list[Finding]) -> tuple[str, str]:
    accepted = _accepted(root)
    for finding in found:
        if finding.owner.value in accepted:
            return finding.owner.value, finding.owner.value
    return accepted[0], found[0].owner.value if found else NONE


def run(names: list[str]) -> Score:
    """Score the scenarios whose names contain one of ``names`` (all, if there are none)."""
    score = Score()
    for path in sorted(SCENARIOS.glob("*.yaml")):
        if not names or any(name in path.stem for name in names):
            wanted = load_scenario(path)
            count(score, wanted, diagnose(wanted))
    return score


def report(score: Score) -> str:
    """The score as text."""
    lines = [
        f"{sum(score.scenarios.values())} scenarios, {score.roots} roots: "
        f"{score.right} with the right owner ({score.accuracy:.1%}, target {TARGET:.0%})",
        "",
        "category           scenarios  without a miss",
        *(
            f"{name:18} {n:9}  {score.clean[name]:14}"
            for name, n in sorted(score.scenarios.items())
        ),
        "",
        f"{'right is':18}" + "".join(f"{name:>17}" for name in [*OWNERS, NONE]),
    ]
    for right in [*OWNERS, NONE]:
        cells = "".join(f"{score.matrix[(right, said)] or '.':>17}" for said in [*OWNERS, NONE])
        lines.append(f"{right:18}{cells}")
    lines += ["", "owner              precision  recall"]
    lines += [
        f"{name:18} {_share(score.precision(name))}  {_share(score.recall(name))}"
        for name in OWNERS
    ]
    lines += ["", *_promise("No healthy scenario has a finding above low", score.alarms_of_healthy)]
    lines += _promise(
        "No confident 'microsoft' where a change could not be checked", score.sure_of_microsoft
    )
    for name, wrong in score.misses.items():
        lines += ["", f"miss: {name}", *(f"  {text}" for text in wrong)]
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return f"{'-':>9}" if value is None else f"{value:9.1%}"


def _promise(text: str, broken: list[str]) -> list[str]:
    return [f"{text}: {'kept' if not broken else 'BROKEN'}", *(f"  {one}" for one in broken)]


def as_json(score: Score) -> dict[str, Any]:
    """The score as data."""
    return {
        "scenarios": dict(sorted(score.scenarios.items())),
        "roots": score.roots,
        "right": score.right,
        "accuracy": round(score.accuracy, 4),
        "matrix": {f"{a} > {b}": n for (a, b), n in sorted(score.matrix.items())},
        "owners": {
            name: {"precision": score.precision(name), "recall": score.recall(name)}
            for name in OWNERS
        },
        "alarms_of_healthy": score.alarms_of_healthy,
        "sure_of_microsoft": score.sure_of_microsoft,
        "misses": score.misses,
    }


def main() -> int:
    """Print the score; 0 where the target and the promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy")
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of scenarios' names")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the score as JSON too")
    given = parser.parse_args()
    score = run(given.names)
    print(report(score))
    if given.json:
        text = json.dumps(as_json(score), indent=2, sort_keys=True)
        given.json.write_text(f"{text}\n", encoding="utf-8")
    return 0 if score.good else 1


if __name__ == "__main__":
    raise SystemExit(main())
