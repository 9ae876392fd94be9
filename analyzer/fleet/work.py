"""One bundle in a process of its own, here or on another machine. It never raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analyzer.bundle import BundleError
from analyzer.bundle.limits import DEFAULT_LIMITS, Limits
from analyzer.fleet.errors import FleetError
from analyzer.fleet.rows import ROWS_VERSION
from analyzer.fleet.sources import Source
from analyzer.version import VERSION

#: ``unreadable``: the bundle's own fault, the same each time. ``failed``: tried again next time.
State = Literal["analysed", "unreadable", "failed"]
_ERROR_MAX = 300


@dataclass(frozen=True, slots=True)
class Task:
    """A bundle and how to look at it; ``data`` are paths as the user named them."""

    source: Source
    policy: str | None = None
    data: tuple[str, ...] = ()
    limits: Limits = DEFAULT_LIMITS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task: ``rows`` is the JSON of ``BundleRows``, empty unless analysed."""

    source: Source
    state: State
    error: str = ""
    bundle: str = ""
    rows: str = ""


def program() -> tuple[str, ...]:
    """What must be equal everywhere: the program, the rows' version, and the plugins beside it."""
    from importlib.metadata import entry_points

    from analyzer.plugins import LAYOUTS, RULES, origin_of

    points = [point for group in (RULES, LAYOUTS) for point in entry_points(group=group)]
    plugins = sorted({f"{origin_of(point)}: {point.name}" for point in points})
    return (f"demarc {VERSION}", f"rows {ROWS_VERSION}", *plugins)


def failed(task: Task, why: str) -> Outcome:
    """The outcome of a task that did not get to an end of its own."""
    return Outcome(task.source, "failed", why)


def analyse_one(task: Task) -> Outcome:
    """Read and judge one bundle, in this process alone.

    Whatever goes wrong becomes the outcome: other bundles wait.
    """
    from analyzer.redact.mask import mask_text
    from analyzer.render.text import clean

    try:
        return _analyse(task)
    except BundleError as error:
        return Outcome(task.source, "unreadable", clean(mask_text(_without_place(error))))
    except FleetError as error:
        return failed(task, clean(error.what))
    except MemoryError:
        return failed(task, "there is not enough memory")
    except Exception as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:_ERROR_MAX]
        return failed(task, clean(mask_text(text)))


def _analyse(task: Task) -> Outcome:
    from analyzer.baselines.packs import open_data
    from analyzer.facts.garbage import collector_paused
    from analyzer.fleet.extract import extract
    from analyzer.options import Options
    from analyzer.pipeline import run_stages

    options = Options(
        limits=task.limits,
        policy=task.policy,
        data_dirs=tuple(open_data(Path(path)) for path in task.data),
        jobs=1,
    )
    with _on_disk(task.source) as path, collector_paused():
        rows = extract(run_stages(path, options))
    return Outcome(task.source, "analysed", "", rows.clusters[0].bundle, rows.model_dump_json())


@contextmanager
def _on_disk(source: Source) -> Iterator[Path]:
    if not source.is_url:
        yield Path(source.place)
        return
    from analyzer.fleet.remote import local_copy

    with local_copy(source.place, source.name) as path:
        yield path


def _without_place(error: BundleError) -> str:
    """The place has a column of its own."""
    return f"{error.what} ({error.hint})" if error.hint else error.what
