"""What of an object is compared: what people and AKS set, and nothing that counts by itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

#: Parts of an object beside its metadata that hold what was asked for.
_PARTS = (
    "spec", "data", "webhooks", "rules", "roleRef", "subjects", "aggregationRule", "parameters",
    "provisioner", "reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion", "mountOptions",
)  # fmt: skip
#: Keys of labels and annotations that tools write in passing.
_PASSING = re.compile(
    r"checksum|[-_./]hash$|^pod-template-hash$|^controller-revision-hash$"
    r"|^kubectl\.kubernetes\.io/|^deployment\.kubernetes\.io/|^kubernetes\.io/change-cause$"
    r"|^deprecated\.daemonset\.template\.generation$|^control-plane\.alpha\.kubernetes\.io/leader$"
    r"|^endpoints\.kubernetes\.io/|^batch\.kubernetes\.io/|^autoscaling\.alpha\.kubernetes\.io/"
    r"|^helm\.sh/chart$|^app\.kubernetes\.io/version$|resourceVersion|generation$"
)
#: ConfigMaps that controllers rewrite by themselves: elections, status, certificates of the API.
_OWN_BOOKS = frozenset(
    {"kube-root-ca.crt", "extension-apiserver-authentication", "cluster-autoscaler-status",
     "azure-ip-masq-agent-status", "kube-apiserver-legacy-service-account-token-tracking"}
)  # fmt: skip
#: Real objects nest about 25 levels deep (schemas of CRDs, which are not compared, deeper).
DEPTH_MAX = 64
#: Longer lists are compared as a whole: pairing their items takes time with their square.
ITEMS_MAX = 300
_HIDDEN = "(a certificate)"


def is_bookkeeping(kind: str, raw: Mapping[str, Any]) -> bool:
    """True for an object that a controller rewrites all the time."""
    if kind != "ConfigMap":
        return False
    meta = raw.get("metadata") or {}
    annotations = meta.get("annotations") or {}
    return meta.get("name") in _OWN_BOOKS or "control-plane.alpha.kubernetes.io/leader" in (
        annotations
    )


def content_of(kind: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The projection of one object as the API server gave it; never fails on odd shapes."""
    kept: dict[str, Any] = {part: raw[part] for part in _PARTS if raw.get(part)}
    if kind == "CustomResourceDefinition":
        kept = {"spec": _crd(kept.get("spec"))}
    elif isinstance(kept.get("spec"), Mapping):
        kept["spec"] = _spec(kept["spec"])
    if isinstance(kept.get("webhooks"), list):
        kept["webhooks"] = [_without_bundle(webhook) for webhook in kept["webhooks"]]
    meta = raw.get("metadata") or {}
    for part in ("labels", "annotations"):
        if values := _lasting(meta.get(part)):
            kept.setdefault("metadata", {})[part] = values
    if isinstance(kept.get("rules"), list):
        kept["rules"] = _rules(kept["rules"])
    return {part: _plain(value) for part, value in kept.items()}


def too_deep(value: Any) -> bool:
    """True for nesting that no API object has, and that would end in a recursion."""
    level = [value]
    for _ in range(DEPTH_MAX):
        level = [
            item
            for one in level
            if isinstance(one, (Mapping, list))
            for item in (one.values() if isinstance(one, Mapping) else one)
        ]
        if not level:
            return False
    return True


def _plain(value: Any) -> Any:
    """Without null and empty lists, which the API server leaves out; ``{}`` may mean something.

    Of a very long list only its length and digest are kept: whether it changed.
    """
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None and v != []}
    if not isinstance(value, list):
        return value
    if len(value) > ITEMS_MAX:
        lines = sorted(json.dumps(item, sort_keys=True) for item in value)
        digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        return f"{len(value)} items, sha256 {digest[:16]}"
    return [_plain(item) for item in value]


def _rules(rules: list[Any]) -> dict[str, list[str]]:
    """RBAC rules by what they are about, with their verbs: their order means nothing."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        if isinstance(rule, Mapping):
            words = [
                ",".join(sorted(str(word) for word in rule.get(part) or ()))
                for part in ("apiGroups", "resources", "resourceNames", "nonResourceURLs")
            ]
            about = " ".join(word for word in words if word) or "(core)"
            found.setdefault(about, set()).update(str(verb) for verb in rule.get("verbs") or ())
    return {about: sorted(verbs) for about, verbs in found.items()}


def _spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(spec)
    template = kept.get("template")
    if isinstance(template, Mapping):
        meta = template.get("metadata") or {}
        parts = {part: _lasting(meta.get(part)) for part in ("labels", "annotations")}
        parts = {part: values for part, values in parts.items() if values}
        kept["template"] = {"metadata": parts, "spec": template.get("spec") or {}}
    if "caBundle" in kept:  # an APIService
        kept["caBundle"] = _HIDDEN
    return kept


def _lasting(values: Any) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {}
    return {key: value for key, value in values.items() if not _PASSING.search(str(key))}


def _without_bundle(webhook: Any) -> Any:
    """Certificates are renewed all the time; that there is one at all stays visible."""
    client = webhook.get("clientConfig") if isinstance(webhook, Mapping) else None
    if not isinstance(client, Mapping) or not client.get("caBundle"):
        return webhook
    return {**webhook, "clientConfig": {**client, "caBundle": _HIDDEN}}


def _crd(spec: Any) -> dict[str, Any]:
    """Which versions a CRD serves and stores; schemas are too large to read in a difference."""
    if not isinstance(spec, Mapping):
        return {}
    versions = [v for v in spec.get("versions") or () if isinstance(v, Mapping)]
    return {
        "versions": {
            str(v.get("name")): {"served": v.get("served"), "storage": v.get("storage")}
            for v in versions
        },
        "conversion": (spec.get("conversion") or {}).get("strategy", "None"),
        "scope": spec.get("scope"),
    }
