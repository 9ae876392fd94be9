"""How many bundles a fleet run does in a minute: one process, two, and two workers of an engine.

    python -m benchmarks.fleet [--bundles N] [--nodes N] [--times N] [--json FILE]

The bundles are seeded and made once. A measure is the whole run into an empty folder: start-up of
processes, tables and page included; of the engine only the start-up of its workers is left out,
for they run already. Beside the wall time stands the processor time of the worker processes for a
bundle, which a busy machine changes less. The last line is a second run that finds all done.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from analyzer.fleet.run import FleetOptions, run_fleet
from benchmarks.__main__ import WORK, child_seconds
from fixtures.build import scenario, tree, write

#: What the clusters of the fleet suffer from, in turn.
FAULTS = ("", "node-image-old", "managed-workload-edited", "runc-container-stopped")


def build_fleet(bundles: int, nodes: int) -> Path:
    """A folder of that many bundles, made once (seeded: the same bytes each time)."""
    folder = WORK / f"fleet-{bundles}-of-{nodes}-nodes"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(bundles):
        path = folder / f"cluster-{number:03}.tar"
        fault = FAULTS[number % len(FAULTS)]
        if not path.exists():
            world = {
                "name": f"cluster-{number:03}", "base": "overlay", "seed": number, "noise": True,
                "kubernetes": ("1.33", "1.34")[number % 2],
                "pools": {"system": 2, "work": max(2, nodes - 2)},
                "faults": [{"name": fault}] if fault else [],
            }  # fmt: skip
            write(tree(scenario(world)), path)
    return folder


def measure(folder: Path, options: FleetOptions, bundles: int) -> dict[str, float]:
    """Bundles in a minute, seconds, and the workers' processor seconds for a bundle."""
    with tempfile.TemporaryDirectory(prefix="demarc-bench-") as out:
        cpu, start = child_seconds(), time.perf_counter()
        result = run_fleet([str(folder)], Path(out), options)
        took = time.perf_counter() - start
        assert result.analysed == bundles, result
        used = child_seconds() - cpu
        again = time.perf_counter()
        assert run_fleet([str(folder)], Path(out), options).kept == bundles
        return {
            "per_minute": 60 * bundles / took,
            "seconds": took,
            "worker_cpu_s_per_bundle": used / bundles,
            "again_s": time.perf_counter() - again,
        }


@contextmanager
def engine() -> Iterator[str]:
    """Two workers of Dask on loopback, each a process with one thread that has done a bundle."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield str(cluster.scheduler_address).replace("tcp://", "dask://")


def all_measures(bundles: int, nodes: int, times: int) -> dict[str, list[dict[str, float]]]:
    """Every way in turn, so that what else the machine does meets all of them."""
    folder = build_fleet(bundles, nodes)
    found: dict[str, list[dict[str, float]]] = {"1 process": [], "2 processes": [], "dask, 2": []}
    with engine() as address:
        ways: dict[str, Callable[[], FleetOptions]] = {
            "1 process": lambda: FleetOptions(workers=1),
            "2 processes": lambda: FleetOptions(workers=2),
            "dask, 2": lambda: FleetOptions(engine=address),
        }
        measure(folder, ways["dask, 2"](), bundles)  # its workers have imported all now
        for _ in range(times):
            for name, options in ways.items():
                found[name].append(measure(folder, options(), bundles))
    return found


def main(arguments: list[str] | None = None) -> int:
    """Print a line for each way, and write all figures where that is wanted."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet")
    parser.add_argument("--bundles", type=int, default=40)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args(arguments)
    found = all_measures(chosen.bundles, chosen.nodes, chosen.times)
    print(f"{chosen.bundles} bundles of {chosen.nodes} nodes, {os.cpu_count()} cores, "
          f"median of {chosen.times} (smallest to largest)")  # fmt: skip
    for name, runs in found.items():
        rates = sorted(run["per_minute"] for run in runs)
        cpu = statistics.median(run["worker_cpu_s_per_bundle"] for run in runs)
        shown = f", {cpu:.2f} s of a core each" if not name.startswith("dask") else ""
        print(f"{name:12} {statistics.median(rates):6.0f} bundles a minute "
              f"({rates[0]:.0f} to {rates[-1]:.0f}){shown}")  # fmt: skip
    again = statistics.median(run["again_s"] for runs in found.values() for run in runs)
    print(f"a second run over all of them: {again:.2f} s")
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
