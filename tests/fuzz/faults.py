"""Fault injection: good bundles, broken in one or two places by a seeded dice, each analysed whole.

``python -m tests.fuzz.faults [--count N] [--seed S] [--first N]`` (``make faults``). For every
broken bundle there must be a report or one clear line; no exception, no crashed check, no hang; and
where all damage lies in one part (a node, the cluster's view, Azure's) or in one file, every
finding that rests on others alone.
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
from tests.importers import forms
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
        {"name": "conntrack-full", "node": "work/0"},  # told by the node's own files alone
        {"name": "azure-resource-changed", "what": "nsg-rule", "pool": "work"},  # by Azure alone
    ],
}
#: A bundle of this size takes a quarter of a second; on a busy machine some.
HANG_SECONDS = 120
#: One report in so many is also written in every form.
RENDERED = 20
#: Faults that are told in full at the end; the others are counted.
SHOWN = 40
FORMS_OF_OTHERS = (
    "cluster-info dump", "support bundle", "must-gather", "sonobuoy", "sysdump", "node logs",
    "sos report", "periscope",
)  # fmt: skip
FORMS = ("html", "json", "md", "text", "sarif", "junit")


@dataclass(frozen=True)
class Broken:
    """A broken bundle; ``where`` is the part or the file that all damage lies in, or empty."""

    how: str
    data: bytes
    where: str = ""


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


def break_part(dice: random.Random) -> Broken:
    """Break a packed part in one or two places, or drop it; the shell around it stays whole."""
    contents = packed_parts()
    nodes = sorted(name for name in contents if name.startswith("nodes/"))
    name = dice.choice([*nodes, "cluster.tar.gz", "azure.tar.gz"])
    told = []
    for _ in range(dice.choice([0, 1, 1, 1, 1, 2])):
        how, contents[name] = break_bytes(contents[name], dice, 0, len(contents[name]))
        told.append(how)
        if not contents[name]:
            break
    if not told:
        del contents[name]
    how = ", ".join(told) or "gone"
    return Broken(f"{name}: {how}", tar_of(contents), name.removesuffix(".tar.gz"))


def break_member(dice: random.Random) -> Broken:
    """Break one file: its content, or that it is there at all."""
    world = dict(files())
    path = dice.choice(sorted(world))
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
    where = "/".join(path.split("/")[:2]) if path.startswith("nodes/") else path
    return Broken(f"{path}: {how}", bundle_of(world).getvalue(), where)


@functools.lru_cache(maxsize=8)
def other_tool(form: str) -> dict[str, bytes]:
    """The same cluster as another tool would have written it down."""
    node = min(path.split("/")[1] for path in files() if path.startswith("nodes/"))
    makers: dict[str, Callable[[], dict[str, bytes]]] = {
        "cluster-info dump": lambda: forms.cluster_info_dump(files()),
        "support bundle": lambda: forms.support_bundle(files()),
        "must-gather": lambda: forms.must_gather(files()),
        "sonobuoy": lambda: forms.sonobuoy(files()),
        "sysdump": lambda: forms.sysdump(files()),
        "node logs": lambda: forms.node_logs(files(), node),
        "sos report": lambda: forms.sos_report(files(), node),
        "periscope": lambda: forms.periscope(files(), node),
    }
    return makers[form]()


def break_other_tool(dice: random.Random) -> Broken:
    """Break a file in what another tool collected, or the archive around it."""
    form = dice.choice(FORMS_OF_OTHERS)
    world = dict(other_tool(form))
    path = dice.choice(sorted(world))
    told = f"{form}: {path}"
    if world[path] and dice.randrange(4):
        how, world[path] = break_bytes(world[path], dice, 0, len(world[path]))
        return Broken(f"{told}: {how}", forms.tarred(world))
    data = forms.zipped(world) if dice.randrange(2) else forms.tarred(world)
    how, data = break_bytes(data, dice, 0, len(data))
    return Broken(f"{form}, its archive: {how}", data)


BREAK: tuple[Callable[[random.Random], Broken], ...] = (
    break_archive,
    break_part,
    break_member,
    break_other_tool,
)


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
    lost = lost_findings(diagnosis, broken.where)
    return "report", f"{where}: lost {', '.join(lost)}" if lost else ""


def lost_findings(diagnosis: Diagnosis, where: str) -> list[str]:
    """Findings that rest on other parts alone, and that damage in ``where`` cost all the same."""
    if not where:
        return []
    there = {(f.rule, f.subject) for f in diagnosis.findings}
    return [
        f"{f.rule} {f.subject.name}"
        for f in good().findings
        if not _touches(f, where) and (f.rule, f.subject) not in there
    ]


def _touches(finding: Finding, where: str) -> bool:
    """A finding that rests on a part in any way may go with it."""
    node = where.removeprefix("nodes/") if where.startswith("nodes/") else ""
    subjects = (finding.subject, *finding.affects)
    named = any(node in (subject.name, getattr(subject, "node", None)) for subject in subjects)
    cited = any(f"{evidence.path}/".startswith(f"{where}/") for evidence in finding.evidence)
    return (named and bool(node)) or cited


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
