"""Numbers that identify a tenant, an application, a person or a machine, told by the words before.

GUIDs of Kubernetes objects stay, so a GUID alone tells nothing; what stands in front of it does:
``AZURE_CLIENT_ID``, ``with object id``, ``login.microsoftonline.com/``, ``System UUID:``.
"""

from __future__ import annotations

import re

from analyzer.redact.edits import Edit, Trigger
from analyzer.redact.identities import words
from analyzer.redact.stand_ins import StandIns

_HEX = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
#: Signs between a word and its number, in JSON (quoted or not), YAML, tables, flags and sentences.
_BETWEEN = rb"(?i)[^a-z0-9]{0,40}(?:(?:value|u0027|u0022|is|of)[^a-z0-9]{0,8})?"
_NUMBER = re.compile(_BETWEEN + rb"(" + _HEX + rb")(?![0-9a-z])")
_MACHINE = re.compile(_BETWEEN + rb"(" + _HEX + rb"|[0-9a-f]{32})(?![0-9a-z])")
_DIRECTLY = re.compile(rb"(?i)(" + _HEX + rb")(?![0-9a-z])")
#: The issuer of a cluster's tokens: its tenant, and a number of its own
#: (https://learn.microsoft.com/azure/aks/use-oidc-issuer).
_ISSUER = re.compile(rb"(?i)(" + _HEX + rb")/(" + _HEX + rb")(?![0-9a-z])")
_OWNERS = (
    "client", "tenant", "object", "principal", "app", "application", "identity", "subscription",
    "workspace", "customer",
)  # fmt: skip
_MACHINES = ("machine id", "machineid", "machine-id", "system uuid", "systemuuid", "boot id",
             "bootid", "boot_id", "vmid", "vm id")  # fmt: skip
_FRONTS = ("login.microsoftonline.com/", "login.microsoftonline.us/", "login.chinacloudapi.cn/",
           "sts.windows.net/")  # fmt: skip
_WORDS = ("objectidentifier", '"oid', "the client ", "subscription '", 'subscription \\"',
          "identity/claims/tenantid")  # fmt: skip


def id_triggers() -> dict[bytes, Trigger]:
    """What tells of such a number, in lower case."""
    found: dict[bytes, Trigger] = {word.encode(): _number for word in _WORDS}
    for owner in _OWNERS:
        for join in ("id", " id", "_id", "-id"):
            found[f"{owner}{join}".encode()] = _number
    found |= {word.encode(): _machine for word in _MACHINES}
    found |= {front.encode(): _front for front in _FRONTS}
    return found | {b".oic.prod-aks.azure.com/": _issuer}


def _number(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _edit(_NUMBER.match(data, end), names)


def _machine(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _edit(_MACHINE.match(data, end), names)


def _front(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    return _edit(_DIRECTLY.match(data, end), names)


def _edit(found: re.Match[bytes] | None, names: StandIns) -> Edit | None:
    if found is None:
        return None
    text = found[1].decode()
    if text.lower() in words()["guids"]:
        return None
    return found.start(1), found.end(1), names.guid(text)


def _issuer(data: bytes, start: int, end: int, names: StandIns) -> Edit | None:
    found = _ISSUER.match(data, end)
    if found is None:
        return _front(data, start, end, names)
    tenant, own = (names.guid(found[at].decode()) for at in (1, 2))
    return found.start(), found.end(), f"{tenant}/{own}"
