"""What a report tells of its own making that no diagnosis knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the program.

    ``arguments`` are the options that change what a report says, in a fixed order: names of output
    files are not among them, so that the same bundle gives the same bytes under every name.
    ``commit`` is empty where the installation does not know it. ``baselines_sha256`` covers the
    packaged baseline files and the user's own.
    """

    arguments: tuple[str, ...] = ()
    commit: str = ""
    baselines_sha256: str = ""
