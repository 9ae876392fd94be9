"""How long the comparison with the baseline takes: of a large bundle, and at start-up.

Called from ``python -m benchmarks``. The rules of managed components, of peers and of AKS's own
rights are run on the facts of one bundle, and the comparison is written; reading is not counted.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from analyzer.baselines.baseline import Baseline
from analyzer.bundle import open_bundle
from analyzer.comparison import compare
from analyzer.facts.load import load_facts
from analyzer.options import Options
from analyzer.reference import load_reference
from analyzer.rules.engine import run_rules
from analyzer.rules.registry import all_rules
from analyzer.supply import build_supply

FAMILIES = ("analyzer.rules.component.", "analyzer.rules.peers.", "analyzer.rules.access.")
#: What the first use of the baseline costs a process that has the facts: CPU seconds of its data.
START_UP = """
import time
from analyzer.baselines import catalogue, baseline
start = time.process_time()
catalogue.load()
print(time.process_time() - start)
"""


def comparison_seconds(bundle: Path) -> float:
    """Seconds of the drift rules and the comparison, on facts that nothing has looked at yet."""
    reference = load_reference(Options())
    loaded = load_facts(open_bundle(bundle), reference.patterns)
    supply = build_supply(loaded.facts, reference)
    rules = [rule for rule in all_rules() if rule.check.__module__.startswith(FAMILIES)]
    start = time.perf_counter()
    run_rules(rules, supply.by_type, aks=supply.is_aks)
    compare(loaded.facts, supply.by_type[Baseline])
    return time.perf_counter() - start


def start_up_seconds() -> float:
    """CPU seconds until the catalogue is there, in a process of its own."""
    command = [sys.executable, "-c", START_UP]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(bundle: Path, times: int) -> dict[str, list[float]]:
    """Smallest, median and largest of both, in seconds."""
    return {
        "comparison_s": _spread([comparison_seconds(bundle) for _ in range(times)]),
        "start_up_s": _spread([start_up_seconds() for _ in range(max(3, times))]),
    }


def _spread(values: list[float]) -> list[float]:
    ordered = sorted(values)
    return [round(ordered[i], 3) for i in (0, len(ordered) // 2, -1)]
