"""The small parts of cells: ages as kubectl writes them, fields by path, sets of labels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Obj = dict[str, Any]
NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"
_DAY = 24
_YEAR = 365


def at(obj: Any, path: str, default: Any = "") -> Any:
    """Return the field at a dotted path; ``default`` where it or anything above is not set."""
    for step in path.split("."):
        obj = obj.get(step) if isinstance(obj, dict) else None
    return default if obj is None else obj


def dicts(obj: Any, path: str) -> list[Obj]:
    """Return the objects in the list at a dotted path; none where no such list is there."""
    found = at(obj, path, [])
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def moment(text: Any) -> datetime | None:
    """Read an RFC 3339 time; None for anything else."""
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def since(text: Any, now: datetime | None) -> str:
    """Return how long ago a time was, in kubectl's words."""
    then = moment(text)
    return UNKNOWN if then is None or now is None else duration((now - then).total_seconds())


def age(obj: Obj, now: datetime | None) -> str:
    """Return the age of an object."""
    return since(at(obj, "metadata.creationTimestamp"), now)


def duration(seconds: float) -> str:
    """Return a length of time in one or two units.

    The steps are those of ``HumanDuration`` in k8s.io/apimachinery, package util/duration.
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes = whole // 60
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // _DAY
    if days < 8:
        return _two(days, "d", hours % _DAY, "h")
    if days < 2 * _YEAR:
        return f"{days}d"
    if days < 8 * _YEAR:
        return _two(days // _YEAR, "y", days % _YEAR, "d")
    return f"{days // _YEAR}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def joined(values: Any, empty: str = NONE) -> str:
    """Join texts with commas; ``empty`` where there are none."""
    return ",".join(str(value) for value in values) or empty


def pairs(labels: Any) -> str:
    """Return a map as ``a=b,c=d``, sorted."""
    items = labels.items() if isinstance(labels, dict) else ()
    return joined(f"{key}={value}" for key, value in sorted(items))


def label_selector(found: Any) -> str:
    """Return a label selector in the form that ``kubectl get -l`` takes."""
    if not isinstance(found, dict):
        return NONE
    terms = [f"{key}={value}" for key, value in sorted((found.get("matchLabels") or {}).items())]
    for rule in found.get("matchExpressions") or ():
        key, word = str(rule.get("key")), str(rule.get("operator"))
        values = ",".join(sorted(rule.get("values") or ()))
        form = {"In": "{0} in ({1})", "NotIn": "{0} notin ({1})", "Exists": "{0}"}
        terms.append(form.get(word, "!{0}").format(key, values))
    return joined(terms)


def containers(spec: Any) -> tuple[str, str]:
    """Return names and images of a pod template's containers."""
    found = at(spec, "containers", [])
    return (
        ",".join(str(c.get("name", "")) for c in found),
        ",".join(str(c.get("image", "")) for c in found),
    )


def condition(obj: Obj, name: str) -> Obj:
    """Return a condition of the status; empty where there is none of that type."""
    return next((c for c in dicts(obj, "status.conditions") if c.get("type") == name), {})
