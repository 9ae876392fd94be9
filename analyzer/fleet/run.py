"""A fleet run: what is new is analysed and kept, then tables and page are written from all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.bundle.limits import DEFAULT_LIMITS, Limits
from analyzer.fleet.dask_engine import SCHEMES, run_dask
from analyzer.fleet.errors import FleetError
from analyzer.fleet.local import run_local
from analyzer.fleet.page import render_fleet
from analyzer.fleet.query import Fleet
from analyzer.fleet.sources import find_sources
from analyzer.fleet.state import FleetState, made_with
from analyzer.fleet.tables import write_tables
from analyzer.fleet.work import Outcome, Task

PAGE = "fleet.html"
#: Seconds for one bundle of 2,000 nodes on one core stay far below.
BUNDLE_SECONDS = 1800.0

#: ``on_outcome(outcome, done, total)``: progress, told by the command line alone.
OnOutcome = Callable[[Outcome, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetOptions:
    """Choices of a run. ``workers`` of 0 takes one process per core; ``seconds`` bounds a bundle.

    ``engine`` is empty for processes of this machine, else ``dask://HOST:PORT``. ``again`` looks at
    every bundle anew.
    """

    workers: int = 0
    engine: str = ""
    seconds: float = BUNDLE_SECONDS
    again: bool = False
    policy: str | None = None
    data: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class FleetResult:
    """How many bundles were found, were known from before, are analysed now.

    ``not_analysed`` are those that could not be, now or before.
    """

    found: int
    kept: int
    analysed: int
    not_analysed: tuple[Outcome, ...]


def run_fleet(
    named: Sequence[str], folder: Path, options: FleetOptions, on_outcome: OnOutcome | None = None
) -> FleetResult:
    """Analyse all bundles at the named places into ``folder``; a second run does what is left.

    Bundles of earlier runs stay in the fleet. A bundle that cannot be read is told and passed over.

    Raises:
        FleetError: nothing was found, a package is missing, or the engine does not work.
        ValueError: a user's data file is not valid; the text names file and line.
        OSError: the folder cannot be written to.
    """
    _check(options)
    sources = find_sources(named, leave_out=folder)
    state = FleetState(folder)
    state.create()
    tell = on_outcome or (lambda outcome, done, total: None)
    tasks = [Task(source, options.policy, options.data, options.limits) for source in sources]
    made = made_with(tasks[0])
    known = {} if options.again else state.known(sources, made)
    todo = [task for task in tasks if task.source.place not in known]
    lost = [outcome for outcome in known.values() if outcome.state != "analysed"]
    was_lost = len(lost)
    outcomes = _engine(todo, options) if todo else iter(())
    for done, outcome in enumerate(outcomes, start=1):
        state.keep(outcome, made)
        if outcome.state != "analysed":
            lost.append(outcome)
        tell(outcome, done, len(todo))
    write_fleet(folder)
    by_place = sorted(lost, key=lambda outcome: outcome.source.place)
    analysed = len(sources) - len(known) - (len(lost) - was_lost)
    return FleetResult(len(sources), len(known) - was_lost, analysed, tuple(by_place))


def write_fleet(folder: Path) -> None:
    """Write tables and page from what the folder holds.

    Raises:
        FleetError: DuckDB is not installed.
        OSError: the folder cannot be written to.
    """
    write_tables(FleetState(folder), folder)
    with Fleet(folder) as fleet:
        page = render_fleet(fleet)
    half = folder / f".{PAGE}.{os.getpid()}"
    try:
        half.write_text(page, encoding="ascii", newline="\n")
        half.replace(folder / PAGE)
    finally:
        half.unlink(missing_ok=True)


def _check(options: FleetOptions) -> None:
    """Fail before the first bundle where every bundle would fail, and before hours of work."""
    from analyzer.baselines.packs import open_data
    from analyzer.fleet.duck import connect
    from analyzer.options import Options
    from analyzer.reference import load_reference

    connect().close()
    scheme = options.engine.partition("://")[0]
    if options.engine and ("://" not in options.engine or scheme not in SCHEMES):
        raise FleetError(
            f"{options.engine} is no engine", "known: dask://HOST:8786, dask+tls://HOST:8786"
        )
    data = tuple(open_data(Path(path)) for path in options.data)
    load_reference(Options(policy=options.policy, data_dirs=data))


def _engine(tasks: Sequence[Task], options: FleetOptions) -> Iterator[Outcome]:
    if options.engine:
        return run_dask(options.engine, tasks)
    return run_local(tasks, options.workers or os.cpu_count() or 1, options.seconds)
