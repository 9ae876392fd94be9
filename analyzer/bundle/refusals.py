"""What other tools write of what they asked for and did not get, read as rows that say so.

Sources: replicatedhq/troubleshoot, ``pkg/collect/cluster_resources.go``: ``<kind>-errors.json`` is
an object of error by namespace, or an array of errors; ``<container>-logs-errors.log`` one error.
vmware-tanzu/sonobuoy, ``pkg/discovery/query.go``: ``query-time.json`` has a row for each query, and
in it an error where it failed; a list without objects is not written.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator

from analyzer.bundle.layouts.kinds import RESOURCES
from analyzer.bundle.names import shown_name
from analyzer.bundle.piece import Piece

#: Texts of the API server and of its clients, and the word that a note begins with.
_WORDS = (
    (re.compile(r"forbidden|cannot (?:list|get) |unauthorized", re.I), "forbidden"),
    (re.compile(r"could not find the requested resource|no matches for kind", re.I), "absent"),
    (re.compile(r"context deadline exceeded|timed? ?out", re.I), "timeout"),
)
#: ``<group>/<plural>`` by the plural alone, under which sonobuoy notes its queries.
_BY_PLURAL = {resource.split("/")[1]: resource for resource in RESOURCES.values()}
#: Namespaces that every cluster has (kubernetes.io/docs/concepts/overview/working-with-objects/
#: namespaces): who was asked for all of them was asked for the whole cluster.
_BUILT_IN = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
_LONGEST = 200
_MOST = 500


def note_of(error: str) -> str:
    """Return an error of the API server as the note of a row."""
    word = next((word for pattern, word in _WORDS if pattern.search(error)), "failed")
    return f"{word}: {shown_name(' '.join(error.split()), _LONGEST)}"


def refusals(data: bytes) -> Iterator[Piece]:
    """Errors of one kind, by namespace or for the whole listing."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        yield Piece("", "", missing="errors of the tool that cannot be read as JSON")
        return
    if isinstance(document, dict):
        for namespace, error in sorted(document.items())[:_MOST]:
            if isinstance(error, str) and error and "/" not in namespace:
                yield Piece(f"/{namespace}.json", "", asked=note_of(error))
    elif isinstance(document, list):
        errors = [error for error in document if isinstance(error, str) and error]
        if errors:
            yield Piece("", "", asked=note_of("; ".join(errors)))


def refused_log(data: bytes) -> Iterator[Piece]:
    """The error that stands for a container's log."""
    yield Piece("", "", asked=note_of(data[:4096].decode("utf-8", "replace") or "no reason given"))


def resolver(data: bytes) -> Iterator[Piece]:
    """A ``resolv.conf``, in whose place aks-periscope writes why it could not be read.

    Source: Azure/aks-periscope, ``pkg/collector/dns_collector.go``.
    """
    if b"nameserver" in data or not data.strip():
        yield Piece("", "", data)
        return
    yield Piece("", "", asked=note_of(data[:4096].decode("utf-8", "replace")))


def queries(data: bytes) -> Iterator[Piece]:
    """The queries of sonobuoy: lists that it got though they may be empty, and those that failed.

    A kind counts as asked for over the whole cluster if no namespace is told, or all that every
    cluster has.
    """
    asked: dict[str, set[str]] = defaultdict(set)
    failed: set[str] = set()
    for row in _rows(data):
        resource = _BY_PLURAL.get(str(row.get("queryobj")))
        if resource is None:
            continue
        namespace = row.get("namespace")
        asked[resource].add(namespace if isinstance(namespace, str) else "")
        if "error" in row:
            failed.add(resource)
    for resource, namespaces in sorted(asked.items()):
        if resource in failed:
            note = "failed: a query of sonobuoy failed"
            yield Piece(f"resources/{resource}", "", asked=note)
        elif "" in namespaces or namespaces >= _BUILT_IN:
            yield Piece(f"resources/{resource}", "", none=True)


def _rows(data: bytes) -> list[dict[str, object]]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return []
    rows = document if isinstance(document, list) else []
    return [row for row in rows if isinstance(row, dict)]
