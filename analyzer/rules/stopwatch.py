"""A bound on the time of one rule, on every system: signals of a timer exist on Unix alone.

CPython can raise an exception in a thread from another one, between two steps of its bytecode
(https://docs.python.org/3/c-api/init.html, ``PyThreadState_SetAsyncExc``). A step that is one long
call into compiled code ends before it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: Seconds between two looks at the clock. One thread looks for all rules: to start one for each
#: takes longer than most rules do.
_LOOK_EVERY = 0.1


class OutOfTime(BaseException):
    """Raised in the middle of a rule; no ``except Exception`` of a rule holds it up."""


class _Alarm:
    """Goes off once, unless it is turned off before."""

    def __init__(self, thread: int, at: float) -> None:
        self.at = at
        self._thread = thread
        self._lock = threading.Lock()
        self._on = True
        self._rung = False

    def ring(self) -> None:
        with self._lock:
            if self._on and not self._rung:
                self._rung = True
                _raise_in(self._thread, OutOfTime)

    def turn_off(self) -> None:
        """From here on nothing is raised; what was raised and has not arrived is taken back."""
        with self._lock:
            self._on = False
            if self._rung:
                _raise_in(self._thread, None)


class _Watch:
    """The thread that rings the alarms; it starts with the first of them."""

    def __init__(self) -> None:
        self._alarms: dict[int, _Alarm] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, alarm: _Alarm) -> None:
        with self._lock:
            self._alarms[id(alarm)] = alarm
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look, daemon=True, name="stopwatch")
                self._thread.start()

    def drop(self, alarm: _Alarm) -> None:
        self._alarms.pop(id(alarm), None)

    def _look(self) -> None:
        while True:
            time.sleep(_LOOK_EVERY)
            now = time.monotonic()
            for alarm in list(self._alarms.values()):
                if now >= alarm.at:
                    alarm.ring()


_WATCH = _Watch()


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    value = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Bound what is inside, to about a tenth of a second; 0 or less for no bound.

    Raises:
        OutOfTime: inside, once the time is over.
    """
    if seconds <= 0:
        yield
        return
    alarm = _Alarm(threading.get_ident(), time.monotonic() + seconds)
    _WATCH.add(alarm)
    try:
        yield
    finally:
        _WATCH.drop(alarm)
        alarm.turn_off()
