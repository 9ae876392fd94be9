"""Coverage-guided fuzzing with atheris: ``python -m tests.fuzz [--seconds N] [TARGET …]``.

``make fuzz``. Findings are written to build/fuzz/<target>/crash-…; each is one input to try again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "fuzz"
#: One input may take so long, in seconds: longer counts as a hang.
HANG = 20
NAMES = ("reader", "listing", "small-files", "signature", "text", "redact", "drift")
#: All of them in one process, which a short run has time for.
EVERYTHING = "everything"
CODE = ["analyzer.bundle", "analyzer.facts.parse", "analyzer.redact", "analyzer.baselines"]


def fuzz(name: str, corpus: Path, options: list[str]) -> None:
    """Fuzz one target in this process, until its time is over or it fails; never returns."""
    import atheris

    with atheris.instrument_imports(include=CODE):
        from tests.fuzz.targets import TARGETS, everything

    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS.get(name, everything))
    atheris.Fuzz()


def start(name: str, seconds: int, seed: int, folder: Path) -> int:
    """Fuzz one target in a process of its own; return its exit code."""
    from tests.fuzz.targets import seeds_of

    corpus = folder / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds_of(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    options = [
        f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={HANG}", "-max_len=65536",
        "-rss_limit_mb=2048", f"-artifact_prefix={folder / name}/", "-verbosity=0",
        "-print_final_stats=1",
    ]  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--folder", str(folder), *options]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    """Fuzz the named targets, or all of them; 1 if any fails."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    targets = f"of {', '.join(NAMES)}, or {EVERYTHING}"
    parser.add_argument("names", nargs="*", metavar="TARGET", help=targets)
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=WORK)
    parser.add_argument("--one", choices=(*NAMES, EVERYTHING), help=argparse.SUPPRESS)
    chosen, rest = parser.parse_known_args()
    if chosen.one:
        fuzz(chosen.one, chosen.folder / chosen.one / "corpus", rest)
    names = chosen.names or list(NAMES)
    seconds = max(1, chosen.seconds // len(names))
    failed = [name for name in names if start(name, seconds, chosen.seed, chosen.folder)]
    print(f"{len(names)} targets, {seconds} s each; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
