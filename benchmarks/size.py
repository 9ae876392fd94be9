"""How much memory a very large bundle takes: 2,000 nodes, 100,000 pods, 10 GiB of text.

    python -m benchmarks.size [--nodes N] [--log-mb M] [--pods N] [--json FILE]

The bundle is seeded and made once (some minutes, 2 GB of disk). It is measured twice: with its
pods in pages, as the collector writes them, and with most of them in one list of some 400 MiB, as
other tools do. Memory is the sum over the whole process tree, sampled ten times a second (PSS:
pages that processes share are split among them), beside the largest resident size that the kernel
noted for any one process. Linux alone: the figures are those of ``/proc``.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import io
import json
import os
import resource
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from benchmarks.__main__ import ROOT, WORK, build_bundle

PAGE = 2000
PODS = "resources/core/pods/"
#: The customer's namespaces of every bundle that the builder makes.
OWN = ("shop", "billing", "search")


def crowd(bundle: Path, pods: int, *, one_list: bool) -> Path:
    """The same bundle with that many pods: the customer's are there again and again."""
    out = bundle.with_name(f"{bundle.stem}-{pods}-pods{'-one-list' if one_list else ''}.tar")
    if out.exists():
        return out
    partial = out.with_suffix(".part")
    with tarfile.open(bundle) as source, tarfile.open(partial, "w") as target:
        for member in source:
            content = source.extractfile(member)
            if member.name.endswith("cluster.tar.gz") and content is not None:
                data = _crowded(content.read(), pods, one_list)
                member.size = len(data)
                content = io.BytesIO(data)
            target.addfile(member, content)
    return partial.rename(out)


def _crowded(part: bytes, pods: int, one_list: bool) -> bytes:
    whole = io.BytesIO()
    lists: list[dict[str, Any]] = []
    with (
        tarfile.open(fileobj=io.BytesIO(part)) as source,
        gzip.GzipFile(fileobj=whole, mode="wb", compresslevel=1, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as target,
    ):
        have = 0
        for member in source:
            content = source.extractfile(member)
            data = content.read() if content is not None else b""
            if member.name.startswith(PODS):
                listed = orjson.loads(data)
                have += len(listed["items"])
                if member.name.removeprefix(PODS).partition(".")[0] in OWN and listed["items"]:
                    lists.append(listed)
            _add(target, member, data)
        shape = lists[0]
        own = [item for listed in lists for item in listed["items"]]
        for number, page in enumerate(_pages(own, pods - have, one_list)):
            info = tarfile.TarInfo(f"{PODS}search.{9000 + number}.json")
            _add(target, info, orjson.dumps({**shape, "items": page}))
    return whole.getvalue()


def _add(target: tarfile.TarFile, info: tarfile.TarInfo, data: bytes) -> None:
    info.size = len(data)
    target.addfile(info, io.BytesIO(data))


def _pages(own: list[Any], count: int, one_list: bool) -> Iterator[list[Any]]:
    size = count if one_list else PAGE
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        yield [orjson.Fragment(_another(own[n % len(own)], n // len(own), n)) for n in numbers]


def _another(pod: Any, batch: int, number: int) -> bytes:
    """A pod of its own: name, uid, address and times are; each batch has an own template."""
    made = copy.copy(pod)
    meta = made["metadata"] = dict(pod["metadata"])
    meta["name"] = f"{meta['name'][:-5]}{number:05x}"
    meta["namespace"] = "search"
    meta["uid"] = f"{number:08x}{meta['uid'][8:]}"
    meta["labels"] = {**meta["labels"], "batch": str(batch)}
    spec = made["spec"] = dict(pod["spec"])
    extra = {"name": "BATCH", "value": str(batch)}
    spec["containers"] = [{**c, "env": [*c.get("env", ()), extra]} for c in spec["containers"]]
    text = orjson.dumps(made).replace(b"kube-api-access-", b"kube-api-access-%05x" % number)
    address = pod["status"].get("podIP", "").encode()
    text = text.replace(address, b"10.%d.%d.%d" % (number >> 16, number >> 8 & 255, number & 255))
    # Every pod was made in a second of its own.
    return text.replace(b":00Z", b":%02dZ" % (number % 60))


def _tree(root: int) -> list[int]:
    """The process and all that it started, by what ``/proc`` tells of parents."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
            except OSError:
                continue
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += [pid for pid, parent in parents.items() if parent == found[-1]]
    return found


def _pss_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(bundle: Path, *more: str) -> dict[str, Any]:
    """Run the command as a user does; seconds, and MiB at the peak of the tree and of one."""
    command = [sys.executable, "-m", "analyzer", "analyze", str(bundle), "-q", "--force",
               "-o", str(WORK / "report.html"), *more]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as running:
        while running.poll() is None:
            peak = max(peak, sum(map(_pss_kib, _tree(running.pid))))
            time.sleep(0.1)
    took = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit": running.returncode,
        "seconds": round(took, 1),
        "cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "tree_peak_mib": round(peak / 1024),
        "largest_process_mib_so_far": round(after.ru_maxrss / 1024),
        "report_kib": round((WORK / "report.html").stat().st_size / 1024),
    }


def figures(base: Path, pods: int) -> dict[str, Any]:
    """The two measures of a bundle with that many pods."""
    found: dict[str, Any] = {"pods": pods, "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    for name, one_list in (("pages", False), ("one_list", True)):
        found[name] = measure(crowd(base, pods, one_list=one_list))
    return found


def main() -> None:
    """Build, measure, print, and write the figures as JSON where asked."""
    parser = argparse.ArgumentParser(prog="benchmarks.size", description=__doc__)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--log-mb", type=int, default=10240)
    parser.add_argument("--pods", type=int, default=100_000)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = figures(build_bundle(chosen.nodes, chosen.log_mb), chosen.pods)
    for name in ("pages", "one_list"):
        print(f"{chosen.nodes} nodes, {chosen.pods} pods, {name}:", json.dumps(found[name]))
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
