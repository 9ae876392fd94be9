"""A bound on the time of one rule, on every system: signals of a timer exist on Unix alone.

CPython can raise an exception in a thread from another one, between two steps of its bytecode
(https://docs.python.org/3/c-api/init.html, ``PyThreadState_SetAsyncExc``). A step that is one long
call into compiled code ends before it.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class OutOfTime(BaseException):
    """Raised in the middle of a rule; no ``except Exception`` of a rule holds it up."""


class _Alarm:
    """Goes off once, unless it is turned off before."""

    def __init__(self, thread: int) -> None:
        self._thread = thread
        self._lock = threading.Lock()
        self._on = True
        self._rung = False

    def ring(self) -> None:
        with self._lock:
            if self._on:
                self._rung = True
                _raise_in(self._thread, OutOfTime)

    def turn_off(self) -> None:
        """From here on nothing is raised; what was raised and has not arrived is taken back."""
        with self._lock:
            self._on = False
            if self._rung:
                _raise_in(self._thread, None)


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    value = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)


@contextmanager
def stopped_after(seconds: float) -> Iterator[None]:
    """Bound what is inside; 0 or less for no bound.

    Raises:
        OutOfTime: inside, once the time is over.
    """
    if seconds <= 0:
        yield
        return
    alarm = _Alarm(threading.get_ident())
    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), alarm.ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        alarm.turn_off()
