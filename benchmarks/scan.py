"""The signature scan alone: megabytes of text a second on one core, against ripgrep.

Both look for the same expressions in the same files of node logs, one thread each, after a first
reading that warms the page cache. Expressions that ripgrep's engine does not take (looking ahead)
are left out of its list and counted. A flood, of which every line matches, is measured beside it.
"""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tarfile
import time
from pathlib import Path

from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import PatternSet
from analyzer.facts.scan import Scanner
from analyzer.options import Options
from analyzer.reference import load_reference

#: Members that are measured, by the kind of log that they are.
MEMBERS = {"kubelet/journal.log": LogKind.KUBELET, "containerd/journal.log": LogKind.CONTAINERD}
_CHUNK = 1 << 16
_NAME = re.compile(r"\(\?P<\w+>")
_FLOOD = (
    "2026-03-02T08:{m:02d}:{s:02d}.000000+00:00 node kubelet[2311]: E0302 08:{m:02d}:{s:02d}.000000"
    '    2311 kubelet.go:2412] "Skipping pod synchronization" err="PLEG is not healthy: pleg was '
    'last seen active 3m12.5s ago; threshold is 3m0s"\n'
)


def measure(bundle: Path, folder: Path, most_mib: int, times: int) -> dict[str, object]:
    """Rates in MB/s: the scanner, ripgrep (None where it is not installed), and the flood."""
    patterns = load_reference(Options()).patterns
    files = unpack_logs(bundle, folder, most_mib)
    size = sum(path.stat().st_size for paths in files.values() for path in paths)
    ours = [_seconds_of_scanner(patterns, files) for _ in range(times)]
    found: dict[str, object] = {
        "text_mb": round(size / 1e6),
        "patterns": sum(len(_expressions(patterns, kind)) for kind in files),
        "scanner_mb_s": round(size / 1e6 / statistics.median(ours)),
        "flood_mb_s": round(_flood_rate(patterns)),
        "rg_mb_s": None,
    }
    rg = shutil.which("rg")
    if rg is not None:
        lists = {kind: _pattern_file(rg, patterns, kind, folder) for kind in files}
        theirs = [_seconds_of_rg(rg, lists, files) for _ in range(times)]
        rate = size / 1e6 / statistics.median(theirs)
        found["rg_mb_s"] = round(rate)
        found["rg_patterns_left_out"] = sum(left for _, left in lists.values())
        found["ratio_to_rg"] = round(statistics.median(theirs) / statistics.median(ours), 2)
    return found


def unpack_logs(bundle: Path, folder: Path, most_mib: int) -> dict[LogKind, list[Path]]:
    """Journals of nodes as files, node after node until there is enough."""
    files: dict[LogKind, list[Path]] = {kind: [] for kind in MEMBERS.values()}
    left = most_mib * 1024 * 1024
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(bundle) as outer:
        for part in outer:
            if left <= 0 or "/nodes/" not in part.name or not part.name.endswith(".tar.gz"):
                continue
            node = Path(part.name).name.removesuffix(".tar.gz")
            with tarfile.open(fileobj=outer.extractfile(part), mode="r:gz") as inner:
                for name, kind in MEMBERS.items():
                    text = inner.extractfile(name)
                    path = folder / f"{node}-{kind.value}.log"
                    path.write_bytes(text.read() if text is not None else b"")
                    files[kind].append(path)
                    left -= path.stat().st_size
    return files


def _seconds_of_scanner(patterns: PatternSet, files: dict[LogKind, list[Path]]) -> float:
    names = {kind: name for name, kind in MEMBERS.items()}
    for kind in files:
        patterns.matcher(kind)  # made once per process, and not a part of the rate
    start = time.perf_counter()
    scanner = Scanner(patterns)
    for kind, paths in files.items():
        for path in paths:
            with path.open("rb") as text:
                chunks = iter(lambda: text.read(_CHUNK), b"")
                scanner.feed(f"nodes/{path.stem}/{names[kind]}", chunks)
    scanner.results()
    return time.perf_counter() - start


def _expressions(patterns: PatternSet, kind: LogKind) -> list[str]:
    matcher = patterns.matcher(kind)
    return [one.regex for one in matcher.patterns] if matcher is not None else []


def _pattern_file(rg: str, patterns: PatternSet, kind: LogKind, folder: Path) -> tuple[Path, int]:
    """A file of the expressions that ripgrep takes, and how many it does not."""
    taken, left = [], 0
    for one in _expressions(patterns, kind):
        unnamed = _NAME.sub("(?:", one)  # it takes a name only once in the whole list
        command = [rg, "--no-unicode", "-q", "-e", unnamed]
        tried = subprocess.run(command, input=b"", capture_output=True, check=False)
        if tried.returncode < 2:
            taken.append(unnamed)
        else:
            left += 1
    path = folder / f"{kind.value}.patterns"
    path.write_text("\n".join(taken) + "\n", encoding="utf-8")
    return path, left


def _seconds_of_rg(
    rg: str, lists: dict[LogKind, tuple[Path, int]], files: dict[LogKind, list[Path]]
) -> float:
    start = time.perf_counter()
    for kind, paths in files.items():
        command = [rg, "-c", "-j", "1", "--no-unicode", "-f", str(lists[kind][0])]
        ran = subprocess.run([*command, *map(str, paths)], check=False, stdout=subprocess.DEVNULL)
        if ran.returncode > 1:  # 1: nothing found
            raise RuntimeError(f"ripgrep ended with {ran.returncode}")
    return time.perf_counter() - start


def _flood_rate(patterns: PatternSet) -> float:
    lines = [_FLOOD.format(m=i // 6000, s=i // 100 % 60) for i in range(60_000)]
    data = "".join(lines).encode()
    start = time.perf_counter()
    Scanner(patterns).feed("nodes/n/kubelet/journal.log", [data])
    return len(data) / 1e6 / (time.perf_counter() - start)
