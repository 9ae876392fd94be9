"""Ctrl-C: the run ends with 130 and writes nothing more, wherever the signal arrives.

Python raises KeyboardInterrupt at the next step of the program; inside of compiled libraries it can
be lost or turned into another error. So the signal is remembered, and asked for before every stage
and before anything is written.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

_STATE = {"seen": False}


def watch() -> None:
    """Remember SIGINT from now on; a second one ends the process at once.

    A process that was started to ignore it (in the background of a shell) goes on ignoring it. Only
    the main thread of the program may ask for this.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _remember)


def seen() -> bool:
    """True once the user has interrupted the run."""
    return _STATE["seen"]


def check() -> None:
    """Stop here if the run was interrupted.

    Raises:
        KeyboardInterrupt: it was.
    """
    if _STATE["seen"]:
        raise KeyboardInterrupt


def _remember(number: int, frame: FrameType | None) -> None:
    _STATE["seen"] = True
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # What is cut off in the middle may complain of it; the user knows why.
    sys.unraisablehook = lambda unraisable: None
    raise KeyboardInterrupt


def end_quietly_in_workers() -> None:
    """Let a worker process end without a traceback; the run itself is told by its own process.

    Workers import the program's main module while they start, which is when this is asked.
    """
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and getattr(processes.current_process(), "_inheriting", False):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
