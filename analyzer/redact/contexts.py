"""Names that are told by what stands beside them: mail addresses, users, domains, scale sets.

Each trigger is a plain text; where it stands, its function looks at the bytes around and answers
with the stretch to replace and its stand-in. Nothing is learned before: what only logs know of is
found too.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from analyzer.redact.arm import arm_triggers
from analyzer.redact.edits import Edit, Trigger
from analyzer.redact.identities import words
from analyzer.redact.ids import id_triggers
from analyzer.redact.stand_ins import StandIns

#: Bytes before a trigger that can belong to a name.
_BEHIND = 160
_GUID = re.compile(rb"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_POOL = re.compile(rb"(?i)(?:aks|k8s)-[a-z0-9]{1,12}-(\d{8})\Z")
#: Behind ``aks-agentpool-``: machines of an availability set, and what AKS names after the pools.
_POOL_NUMBER = re.compile(rb"(\d{8})(?![0-9A-Za-z])")
#: What a domain name is made of, as it is; all else is a blank.
_NAME_SIGNS = bytes(
    byte if chr(byte).isascii() and (chr(byte).isalnum() or byte in b".-_*") else 0x20
    for byte in range(256)
)
_LOCAL_PART = re.compile(rb"[A-Za-z0-9._%+-]{1,64}\Z")
_MAIL_DOMAIN = re.compile(rb"(?:[A-Za-z0-9-]{1,63}\.){1,6}[A-Za-z]{2,24}(?![A-Za-z0-9-])")
_ENDS = re.compile(rb"(?![A-Za-z0-9_-])(?!\.[A-Za-z0-9_])")
_USER = re.compile(rb"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
_QUOTED_USER = re.compile(rb'\\{0,3}["\']([A-Za-z0-9][^"\'\\:@\s]{1,80})\\{0,3}["\']')
_COLON = re.compile(rb"\s*:\s*")
_SSHD = re.compile(rb"[^\n]{0,80}? (?:for|user) (?:invalid user )?([^\s:]{1,40}) from ")
#: PAM and the login service: "session opened for user x(uid=…) by", "New session 5 of user x."
_SESSION = re.compile(rb"([A-Za-z_][A-Za-z0-9_.-]{0,31}?)(?=\(uid=|\.?[ \t]*(?:\r?\n|\Z)| by )")
_SUDO = re.compile(rb"(?:\[\d+\])?: {1,12}([A-Za-z_][A-Za-z0-9_.-]{0,31}) : ")
_REMOTE_USER = re.compile(rb"[^\n ]{0,60} {1,3}user=([A-Za-z_][A-Za-z0-9_.-]{0,31})")
_UID = re.compile(rb"\d{1,10}\(([A-Za-z_][A-Za-z0-9_.-]{0,31})\)")
_MAC_FIELD = re.compile(rb'"?\s*[:=]\s*"?([0-9A-Fa-f]{12})(?![0-9A-Za-z])')
#: Escapes such as ``\n`` in quoted JSON: their letter is no part of a name.
_ESCAPE = re.compile(rb"\\[nrt]")


@cache
def triggers() -> dict[bytes, Trigger]:
    """All triggers, in lower case."""
    found: dict[bytes, Trigger] = {
        b"-vms": _scale_set,
        b"aks-agentpool-": _pool_number,
        b"aks-vnet-": _pool_number,
        b"@": _mail,
        b"/home/": _home,
        b"/users/": _home,
        b":\\users\\": _home,
        b":\\\\users\\\\": _home,
        b"user ": _user,
        b'username"': _user_field,
        b"sshd[": _login,
        b"for user ": _session,
        b" of user ": _session,
        b"sudo": _sudo,
        b"uid=": _uid,
        b"rhost=": _remote_user,
        b"macaddress": _mac,
    }
    found |= arm_triggers() | id_triggers()
    found |= {f".{ending}".encode(): _domain for ending in words()["endings"]}
    found |= {f".{ending}".encode(): _doubtful_domain for ending in words()["doubtful-endings"]}
    return found


def _scale_set(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _POOL.search(data, max(0, start - 30), start)
    return (found.start(1), found.end(1), names.digits(found[1].decode())) if found else None


def _pool_number(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _POOL_NUMBER.match(data, end)
    return (end, found.end(), names.digits(found[1].decode())) if found else None


def _mail(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    behind = _without_escape(data, max(0, start - 64), start)
    local = _LOCAL_PART.search(data, behind, start)
    domain = _MAIL_DOMAIN.match(data, end)
    if local is None or domain is None:
        return None
    user, host = local[0].decode(), domain[0].decode()
    if host.rpartition(".")[2].lower() in words()["units"] or user == "git":
        return None
    return local.start(), domain.end(), f"{names.name(user)}@{names.domain(host, 1)}"


def _home(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_USER.match(data, end), 0, names)


def _user(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_QUOTED_USER.match(data, end), 1, names)


def _user_field(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    colon = _COLON.match(data, end)
    return _user_at(_QUOTED_USER.match(data, colon.end()), 1, names) if colon else None


def _login(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_SSHD.match(data, end), 1, names)


def _session(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_SESSION.match(data, end), 1, names)


def _sudo(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_SUDO.match(data, end), 1, names)


def _remote_user(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_REMOTE_USER.match(data, end), 1, names)


def _uid(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _user_at(_UID.match(data, end), 1, names)


def _user_at(found: re.Match[bytes] | None, group: int, names: StandIns) -> Edit | None:
    if found is None:
        return None
    text = found[group].decode("utf-8", "replace")
    if text.lower() in words()["users"] or not text.isascii():
        return None
    made = names.guid(text) if _GUID.fullmatch(found[group]) else names.name(text)
    return found.start(group), found.end(group), made


def _mac(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _MAC_FIELD.match(data, end)
    made = names.mac(found[1].decode()) if found else None
    return (found.start(1), found.end(1), made) if found and made else None


def _domain(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _domain_at(data, start, end, names, 2)


def _doubtful_domain(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _domain_at(data, start, end, names, 3)


def _domain_at(data: bytes, start: int, end: int, names: StandIns, least: int) -> Edit | None:
    if not _ENDS.match(data, end):
        return None
    behind = max(0, start - _BEHIND)
    at = behind + data[behind:start].translate(_NAME_SIGNS).rfind(b" ") + 1
    if at and data[at - 1] == 0x5C and data[at : at + 1] in (b"n", b"r", b"t"):
        at += 1  # the letter of an escape
    text = data[at:end].lstrip(b".-")
    keep = _judged(text, least)
    if not keep or data[at - 1 : at] in (b"$", b"%"):
        return None
    return end - len(text), end, names.domain(text.decode(), keep)


@lru_cache(maxsize=1 << 16)
def _judged(text: bytes, least: int) -> int:
    """How many labels of a name stay; 0 where the name stays as a whole, or is no domain."""
    labels = text.decode().split(".")
    keep = kept_labels(text.decode())
    if len(labels) < least or keep >= len(labels) or "" in labels:
        return 0
    return keep if any(sign.isalpha() for sign in labels[-2]) else 0


def _without_escape(data: bytes, behind: int, start: int) -> int:
    """Where a name can begin at the earliest: behind the last escape before the trigger."""
    last = data.rfind(b"\\", behind, start)
    if last < 0:
        return behind
    return last + 2 if _ESCAPE.match(data, last) else last + 1


@lru_cache(maxsize=1 << 16)
def kept_labels(text: str) -> int:
    """Return how many labels of a domain name stay, from its end; all of them for a public one."""
    labels = text.lower().split(".")
    count = len(labels)
    suffixes = [".".join(labels[count - keep :]) for keep in range(count + 1)]
    if suffixes[count] in words()["public-hosts"]:
        return count
    for keep in range(count, 0, -1):
        if suffixes[keep] in words()["services"]:
            return _service_labels(labels, keep)
    if any(suffix in words()["domains"] for suffix in suffixes):
        return count
    return 2 if count > 1 and suffixes[2] in words()["double-endings"] else 1


def _service_labels(labels: list[str], keep: int) -> int:
    """A region and what kind of name it is stand in front of a service's own name: they stay."""
    front = labels[: len(labels) - keep]
    told = words()["service-labels"] | words()["regions"] | {"*"}
    if all(label in told for label in front):
        return len(labels)
    for at in range(1, len(front)):
        if front[at] in told:
            return len(labels) - at
    if labels[-keep:] == ["cloudapp", "azure", "com"] and len(front) > 1:
        return keep + 1
    if labels[-keep] == "azmk8s":
        return len(labels)  # a webhook of AKS: API servers' names have one of these labels
    return keep
