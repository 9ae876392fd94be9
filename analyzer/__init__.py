"""demarc: whose problem is it, and who acts next?

The folders of this package are the stages of an analysis, in the order in which the data flows:
``bundle`` → ``facts`` → ``baselines``, ``bugs``, ``rules`` → ``causes`` → ``ownership`` →
``render``.
:func:`analyze` runs them all; ``pipeline.py`` tells the story on one screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyzer.version import VERSION

if TYPE_CHECKING:
    from analyzer.model.diagnosis import Diagnosis
    from analyzer.pipeline import analyze

__all__ = ["Diagnosis", "analyze"]
__version__ = VERSION


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: ``demarc --version`` must start fast."""
    if name == "analyze":
        from analyzer.pipeline import analyze

        return analyze
    if name == "Diagnosis":
        from analyzer.model.diagnosis import Diagnosis

        return Diagnosis
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
