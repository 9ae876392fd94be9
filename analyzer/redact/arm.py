"""Names in ids of Azure Resource Manager, in any case, whole or percent-encoded, and beside words.

``/subscriptions/<id>/resourceGroups/<name>/providers/<namespace>/<type>/<name>/<type>/<name>``:
https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.redact.edits import Edit, Trigger
from analyzer.redact.find import free_before
from analyzer.redact.identities import made_by_aks, words
from analyzer.redact.stand_ins import StandIns

_GUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_GROUP = re.compile(rb"[A-Za-z0-9._()-]{1,90}")
_REGION = re.compile(r"(?i)[a-z]{4,30}[0-9]?")
_NAME = re.compile(rb"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}")
#: A type and the name behind it, as they follow on a namespace or on another name.
_PAIR = re.compile(rb"(?i)(?:/|%2f)([a-z]{2,60})(?:/|%2f)([a-z0-9_][a-z0-9_.-]{0,89})")
#: No resource lies deeper; a text of nothing else must not cost the square of its length.
_MOST_PAIRS = 8
_NAMESPACE = re.compile(rb"[A-Za-z.]{1,60}")
#: In front of a type where an operation is named, and no resource: Microsoft.Network/…/read.
_OPERATION = re.compile(rb"(?i)(?<!providers/)(?<!providers%2f)microsoft\.[a-z.]+(?:/[a-z]+)*/\Z")
_OPERATIONS = frozenset({"read", "write", "delete", "action", "join"})
_OPERATION_WORDS = frozenset(word.encode() for word in _OPERATIONS)
#: Between the words "resource group" and its name: a name in quotes, behind "=", or of an option.
_QUOTED_GROUP = re.compile(
    rb"(?i)(?:[_-]?name)?(?:\\{0,3}[\"']?\s{0,2}[:=])?\s{0,2}"
    rb"(?:\\{0,3}[\"']|\\u0027|\\u0022)([a-z0-9._()-]{1,90})(?:\\|[\"'])"
)
_BARE_GROUP = re.compile(
    rb"(?i)(?:[_-]?name)?(?:=|: ?(?=[a-z.()]{0,60}[0-9_-]))([a-z0-9._()-]{1,90})"
)
_CONTEXT = re.compile(rb"([A-Za-z0-9._()-]{1,90})_([A-Za-z0-9-]{1,63})")
_GROUP_OPTION = re.compile(rb"\s+([A-Za-z0-9._()-]{1,90})")


def arm_triggers() -> dict[bytes, Trigger]:
    """What tells of a name of Azure's resources, in lower case."""
    found: dict[bytes, Trigger] = {b"mc_": _managed_group}
    for slash in (b"/", b"%2f"):
        found[b"subscriptions" + slash] = _subscription
        found[b"resourcegroups" + slash] = _resource_group
        found[b"managedclusters" + slash] = _cluster
        found[b"providers" + slash + b"microsoft."] = _resource
    for words_of_it in (b"resource group", b"resourcegroup", b"resource-group", b"resource_group"):
        found[words_of_it] = _named_group
    found[b"clusteruser_"] = found[b"clusteradmin_"] = _context
    return found


def _subscription(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _GUID.match(data, end)
    if found is None or found[0].decode().lower() in words()["guids"]:
        return None
    return end, found.end(), names.guid(found[0].decode())


def _resource_group(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    if _is_operation(data, start):
        return None
    return _group_at(_GROUP.match(data, end), 0, names)


def _group_at(found: re.Match[bytes] | None, group: int, names: StandIns) -> Edit | None:
    if found is None:
        return None
    text = found[group].decode()
    if text.lower() in words()["groups"] or text.lower() in _OPERATIONS:
        return None
    return found.start(group), found.end(group), names.group(text)


def _named_group(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _QUOTED_GROUP.match(data, end) or _BARE_GROUP.match(data, end)
    if found is None and data[start - 2 : start] == b"--":
        found = _GROUP_OPTION.match(data, end)
    return _group_at(found, 1, names)


def _managed_group(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _GROUP.match(data, start) if free_before(data, start) else None
    if found is None:
        return None
    text = found[0].decode().rstrip(".")
    parts = text.split("_")
    if len(parts) < 4 or "" in (parts[1], parts[-2]) or not _REGION.fullmatch(parts[-1]):
        return None
    return start, start + len(text), names.group(text)


def _cluster(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _NAME.match(data, end)
    if found is None or _is_operation(data, start) or found[0].lower() in _OPERATION_WORDS:
        return None
    text = found[0].decode().rstrip(".")
    return end, end + len(text), names.name(text)


def _resource(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    """The names of a resource, from the first that people chose to the last."""
    namespace = _NAMESPACE.match(data, end)
    if namespace is None:
        return None
    chosen = list(_chosen(data, namespace.end()))
    if not chosen:
        return None
    begin, pieces, done = chosen[0][0], [], chosen[0][0]
    for at, to in chosen:
        pieces += [data[done:at].decode(), names.name(data[at:to].decode())]
        done = to
    return begin, done, "".join(pieces)


def _chosen(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Where names that people chose stand in the pairs of type and name; AKS's own end the row."""
    for _ in range(_MOST_PAIRS):
        pair = _PAIR.match(data, at)
        if pair is None:
            return
        kind, name = pair[1].decode().lower(), pair[2].decode()
        if made_by_aks(name) or _GUID.fullmatch(pair[2]):
            return
        if name.lower() in _OPERATIONS or name.lower() in words()["resources"]:
            return  # the name of an operation or of a type
        if kind in words()["resources"]:
            end = pair.end(2) - (len(name) - len(name.rstrip(".")))
            yield pair.start(2), end
        at = pair.end()


def _context(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    """The user of a kubeconfig: ``clusterUser_<group>_<cluster>``, as az writes it."""
    found = _CONTEXT.match(data, end)
    if found is None:
        return None
    group, cluster = found[1].decode(), found[2].decode()
    return end, found.end(), f"{names.group(group)}_{names.name(cluster)}"


def _is_operation(data: bytes, start: int) -> bool:
    """True where what follows is the name of an operation, such as a role allows."""
    return bool(_OPERATION.search(data[max(0, start - 120) : start]))
