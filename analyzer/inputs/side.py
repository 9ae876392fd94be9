"""A folder that people keep the inputs of one collection in: which of its entries are inputs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from analyzer.bundle import BundleError, open_bundle
from analyzer.bundle.limits import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True)
class Side:
    """The inputs to read together, and names of entries that are none, each with the reason."""

    inputs: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def side_of(named: str, limits: Limits = DEFAULT_LIMITS) -> Side:
    """Return what to read for a side that the user named.

    A folder that is recognised as a whole (an unpacked bundle, what a tool wrote) is one input, as
    everywhere. Any other folder is taken for several inputs of one cluster, in the order of their
    names; an entry that cannot be read as an input is left out and told. Where not one can, the
    folder itself is returned, and opening it says what is wrong.
    """
    path = Path(named)
    if not path.is_dir() or is_input(path, limits):
        return Side((named,))
    inputs: list[str] = []
    left_out: list[tuple[str, str]] = []
    for entry in sorted(path.iterdir(), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        why = _why_not(entry, limits)
        if why is None:
            inputs.append(str(entry))
        else:
            left_out.append((entry.name, why))
    return Side(tuple(inputs), tuple(left_out)) if inputs else Side((named,))


def is_input(path: Path, limits: Limits = DEFAULT_LIMITS) -> bool:
    """True for a file or folder that can be opened as an input by itself."""
    return _why_not(path, limits) is None


def _why_not(path: Path, limits: Limits) -> str | None:
    """None for what can be opened as an input; nothing of it is read further."""
    try:
        open_bundle(path, limits=limits)
    except BundleError as error:
        return error.what
    return None
