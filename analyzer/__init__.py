"""demarc: whose problem is it, and who acts next?

::

    import analyzer

    diagnosis = analyzer.analyze("demarc-prod-20260301T120000Z.tar")
    for finding in diagnosis.findings:
        print(finding.severity, finding.owner, finding.title)
    html = analyzer.report(diagnosis, "html")

The names in ``__all__`` are the public interface: they, their parameters and their fields stay
within a major version; fields and optional parameters are only added. Rules and layouts of plugins
build on ``analyzer.rules.api`` and ``analyzer.bundle.layouts``, which are kept in the same way.
Everything else may change at any time.

The folders of this package are the stages of an analysis, in the order in which the data flows:
``bundle`` → ``facts`` → ``baselines``, ``bugs``, ``rules`` → ``causes`` → ``ownership`` →
``render``. ``pipeline.py`` tells the story on one screen.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from analyzer.version import VERSION

if TYPE_CHECKING:
    from analyzer.bundle.errors import BundleError
    from analyzer.bundle.limits import Limits
    from analyzer.model.diagnosis import Diagnosis
    from analyzer.model.evidence import Evidence
    from analyzer.model.finding import Finding
    from analyzer.model.owner import Actor, Confidence, Owner, Stance
    from analyzer.model.severity import Severity
    from analyzer.model.subject import Subject
    from analyzer.options import Options
    from analyzer.pipeline import analyze
    from analyzer.reporting import report

__all__ = [
    "Actor",
    "BundleError",
    "Confidence",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Limits",
    "Options",
    "Owner",
    "Severity",
    "Stance",
    "Subject",
    "analyze",
    "report",
]
__version__ = VERSION

_HOMES = {
    "Actor": "analyzer.model.owner",
    "BundleError": "analyzer.bundle.errors",
    "Confidence": "analyzer.model.owner",
    "Diagnosis": "analyzer.model.diagnosis",
    "Evidence": "analyzer.model.evidence",
    "Finding": "analyzer.model.finding",
    "Limits": "analyzer.bundle.limits",
    "Options": "analyzer.options",
    "Owner": "analyzer.model.owner",
    "Severity": "analyzer.model.severity",
    "Stance": "analyzer.model.owner",
    "Subject": "analyzer.model.subject",
    "analyze": "analyzer.pipeline",
    "report": "analyzer.reporting",
}


def __getattr__(name: str) -> Any:
    """Import the public names when they are first used: ``demarc --version`` must start fast."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names, also before they are imported."""
    return sorted({*globals(), *__all__})
