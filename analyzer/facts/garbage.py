"""How memory is kept while a bundle is read: no collection of cycles, and no giving back."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_LARGEST_BLOCK = 16 << 20


def keep_freed_memory() -> None:
    """Have the C library keep blocks that are freed; called once in each reading process.

    glibc maps a block of more than 128 KiB anew each time and gives it back when it is freed, until
    it has seen a larger one freed (mallopt(3), M_MMAP_THRESHOLD: the threshold is dynamic). Chunks
    of logs come and go by the thousand, and the kernel would clear every page of them again.
    """
    bytearray(_LARGEST_BLOCK)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No collection of cycles inside.

    Facts hold no cycles, and the collector would walk all of them again and again: on 2,000 nodes
    that took most of the time of reading.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
