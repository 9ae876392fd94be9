"""What stops a fleet run as a whole; a bundle that cannot be read never does."""

from __future__ import annotations


class FleetError(Exception):
    """The work could not be done: ``what`` is the problem in words, ``hint`` what to do."""

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


def missing_package(package: str, extra: str) -> FleetError:
    """The error for a library that the base install leaves out; names the extra that brings it."""
    return FleetError(
        f"the package {package} is not installed", f"pip install 'aks-demarc[{extra}]'"
    )
