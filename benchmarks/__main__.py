"""``make bench``: build seeded bundles, measure several times, print ratios with their spread.

The yardstick is physics: to read a bundle at all, every member has to be decompressed once. So the
headline is analysis time divided by the time of ``gzip -dc`` over the same members, single thread.

``python -m benchmarks [--quick] [--json FILE]``; ``--quick`` measures small bundles once.
``python -m benchmarks.size`` is the one for 10 GiB of text, which takes longer than all of these.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import drift, scan

ROOT = Path(__file__).parents[1]
WORK = ROOT / "build" / "bench"
SCENARIO = ROOT / "fixtures" / "scenarios" / "healthy-overlay.yaml"


def build_bundle(nodes: int, log_mb: int) -> Path:
    """A bundle of that size, made once (seeded: the same bytes each time)."""
    path = WORK / f"{nodes}-nodes-{log_mb}-mb.tar"
    if not path.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "fixtures.build", str(SCENARIO), "-o", str(path),
                   "--nodes", str(nodes), "--log-mb", str(log_mb)]  # fmt: skip
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return path


def seconds(run: Callable[[], object], times: int) -> list[float]:
    """Wall times of several runs, in seconds."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        found.append(time.perf_counter() - start)
    return found


def child_seconds() -> float:
    """Processor time of all child processes so far: what a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def analyse(bundle: Path) -> None:
    """The command as a user runs it, report included."""
    command = [sys.executable, "-m", "analyzer", "analyze", str(bundle), "-q", "--force",
               "-o", str(WORK / "report.html")]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)


def unpack(bundle: Path) -> Path:
    """The members of the outer archive as files, so that ``gzip`` can read them."""
    folder = bundle.with_suffix("")
    if not folder.exists():
        with tarfile.open(bundle) as archive:
            archive.extractall(folder, filter="data")
    return folder


def decompress(folder: Path) -> None:
    """``gzip -dc`` over every part, to nowhere, as a person would with tar."""
    parts = [str(path) for path in sorted(folder.rglob("*.gz"))]
    subprocess.run(["gzip", "-dc", *parts], check=True, stdout=subprocess.DEVNULL)


def peak_memory_mib() -> float:
    """The largest resident size of all child processes so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / 1024 if platform.system() == "Linux" else peak / 1024 / 1024


def measure_bundle(nodes: int, log_mb: int, times: int) -> dict[str, object]:
    """Analysis against decompression for one size; analysis first, for its memory is the peak."""
    bundle = build_bundle(nodes, log_mb)
    before = child_seconds()
    analysis = seconds(lambda: analyse(bundle), times)
    analysis_cpu = (child_seconds() - before) / times
    memory = peak_memory_mib()
    folder = unpack(bundle)
    before = child_seconds()
    plain = seconds(lambda: decompress(folder), times)
    plain_cpu = (child_seconds() - before) / times
    return {
        "nodes": nodes,
        "text_mib": log_mb,
        "analysis_s": spread(analysis),
        "gzip_s": spread(plain),
        "analysis_cpu_s": round(analysis_cpu, 2),
        "gzip_cpu_s": round(plain_cpu, 2),
        "ratio": round(statistics.median(analysis) / statistics.median(plain), 2),
        "ms_per_node": round(1000 * statistics.median(analysis) / nodes, 1),
        "peak_mib_so_far": round(memory),
        "report_kib": round((WORK / "report.html").stat().st_size / 1024),
    }


def spread(values: list[float]) -> list[float]:
    """Smallest, median, largest; in seconds."""
    return [round(v, 3) for v in (min(values), statistics.median(values), max(values))]


def start_up(times: int) -> list[float]:
    """``demarc --version``."""
    command = [sys.executable, "-m", "analyzer", "--version"]
    return spread(
        seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), times)
    )


def others(quick: bool, times: int) -> Iterator[tuple[str, object]]:
    """What is measured beside the analysis of one bundle, by name."""
    # They take the builder and the clocks from this module.
    from benchmarks import fleet, redact, size

    small = build_bundle(20, 64)
    text = small if quick else build_bundle(200, 1024)
    yield "scan", scan.measure(text, WORK / "logs", 64 if quick else 256, times)
    yield "drift", drift.measure(build_bundle(100 if quick else 1000, 64), times)
    yield "redact", redact.measure(5 if quick else 20, times, small)
    yield "fleet", fleet.all_measures(4 if quick else 16, 20, times)
    if platform.system() == "Linux" and not quick:
        from benchmarks import collector

        yield "collector", collector.measure()
        yield "size", size.figures(build_bundle(2000, 1024), 100_000)


def main() -> None:
    """Measure, print, and write the figures as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small bundles, once")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench.json")
    chosen = parser.parse_args()
    times = 1 if chosen.quick else 3
    sizes = [(20, 64)] if chosen.quick else [(200, 1024), (2000, 1024)]
    figures: dict[str, object] = {
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "demarc_version_s": start_up(10),
    }
    print("demarc --version:", figures["demarc_version_s"], "s (min, median, max)")
    rows = []
    for nodes, log_mb in sizes:
        row = measure_bundle(nodes, log_mb, times)
        rows.append(row)
        print(f"{nodes:>5} nodes, {log_mb} MiB of text:", json.dumps(row))
    figures["bundles"] = rows
    for name, found in others(chosen.quick, times):
        figures[name] = found
        print(f"{name}:", json.dumps(found))
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print("wrote", chosen.json)


if __name__ == "__main__":
    main()
