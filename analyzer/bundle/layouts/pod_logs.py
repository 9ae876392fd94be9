"""Logs of containers as the kubelet keeps them on a node, below ``/var/log/pods``.

Source: kubernetes/kubernetes, ``pkg/kubelet/kuberuntime`` for the names
(``<namespace>_<pod>_<uid>/<container>/<run>.log``), ``pkg/kubelet/logs/container_log_manager.go``
for rotation: pieces with a time behind the name, packed but for the newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from analyzer.bundle.layouts.base import Place
from analyzer.bundle.rotated import SUFFIX as PACKED

_LOG = re.compile(
    r"(?P<folder>var/log/pods/(?P<ns>[^_/]+)_(?P<pod>[^_/]+)_[^/]+/(?P<container>[^/]+))/"
    r"(?P<run>\d{1,9})\.log(?:\.(?P<piece>\d{8}-\d{6}))?(?P<packed>\.gz)?"
)


def last_runs(names: Iterable[str]) -> dict[str, int]:
    """Return the number of the last run by the folder of each container."""
    runs: dict[str, int] = {}
    for name in names:
        if found := _LOG.fullmatch(name):
            runs[found["folder"]] = max(int(found["run"]), runs.get(found["folder"], 0))
    return runs


def pod_log(rel: str, runs: Mapping[str, int]) -> Place | None:
    """Return the place of a container's log by its path on the node; None for another file."""
    found = _LOG.fullmatch(rel)
    if found is None:
        return None
    back = runs.get(found["folder"], int(found["run"])) - int(found["run"])
    part = [found["run"] if back > 1 else "", found["piece"] or ""]
    named = "-".join(text for text in part if text)
    stem = f"logs/{found['ns']}/{found['pod']}/{found['container']}"
    rotated = f".rotated-{named}" if named else ""
    kind = "log" if back <= 0 else "previous.log"
    how = "packed" if rel.endswith(PACKED) else ""
    return Place("cluster", f"{stem}{rotated}.{kind}", how=how)
