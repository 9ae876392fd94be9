"""Versions and images that are newer than the data: unknown, never drift.

A fact of a cluster that is newer than the data (a release, a version line, an image) is aged by its
own date where it tells one.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

from analyzer.baselines.component_versions import lines_of
from analyzer.baselines.images import parse_image
from analyzer.baselines.kube_versions import line_key, line_of
from analyzer.baselines.schema import Component

#: Dates in tags of AKS: ``v1.17.17-260701``, ``master.250902.1``, ``hotfix.20240327``,
#: ``6.16.0-main-04-15-2025-d78050c6``, ``20250325.2``.
_TAG_DATES = (
    (re.compile(r"(?:^|[.-])(20\d{2})(\d{2})(\d{2})(?=[.-]|$)"), "ymd"),
    (re.compile(r"-(\d{2})-(\d{2})-(20\d{2})-"), "mdy"),
    (re.compile(r"(?:^|[.-])(\d{2})(\d{2})(\d{2})(?=[.-]|$)"), "ymd"),
)


class Freshness(StrEnum):
    """A version against the data."""

    #: The data has it, or it is older than what the data has.
    COVERED = "covered"
    #: Newer than everything the data has: unknown, no judgement.
    NEWER = "unknown, newer than this baseline"
    #: It tells no version, or the data has none to compare with.
    UNKNOWN = "unknown"


def image_date(image: str) -> date | None:
    """The date that an image's tag carries; None where it carries none.

    Tags of AKS end in a date where they are built from a branch (Cilium, Azure Monitor, AKS's own
    services); most others have a version and a build number only.
    """
    tag = parse_image(image).tag
    for pattern, order in _TAG_DATES:
        if match := pattern.search(tag):
            return _day(match.groups(), order)
    return None


def image_freshness(image: str, lines: tuple[str, ...], as_of: str) -> Freshness:
    """An image against the version lines that the data has for its component, and its date.

    ``lines`` are version lines (``1.12``) of any Kubernetes minor. An image is newer if its line
    is above all of them, or if its own date is after ``as_of``.
    """
    built = image_date(image)
    if built is not None and as_of and built.isoformat() > as_of:
        return Freshness.NEWER
    line = line_of(parse_image(image).tag)
    if line is None or not lines:
        return Freshness.COVERED if built is not None else Freshness.UNKNOWN
    newest = max(line_key(known) for known in lines)
    return Freshness.NEWER if line_key(line) > newest else Freshness.COVERED


def component_freshness(image: str, component: Component, as_of: str) -> Freshness:
    """An image of a component against all that the data knows of the component's versions.

    ``as_of`` is the date of the data (``YYYY-MM-DD``). A component that carries the cluster's own
    version (kube-proxy) is judged by the calendar and not here.
    """
    by_hand = {line for lines in component.versions.values() for line in lines}
    lines = {*by_hand - {"minor"}, *lines_of(component.id, None)}
    return image_freshness(image, tuple(sorted(lines, key=line_key)), as_of)


def _day(parts: tuple[str, ...], order: str) -> date | None:
    year, month, day = parts if order == "ymd" else (parts[2], parts[0], parts[1])
    try:
        return date(int(year if len(year) == 4 else f"20{year}"), int(month), int(day))
    except ValueError:
        return None
