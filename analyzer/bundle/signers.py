"""Who may sign: the ``allowed_signers`` file of OpenSSH (ssh-keygen(1), "ALLOWED SIGNERS")."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from analyzer.bundle.names import shown_name

#: Principals, options in any number, key type, key, comment. Quoted stretches may hold blanks.
_FIELD = re.compile(r'\s*((?:"[^"]*"|[^\s"])+)')
_KEY_TYPE = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+")
_OPTION = re.compile(r'([a-z-]+)(?:="?([^"]*)"?)?(?:,|$)', re.IGNORECASE)
_TIME = re.compile(r"(\d{8})(\d{4})?(\d{2})?(Z?)")
_MOST_LINES = 100_000


class SignersError(ValueError):
    """A line of the file that cannot be read; the text names it by number."""


@dataclass(frozen=True, slots=True)
class Signer:
    """One line: patterns of who it is, the public key's bytes, and what the key may be used for."""

    principals: str
    key: bytes
    key_type: str
    namespaces: str = "*"
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    #: A key that only signs certificates; it signs no bundle of itself.
    authority: bool = False

    def allows(self, namespace: str, when: datetime) -> bool:
        """Tell whether the key may sign for ``namespace`` at that time (aware)."""
        early = self.valid_after is not None and when < self.valid_after
        late = self.valid_before is not None and when > self.valid_before
        return not (self.authority or early or late) and fits(self.namespaces, namespace)


def fits(patterns: str, text: str) -> bool:
    """Match OpenSSH's comma-separated patterns (``*``, ``?``, and ``!`` for "but not")."""
    found = False
    for pattern in patterns.split(","):
        wanted = pattern.removeprefix("!").replace("[", "[[]")
        if wanted and fnmatchcase(text, wanted):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def read_signers(text: str) -> tuple[Signer, ...]:
    """Read a whole file; comments and empty lines are left out.

    Raises:
        SignersError: a line is no signer.
    """
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        raise SignersError(f"more than {_MOST_LINES} lines")
    found = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                found.append(_signer(line))
            except ValueError as error:
                raise SignersError(f"line {number}: {error}") from None
    return tuple(found)


def _signer(line: str) -> Signer:
    fields = [match[1] for match in _FIELD.finditer(line)]
    at = next((i for i, f in enumerate(fields) if i and _KEY_TYPE.fullmatch(f)), 0)
    if not at or len(fields) <= at + 1:
        raise ValueError("not 'NAMES [OPTIONS] KEY-TYPE KEY'")
    try:
        key = base64.b64decode(fields[at + 1], validate=True)
    except binascii.Error:
        raise ValueError("the key is not base64") from None
    options = _options(" ".join(fields[1:at]))
    return Signer(
        principals=fields[0].strip('"'),
        key=key,
        key_type=fields[at],
        namespaces=options.get("namespaces", "*"),
        valid_after=_time(options["valid-after"]) if "valid-after" in options else None,
        valid_before=_time(options["valid-before"]) if "valid-before" in options else None,
        authority="cert-authority" in options,
    )


def _options(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _OPTION.match(text, at)
        name = match[1].lower() if match else ""
        if match is None or name not in (
            "cert-authority", "namespaces", "valid-after", "valid-before"
        ):  # fmt: skip
            raise ValueError(f"unknown option '{shown_name(text[at:], 40)}'")
        found[name] = match[2] or ""
        at = match.end()
    return found


def _time(text: str) -> datetime:
    """Read ``YYYYMMDD[HHMM[SS]][Z]``; without Z it is the time of this machine's zone."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"'{shown_name(text, 40)}' is no time")
    digits = match[1] + (match[2] or "0000") + (match[3] or "00")
    try:
        when = datetime.strptime(f"{digits}+0000", "%Y%m%d%H%M%S%z")
        return when if match[4] else when.replace(tzinfo=None).astimezone()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"'{text}' is no time") from None
