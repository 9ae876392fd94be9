"""What a webhook's matchConditions say of AKS's own components, as far as it can be read.

The conditions are CEL (kubernetes.io, "Dynamic Admission Control", matchConditions); nothing
evaluates CEL here. The forms that people use to leave namespaces out are read, and every other one
is not: a webhook with such a condition is not said to catch anything.
"""

from __future__ import annotations

import re

_SPACE = r"(?:request|object\.metadata|oldObject\.metadata)\.namespace"
_SYSTEM = r"""["']kube-system["']"""
#: One namespace or a list of them, compared with that of the request.
_IS_NOT = re.compile(rf"^{_SPACE} ?!= ?{_SYSTEM}$|^{_SYSTEM} ?!= ?{_SPACE}$")
_NOT_IN = re.compile(rf"^!\(? ?{_SPACE} in \[[^\]]*{_SYSTEM}[^\]]*\] ?\)?$")
_NOT_EQUAL = re.compile(rf"^!\( ?{_SPACE} ?== ?{_SYSTEM} ?\)$")
_NO_PREFIX = re.compile(rf"""^!\(?{_SPACE}\.startsWith\(["']kube-?["']\)\)?$""")
_ONE_OF = re.compile(rf"^{_SPACE} ?(?:==|in) ?(?P<named>\[[^\]]*\]|[\"'][^\"']*[\"'])$")
#: A resource that is left out, and is none that makes pods.
_OTHER_RESOURCE = re.compile(
    r"^!?\(?request\.(?:resource|kind)\.(?:resource|group|kind) ?[!=]= ?"
    r"""["'](?P<what>[^"']*)["']\)?$"""
)
_MAKES_PODS = frozenset({"pods", "pod", "deployments", "daemonsets", "replicasets", "", "apps"})


def leaves_system_out(expression: str) -> bool | None:
    """True where it leaves kube-system out, False where it lets it in, None where it is not read.

    Only the parts of a conjunction are looked at: one that leaves kube-system out is enough.
    """
    parts = [_plain(part) for part in expression.split("&&")]
    verdicts = [_of_part(part) for part in parts]
    if any(verdict is True for verdict in verdicts):
        return True
    return False if all(verdict is False for verdict in verdicts) else None


def _plain(part: str) -> str:
    text = " ".join(part.split())
    while text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1].strip()
    return text


def _of_part(part: str) -> bool | None:
    if any(form.match(part) for form in (_IS_NOT, _NOT_IN, _NOT_EQUAL, _NO_PREFIX)):
        return True
    if one := _ONE_OF.match(part):
        return re.search(_SYSTEM, one["named"]) is None
    if part in ("true", "true == true"):
        return False
    other = _OTHER_RESOURCE.match(part)
    leaves = other is not None and (part.startswith("!") != ("!=" in part))
    if other is not None and leaves and other["what"].lower() not in _MAKES_PODS:
        return False
    return None
