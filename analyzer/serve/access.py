"""``kubectl auth can-i`` and ``whoami``: what a reader of a bundle may do is to read."""

from __future__ import annotations

from typing import Any

import orjson

from analyzer.serve.catalogue import Catalogue
from analyzer.serve.discovery import REVIEWS, VERBS
from analyzer.serve.protobuf import MAGIC, read_review
from analyzer.serve.status import READ_ONLY, ApiError

Obj = dict[str, Any]
USER = "bundle-reader"
_PATHS = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/demarc/*",
    "/healthz",
    "/livez",
    "/readyz",
    "/version",
)


def review(catalogue: Catalogue, group: str, name: str, body: bytes) -> Obj:
    """Answer one of the reviews that clients post.

    Raises:
        ApiError: 400, the body is no review in JSON or protobuf.
    """
    try:
        asked = read_review(body, name) if body.startswith(MAGIC) else orjson.loads(body)
    except ValueError:
        raise ApiError(400, "the body is neither JSON nor protobuf") from None
    if not isinstance(asked, dict):
        raise ApiError(400, "the body is no object")
    found: Obj = {
        "kind": REVIEWS[group, name],
        "apiVersion": f"{group}/v1",
        "metadata": {"creationTimestamp": None},
    }
    spec = asked.get("spec")
    spec = spec if isinstance(spec, dict) else {}
    if name == "selfsubjectreviews":
        return found | {"status": {"userInfo": {"username": USER, "groups": []}}}
    if name == "selfsubjectrulesreviews":
        return found | {"spec": spec, "status": _rules(catalogue)}
    return found | {"spec": spec, "status": _allowed(catalogue, spec)}


def _allowed(catalogue: Catalogue, spec: Obj) -> Obj:
    if isinstance(spec.get("nonResourceAttributes"), dict):
        return {"allowed": spec["nonResourceAttributes"].get("verb") == "get"}
    asked = spec.get("resourceAttributes")
    asked = asked if isinstance(asked, dict) else {}
    verb, name, group = (str(asked.get(key) or "") for key in ("verb", "resource", "group"))
    if verb not in VERBS:
        return {"allowed": False, "reason": READ_ONLY}
    if asked.get("subresource") not in (None, "", "log", "proxy"):
        return {"allowed": False, "reason": READ_ONLY}
    kind = catalogue.by_name(group, name)
    if name != "*" and (kind is None or not kind.collected):
        return {"allowed": False, "reason": f"{name} are not in the bundle"}
    return {"allowed": True}


def _rules(catalogue: Catalogue) -> Obj:
    groups: dict[str, list[str]] = {}
    for kind in catalogue.kinds:
        if kind.collected:
            groups.setdefault(kind.group, []).append(kind.name)
    groups.setdefault("", []).append("pods/log")
    rules = [
        {"verbs": list(VERBS), "apiGroups": [group], "resources": sorted(names)}
        for group, names in sorted(groups.items())
    ]
    reading = {"verbs": ["get"], "nonResourceURLs": list(_PATHS)}
    return {"resourceRules": rules, "nonResourceRules": [reading], "incomplete": False}
