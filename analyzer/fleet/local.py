"""The embedded engine: processes of this machine, each with one bundle at a time.

A process that dies costs the bundle that it had, and no other: each worker has its own pipe, so it
is known which bundle that was. Processes are spawned, which every system can do.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from analyzer.fleet.errors import FleetError
from analyzer.fleet.work import Outcome, Task, analyse_one, failed

#: A bundle is given to a second process when the first one died with it: it may have been killed
#: for another's hunger. A third would most likely die too.
_TRIES = 2
_READY = "ready"
_STOP_SECONDS = 5.0


def run_local(tasks: Sequence[Task], workers: int, seconds: float) -> Iterator[Outcome]:
    """Yield outcomes as they come. ``seconds`` bounds the time for one bundle.

    Raises:
        FleetError: processes do not start at all.
    """
    waiting = deque((task, 1) for task in tasks)
    crew = [_Worker() for _ in range(min(workers, len(tasks)))]
    try:
        while waiting or any(worker.job for worker in crew):
            for worker in [worker for worker in crew if worker.job is None and worker.ready]:
                if waiting:
                    worker.give(*waiting.popleft(), seconds)
            for worker in _stirring(crew):
                outcome, again = worker.hear()
                if again is not None:
                    waiting.appendleft(again)
                if outcome is not None:
                    yield outcome
            yield from filter(None, [worker.overdue(seconds) for worker in crew])
            lost = sum(not worker.alive for worker in crew)
            crew = [worker for worker in crew if worker.alive]
            crew += [_Worker() for _ in range(min(lost, len(waiting)))]
    finally:
        for worker in crew:
            worker.end()


def _stirring(crew: Sequence[_Worker]) -> list[_Worker]:
    """Workers that said something or died, waited for until the next bundle is overdue."""
    due = [worker.job.due for worker in crew if worker.job is not None]
    left = max(0.0, min(due) - time.monotonic()) if due else None
    heard = wait([worker.pipe for worker in crew], timeout=left)
    return [worker for worker in crew if worker.pipe in heard]


@dataclass(frozen=True, slots=True)
class _Job:
    task: Task
    attempt: int
    due: float


class _Worker:
    """One process and this end of its pipe."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self._process: SpawnProcess = context.Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        other.close()
        self.job: _Job | None = None
        self.ready = False
        self.alive = True

    def give(self, task: Task, attempt: int, seconds: float) -> None:
        """Send a task; a process that just died is noticed when it is listened to."""
        self.job = _Job(task, attempt, time.monotonic() + seconds)
        with contextlib.suppress(OSError):
            self.pipe.send(task)

    def hear(self) -> tuple[Outcome | None, tuple[Task, int] | None]:
        """An outcome, or the task to try again after the process died with it.

        Raises:
            FleetError: the process died before it could do anything.
        """
        try:
            said = self.pipe.recv()
        except (EOFError, OSError):
            return self._died()
        if said == _READY:
            self.ready = True
            return None, None
        self.job = None
        return said, None

    def _died(self) -> tuple[Outcome | None, tuple[Task, int] | None]:
        self.end()
        if not self.ready:
            raise FleetError(
                f"worker processes end while they start (exit code {self._process.exitcode})",
                "call demarc as a program, or guard your script's start with __main__",
            )
        job, self.job = self.job, None
        if job is None:
            return None, None
        if job.attempt < _TRIES:
            return None, (job.task, job.attempt + 1)
        return failed(
            job.task,
            f"its process ended {_TRIES} times (exit code {self._process.exitcode}): "
            "is there enough memory?",
        ), None

    def overdue(self, seconds: float) -> Outcome | None:
        """End the process if its bundle took too long, and say so."""
        job = self.job
        if job is None or time.monotonic() < job.due:
            return None
        self.job = None
        self.end()
        return failed(job.task, f"it took longer than {seconds:,.0f} seconds")

    def end(self) -> None:
        """End the process, whatever it does."""
        self.alive = False
        self.pipe.close()
        if self._process.is_alive():
            self._process.terminate()
        self._process.join(_STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def serve(pipe: Connection) -> None:
    """What a worker does until the other end of its pipe is closed."""
    try:
        pipe.send(_READY)
        while True:
            pipe.send(analyse_one(pipe.recv()))
    except (EOFError, OSError, KeyboardInterrupt):
        return
