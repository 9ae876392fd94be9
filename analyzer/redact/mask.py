"""Masking: texts from a cluster lose their secrets and nothing else.

The expressions are data (``data/patterns.yaml``). Every expression is guarded by plain texts of
which one must be there, so a text without them costs a few substring searches. What is replaced
reads ``<masked>``; the words around it stay, because they tell what kind of secret stood there.

The kinds follow the places where AKS clusters carry secrets: connection strings and shared access
signatures (https://learn.microsoft.com/azure/storage/common/storage-sas-overview), bootstrap tokens
(https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/), registry credentials
(https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets), client secrets
of ``azure.json``, kubeconfig files, command lines and log lines.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict, Field

MASK = "<masked>"
#: Shorter texts hold no secret in base64 that would be worth the search.
_BASE64_MIN = 24
_BASE64 = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_BASE64_MIN},}}={{0,2}}")
#: The groups of an expression that may hold what is to be masked.
_GROUPS = ("secret", "secret2", "secret3", "bare")
_HEX = re.compile(r"[0-9a-fA-F-]+={0,2}")


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9-]+$")
    title: str
    anchors: tuple[str, ...] = Field(min_length=1)
    regex: str
    unless: str = ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    patterns: tuple[_Entry, ...]
    parts: dict[str, str]
    collector: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Pattern:
    id: str
    anchors: tuple[str, ...]
    regex: re.Pattern[str]
    unless: re.Pattern[str] | None


@cache
def _file() -> _File:
    """Read the data file once.

    Raises:
        pydantic.ValidationError: the file does not follow its schema.
    """
    text = resources.files("analyzer.redact").joinpath("data/patterns.yaml").read_text("utf-8")
    return _File.model_validate(yaml.safe_load(text))


@cache
def _patterns() -> tuple[_Pattern, ...]:
    file = _file()
    return tuple(
        _Pattern(
            entry.id,
            entry.anchors,
            re.compile(_filled(entry.regex, file.parts)),
            re.compile(_filled(entry.unless, file.parts)) if entry.unless else None,
        )
        for entry in file.patterns
    )


def _filled(regex: str, parts: dict[str, str]) -> str:
    """Put the named parts in; a part's own flags move to a group so that it can stand anywhere."""
    for name, part in parts.items():
        body = f"(?i:{part[4:]})" if part.startswith("(?i)") else part
        regex = regex.replace(f"${{{name}}}", body)
    return regex


def pattern_titles() -> dict[str, str]:
    """Names of the kinds of secrets and the words for them, the collector's kinds included."""
    own = {entry.id: entry.title for entry in _file().patterns}
    return own | {"base64": "secrets inside base64"} | _file().collector


def mask_text(text: str) -> str:
    """Replace every secret in ``text`` by ``<masked>``; a text without secrets comes back as is."""
    return mask_count(text)[0]


def mask_count(text: str) -> tuple[str, dict[str, int]]:
    """Mask, and count what was masked.

    Returns:
        The masked text, and how many secrets of which kind (see :func:`pattern_titles`) it held.
        Kinds that did not occur are left out; the keys are sorted.
    """
    counts: Counter[str] = Counter()
    masked = _mask_base64(_mask_plain(text, counts), counts)
    return masked, dict(sorted(counts.items()))


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


def _mask_plain(text: str, counts: Counter[str]) -> str:
    lowered = text.lower()
    for pattern in _patterns():
        if not any(anchor in lowered for anchor in pattern.anchors):
            continue
        text, hits = _apply(pattern, text)
        if hits:
            counts[pattern.id] += hits
            lowered = text.lower()
    return text


def _apply(pattern: _Pattern, text: str) -> tuple[str, int]:
    """Replace one pattern's secrets from left to right."""
    pieces: list[str] = []
    done = hits = 0
    for match in pattern.regex.finditer(text):
        found = match.groupdict()
        group = next((name for name in _GROUPS if found.get(name)), "")
        if not group:
            continue
        secret = found[group]
        if MASK in secret or not secret.strip():
            continue
        if pattern.unless is not None and pattern.unless.fullmatch(secret):
            continue
        pieces += [text[done : match.start(group)], MASK]
        done = match.end(group)
        hits += 1
    return ("".join([*pieces, text[done:]]) if hits else text), hits


def _mask_base64(text: str, counts: Counter[str]) -> str:
    """Mask encoded texts that hold a secret when they are read."""
    if len(text) < _BASE64_MIN:
        return text

    def judged(match: re.Match[str]) -> str:
        token = match.group()
        if _HEX.fullmatch(token) or not _hides_secret(token):
            return token
        counts["base64"] += 1
        return MASK

    return _BASE64.sub(judged, text)


def _hides_secret(token: str) -> bool:
    """True where ``token`` is base64 of a text in which something would be masked."""
    body = token.rstrip("=").replace("-", "+").replace("_", "/")
    # An excerpt may be cut anywhere: whole groups of four are enough to judge.
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        decoded = base64.b64decode(body + "=" * (-len(body) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return False
    if any(char < " " and char not in "\t\r\n" for char in decoded):
        return False
    return _mask_plain(decoded, Counter()) != decoded
