"""Values in one form, so that only real differences remain: quantities, durations, named lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from analyzer.baselines.fields import is_named, item_name
from analyzer.facts.kube import quantity

#: Fields that hold resource quantities.
_QUANTITIES = frozenset({"limits", "requests", "capacity", "allocatable", "hard"})
_QUANTITY_FIELDS = frozenset({"sizeLimit", "storage", "divisor"})
_DURATION = re.compile(
    r"^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?(?:(\d+)ms)?$"
)
#: Lists of objects that Kubernetes merges by a key; other lists are compared without order.
_KEYED = frozenset(
    {"containers", "initContainers", "volumes", "env", "ports", "volumeMounts", "conditions",
     "imagePullSecrets", "ephemeralContainers", "webhooks", "subjects", "volumeDevices"}
)  # fmt: skip
#: What the API server fills in (kubernetes.io API reference); absent and default are the same.
DEFAULTS: Mapping[str, Any] = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "imagePullPolicy": "IfNotPresent",
    "restartPolicy": "Always",
    "dnsPolicy": "ClusterFirst",
    "schedulerName": "default-scheduler",
    "securityContext": {},
    "terminationGracePeriodSeconds": 30,
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
    "protocol": "TCP",
    "successThreshold": 1,
    "failureThreshold": 3,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "initialDelaySeconds": 0,
    "scheme": "HTTP",
    "failurePolicy": "Fail",
    "matchPolicy": "Equivalent",
    "sessionAffinity": "None",
    "defaultMode": 420,
    "creationTimestamp": None,
    "apiGroup": "",
}


class Keyed(dict[str, Any]):
    """A list whose items have names: its members show as ``[name]`` in a path."""


def normalise(value: Any, key: str = "") -> Any:
    """A copy in one form: quantities and durations as numbers, keyed lists by name."""
    if isinstance(value, Mapping):
        if key in _QUANTITIES:
            return {k: _quantity(v) for k, v in value.items()}
        kept = {str(k): v for k, v in value.items() if not _is_default(str(k), v)}
        return {k: normalise(v, k) for k, v in kept.items()}
    if isinstance(value, list | tuple):
        return _list(value, key)
    if key in _QUANTITY_FIELDS:
        return _quantity(value)
    return _scalar(value)


def duration_seconds(text: str) -> float | None:
    """``1h30m`` in seconds; None if it is no Go duration (https://pkg.go.dev/time#ParseDuration)."""
    match = _DURATION.match(text)
    if not text or not match or not any(match.groups()):
        return None
    hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000


def _list(items: Any, key: str) -> Any:
    if key in _KEYED and items and all(isinstance(i, Mapping) and is_named(i) for i in items):
        names = [item_name(item) for item in items]
        if len(set(names)) == len(names):
            return Keyed({n: normalise(item) for n, item in zip(names, items, strict=True)})
    return [normalise(item) for item in items]


def _quantity(value: Any) -> Any:
    number = quantity(str(value))
    return value if number is None else number


def _scalar(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    is_number = value.isascii() and value.isdigit() and len(value) < 16
    if is_number and (value == "0" or value[0] != "0"):
        return int(value)
    seconds = duration_seconds(value)
    return value if seconds is None else seconds


def _is_default(key: str, value: Any) -> bool:
    return key in DEFAULTS and value == DEFAULTS[key]
