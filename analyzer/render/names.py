"""File names of reports, ready for a ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analyzer.render.text import utc

if TYPE_CHECKING:
    from analyzer.render.shape import ReportView

#: The Azure portal takes names up to 110 characters
#: (learn.microsoft.com/azure/azure-portal/supportability/how-to-manage-azure-support-request).
NAME_MAX = 110
_CLUSTER_MAX = 40
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def report_file_name(view: ReportView, suffix: str) -> str:
    """``demarc-<cluster>-<yyyymmddThhmmZ>-<bundle hash, 8>.<suffix>``, safe on every system.

    ``suffix`` may come with or without its dot. Parts that are not known are left out.
    """
    cluster = _safe(view.cluster)[:_CLUSTER_MAX].strip("-_") or "cluster"
    parts = ["demarc", cluster]
    if view.collected_at is not None:
        parts.append(f"{utc(view.collected_at):%Y%m%dT%H%MZ}")
    if digest := _safe(view.bundle_sha256)[:8]:
        parts.append(digest)
    ending = _safe(suffix.lstrip(".").replace(".", "_"))[:16] or "txt"
    return f"{'-'.join(parts)[: NAME_MAX - len(ending) - 1]}.{ending}"


def _safe(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-")
