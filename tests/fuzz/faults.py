"""Fault injection: good bundles, broken in one or two places by a seeded dice, each analysed whole.

``python -m tests.fuzz.faults [--count N] [--seed S] [--first N]`` (``make faults``). For every
broken bundle there must be a report or one clear line; no exception, no crashed check, no hang; and
where the damage lies in one node's part, every finding of the others.
"""

from __future__ import annotations

import argparse
import faulthandler
import functools
import io
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from analyzer.bundle import BundleError
from analyzer.cli.outputs import render_as
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.options import Options
from analyzer.pipeline import analyze
from fixtures.build import scenario, tree
from tests.rules.harness import bundle_of
from tests.unit.bundle.tarballs import Files, gz, tar_of, zst

WORLD = {
    "name": "faults",
    "base": "overlay",
    "noise": True,
    "seed": 3,
    "pools": {"system": 1, "work": 2},
    "faults": [
        {"name": "pod-crash-looping", "workload": "cart", "namespace": "shop"},
        {"name": "runc-container-stopped", "node": "work/1", "workload": "indexer"},
        {"name": "component-crash-looping", "component": "metrics-server"},
    ],
}
#: A bundle of this size takes a quarter of a second; on a busy machine some.
HANG_SECONDS = 120
#: One report in so many is also written in every form.
RENDERED = 20
#: Faults that are told in full at the end; the others are counted.
SHOWN = 40
FORMS = ("html", "json", "md", "text", "sarif", "junit")


@dataclass(frozen=True)
class Broken:
    """A broken bundle; ``part`` is the node's part that all damage lies in, or empty."""

    how: str
    data: bytes
    part: str = ""


@dataclass
class Outcome:
    """What many of them came to."""

    ends: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


@functools.lru_cache(maxsize=1)
def files() -> dict[str, bytes]:
    """The good bundle, unpacked."""
    return tree(scenario(WORLD))


@functools.lru_cache(maxsize=1)
def _packed() -> Files:
    """The good bundle as the collector makes it: the manifest, and an archive of each part."""
    parts: dict[str, dict[str, bytes]] = {}
    for path, data in files().items():
        steps = path.split("/")
        if path != "manifest.json":
            at = 2 if steps[0] == "nodes" else 1
            parts.setdefault("/".join(steps[:at]), {})["/".join(steps[at:])] = data
    packed = {f"{part}.tar.gz": gz(tar_of(inside)) for part, inside in sorted(parts.items())}
    return {"manifest.json": files()["manifest.json"], **packed}


def packed_parts() -> Files:
    """A copy of that, to break."""
    return dict(_packed())


@functools.lru_cache(maxsize=1)
def nested() -> bytes:
    """The same in its tar."""
    return tar_of(packed_parts())


@functools.lru_cache(maxsize=4)
def flat(form: str) -> bytes:
    """The same in one tar, packed or not."""
    plain = bundle_of(files()).getvalue()
    return {"tar": lambda: plain, "gz": lambda: gz(plain), "zst": lambda: zst(plain)}[form]()


@functools.lru_cache(maxsize=1)
def good() -> Diagnosis:
    """What the good bundle gives."""
    return _analyse(nested())


def _analyse(data: bytes) -> Diagnosis:
    return analyze(io.BytesIO(data), options=Options(jobs=1, bundle_name="broken.tar"))


# --- breaking ------------------------------------------------------------------------------------
def break_bytes(data: bytes, dice: random.Random, low: int, high: int) -> tuple[str, bytes]:
    """Break bytes in ``data[low:high]``."""
    at = dice.randrange(low, high)
    count = min(dice.choice([1, 1, 7, 64, 512, 3000]), high - at)
    how = dice.choice(["flip", "cut", "drop", "zero", "noise", "double"])
    if how == "flip":
        flipped = bytes([data[at] ^ (1 << dice.randrange(8))])
        return f"flip at {at}", data[:at] + flipped + data[at + 1 :]
    if how == "cut":
        return f"cut at {at}", data[:at]
    middle = {
        "drop": b"",
        "zero": bytes(count),
        "noise": dice.randbytes(count),
        "double": data[at : at + count] * 2,
    }[how]
    return f"{how} {count} at {at}", data[:at] + middle + data[at + count :]


def break_archive(dice: random.Random) -> Broken:
    """Break bytes anywhere in an archive."""
    form = dice.choice(["nested", "tar", "gz", "zst"])
    data = nested() if form == "nested" else flat(form)
    how, broken = break_bytes(data, dice, 0, len(data))
    return Broken(f"{form}: {how}", broken)


def break_node(dice: random.Random) -> Broken:
    """Break bytes in the packed part of one node, and leave the shell around it whole."""
    contents = packed_parts()
    name = dice.choice(sorted(n for n in contents if n.startswith("nodes/")))
    how, contents[name] = break_bytes(contents[name], dice, 0, len(contents[name]))
    return Broken(f"{name}: {how}", tar_of(contents), name.removesuffix(".tar.gz"))


def break_member(dice: random.Random) -> Broken:
    """Break one file: its content, or that it is there at all."""
    world = dict(files())
    path = dice.choice(sorted(world))
    part = "/".join(path.split("/")[:2]) if path.startswith("nodes/") else ""
    how = dice.choice(["bytes", "bytes", "bytes", "gone", "empty", "other", "twice"])
    if how == "bytes" and world[path]:
        how, world[path] = break_bytes(world[path], dice, 0, len(world[path]))
    elif how == "gone":
        del world[path]
    elif how == "other":
        world[path] = world[dice.choice(sorted(world))]
    elif how == "twice":
        world[path] = world[path] * 2
    else:
        world[path] = b""
    return Broken(f"{path}: {how}", bundle_of(world).getvalue(), part)


BREAK: tuple[Callable[[random.Random], Broken], ...] = (break_archive, break_node, break_member)


# --- judging -------------------------------------------------------------------------------------
def try_one(number: int, seed: int) -> tuple[str, str]:
    """Break and analyse one bundle; return how it ended, and what is wrong with that (or '')."""
    dice = random.Random(f"{seed}/{number}")
    broken = dice.choice(BREAK)(dice)
    where = f"fault {number} of seed {seed} ({broken.how})"
    try:
        diagnosis = _analyse(broken.data)
        if dice.randrange(RENDERED) == 0:
            for form in FORMS:
                assert render_as(form, diagnosis)
    except BundleError as error:
        line = str(error)
        return "one line", "" if line and line.isprintable() else f"{where}: {line!r}"
    except Exception:
        return "exception", f"{where}:\n{traceback.format_exc()}"
    if diagnosis.crashed:
        return "crashed check", f"{where}: {diagnosis.crashed[0].reason}"
    lost = _lost(diagnosis, broken.part)
    return "report", f"{where}: lost {', '.join(lost)}" if lost else ""


def _lost(diagnosis: Diagnosis, part: str) -> list[str]:
    """Findings of other parts that damage in one node's part cost."""
    if not part:
        return []
    there = {(f.rule, f.subject) for f in diagnosis.findings}
    return [
        f"{f.rule} {f.subject.name}"
        for f in good().findings
        if not _touches(f, part) and (f.rule, f.subject) not in there
    ]


def _touches(finding: Finding, part: str) -> bool:
    """A finding that rests on a part in any way may go with it."""
    node = part.removeprefix("nodes/")
    subjects = (finding.subject, *finding.affects)
    named = any(node in (subject.name, getattr(subject, "node", None)) for subject in subjects)
    return named or any(f"/{node}/" in f"/{evidence.path}/" for evidence in finding.evidence)


def run(count: int, seed: int, first: int = 0, progress: bool = False) -> Outcome:
    """Try ``count`` faults, from number ``first`` on."""
    assert good().findings
    outcome = Outcome()
    start = time.monotonic()
    for number in range(first, first + count):
        faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
        end, wrong = try_one(number, seed)
        faulthandler.cancel_dump_traceback_later()
        outcome.ends[end] += 1
        outcome.wrong += [wrong] if wrong else []
        if progress and (number - first) % 250 == 249:
            took = time.monotonic() - start
            print(f"{number - first + 1} of {count}, {took:.0f} s, {len(outcome.wrong)} wrong")
            sys.stdout.flush()
    return outcome


def main() -> int:
    """Run from the command line; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.faults", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    chosen = parser.parse_args()
    outcome = run(chosen.count, chosen.seed, chosen.first, progress=True)
    print(*outcome.wrong[:SHOWN], sep="\n")
    print(", ".join(f"{count} {end}" for end, count in sorted(outcome.ends.items())))
    print(f"{chosen.count} faults, {len(outcome.wrong)} wrong")
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
