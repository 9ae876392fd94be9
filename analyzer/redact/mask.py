"""Masking: texts from a cluster lose their secrets and nothing else.

The expressions are data (``data/patterns.yaml``). Every expression is guarded by plain texts of
which one must be there, all looked for in one pass, so a text without them costs little. What is
replaced reads ``<masked>``; the words around it stay, because they tell what kind of secret stood
there.

The kinds follow the places where AKS clusters carry secrets: connection strings and shared access
signatures (https://learn.microsoft.com/azure/storage/common/storage-sas-overview), bootstrap tokens
(https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/), registry credentials
(https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets), client secrets
of ``azure.json``, kubeconfig files, command lines and log lines.
"""

from __future__ import annotations

import re

from analyzer.redact.patterns import pattern_titles
from analyzer.redact.secrets import MASK as _MASK
from analyzer.redact.secrets import mask_bytes

__all__ = ["MASK", "mask_count", "mask_named", "mask_text", "pattern_titles"]

MASK = _MASK.decode()


def mask_text(text: str) -> str:
    """Replace every secret in ``text`` by ``<masked>``; a text without secrets comes back as is."""
    return mask_count(text)[0]


def mask_count(text: str) -> tuple[str, dict[str, int]]:
    """Mask, and count what was masked.

    Returns:
        The masked text, and how many secrets of which kind (see :func:`pattern_titles`) it held.
        Kinds that did not occur are left out; the keys are sorted.
    """
    data = text.encode("utf-8", "surrogatepass")
    masked, counts = mask_bytes(data)
    if masked is data:
        return text, {}
    return masked.decode("utf-8", "surrogatepass"), dict(sorted(counts.items()))


def mask_named(name: str, value: str) -> str:
    """Mask a value by the name of its place: ``env[DB_PASSWORD].value`` never shows its value."""
    if not value or MASK in value:
        return value
    probe = f'{{"name": "{_last_name(name)}", "value": "{_plain_probe(value)}"}}'
    return MASK if mask_count(probe)[1].get("env-value") else mask_text(value)


def _last_name(path: str) -> str:
    """The part of a path that names its value; ``value`` itself is no name."""
    parts = [part for part in re.split(r"[^A-Za-z0-9_-]+", path) if part and not part.isdigit()]
    while len(parts) > 1 and parts[-1].lower() in ("value", "data", "stringdata"):
        parts.pop()
    return parts[-1] if parts else ""


def _plain_probe(value: str) -> str:
    return re.sub(r'["\\\s]', "_", value)
