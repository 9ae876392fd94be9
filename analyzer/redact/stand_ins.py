"""Stand-ins for names: the same name gets the same one under one key, of the same width and shape.

Letters stand for letters (in turn consonants and vowels, so that they can be spoken), digits for
digits, and signs stay where they are. Domain names change label by label, so that two names of one
domain stay in one domain. Every stand-in that was handed out is remembered with what it stands for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping

from analyzer.redact.addresses import AddressMap, mac_stand_in

#: Names shorter than this get longer stand-ins, or too many would have the same.
_SHORTEST = 6
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"
_MANAGED_GROUP = re.compile(r"(?i)(MC_)(.+)_(.+)_([a-z0-9]+)")
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TRIES = 1000
_MAC_SIGNS = re.compile(r"[:-]")


class StandIns:
    """All stand-ins under one key. ``known`` are those of earlier bundles: stand-in → name."""

    def __init__(
        self, secret: bytes, addresses: AddressMap, known: Mapping[str, str] | None = None
    ) -> None:
        self._secret = secret
        self._addresses = addresses
        #: Stand-in → what it stands for, as it was written.
        self.originals: dict[str, str] = dict(known or {})
        self._taken = {made.lower(): name.lower() for made, name in self.originals.items()}
        self._given = {name: made for made, name in self._taken.items()}

    def name(self, text: str) -> str:
        """Return the stand-in of a name; one that is written in capitals gets capitals."""
        lower = text.lower()
        made = self._unique(lower, lambda turn: self._shaped("name", lower, turn))
        return self._given_as(text, made.upper() if text.isupper() else made)

    def guid(self, text: str) -> str:
        """Return the stand-in of a GUID, or of any other number in hexadecimal digits."""
        lower = text.lower()
        made = self._unique(lower, lambda turn: self._hex(lower, turn))
        return self._given_as(text, made.upper() if text.isupper() else made)

    def digits(self, text: str) -> str:
        """Return the stand-in of a number that names a node pool's scale set."""
        return self._given_as(text, self._unique(text, lambda turn: self._number(text, turn)))

    def group(self, text: str) -> str:
        """Return the stand-in of a resource group.

        The group that AKS makes for the nodes keeps its form, ``MC_<group>_<cluster>_<region>``
        (https://learn.microsoft.com/azure/aks/faq).
        """
        made = _MANAGED_GROUP.fullmatch(text)
        if made is None:
            return self.name(text)
        prefix, group, cluster, region = made.groups()
        whole = f"{prefix}{self.name(group)}_{self.name(cluster)}_{region}"
        return self._given_as(text, whole)

    def domain(self, text: str, keep: int) -> str:
        """Return the stand-in of a domain name whose last ``keep`` labels stay."""
        labels = text.split(".")
        made = labels[len(labels) - keep :] if keep else []
        for at in range(len(labels) - keep - 1, -1, -1):
            label, suffix = labels[at], ".".join(labels[at:]).lower()
            made.insert(0, self._label(label, suffix))
        return self._given_as(text, ".".join(made))

    def _label(self, label: str, suffix: str) -> str:
        if label in ("*", ""):
            return label
        if _GUID.fullmatch(label):  # of a private zone, or a workspace: it stands elsewhere too
            return self.guid(label)
        made = self._shaped("label", label.lower(), 0, suffix)
        return made.upper() if label.isupper() and not label.isdigit() else made

    def ip(self, text: str, length: int | None = None) -> str | None:
        """Return the stand-in of an address; None where it stays, or is none."""
        made = self._addresses.ip(text) if length is None else self._addresses.within(text, length)
        if made is None or made == text:
            return None
        # An address is one of its network too: what is written most is what is told of it.
        if length is None:
            self.originals[made] = text
        else:
            self.originals.setdefault(made, text)
        return made

    def mac(self, text: str) -> str | None:
        """Return the stand-in of a MAC address in the way it is written; None where it stays."""
        digits = _MAC_SIGNS.sub("", text)
        made = mac_stand_in(self._secret, bytes.fromhex(digits)).hex()
        if made == digits.lower():
            return None
        made = made.upper() if text.upper() == text else made
        sign = text[2] if len(text) == 17 else ""
        whole = sign.join(made[at : at + 2] for at in range(0, 12, 2))
        return self._given_as(text, whole)

    def _given_as(self, text: str, made: str) -> str:
        """Remember what a stand-in stands for, in the spelling that came first."""
        self.originals.setdefault(made, text)
        return made

    def _unique(self, text: str, make: Callable[[int], str]) -> str:
        """The stand-in given before, or the first one that stands for nothing else yet."""
        made = self._given.get(text)
        if made is not None:
            return made
        for turn in range(_TRIES):
            tried = make(turn)
            if tried != text and self._taken.setdefault(tried, text) == text:
                self._given[text] = tried
                return tried
        raise RuntimeError("no stand-in is left for a name of this shape")

    def _stream(self, kind: str, text: str, turn: int, count: int) -> bytes:
        told = hashlib.shake_256(
            b"\0".join((self._secret, kind.encode(), text.encode(), b"%d" % turn))
        )
        return told.digest(count)

    def _shaped(self, kind: str, lower: str, turn: int, context: str = "") -> str:
        padded = lower + "x" * (_SHORTEST - len(lower))
        stream = self._stream(kind, f"{context}\0{lower}", turn, len(padded) + 1)
        made = []
        spoken = stream[-1] & 1
        for sign, byte in zip(padded, stream, strict=False):
            if sign.isdigit():
                made.append(str(byte % 10))
            elif sign.isalpha():
                made.append((_VOWELS, _CONSONANTS)[spoken][byte % (5, 14)[spoken]])
                spoken ^= 1
            else:
                made.append(sign)
                spoken = 1
        return "".join(made)

    def _hex(self, lower: str, turn: int) -> str:
        stream = self._stream("guid", lower, turn, len(lower))
        return "".join(
            "0123456789abcdef"[byte & 15] if sign != "-" else sign
            for sign, byte in zip(lower, stream, strict=True)
        )

    def _number(self, text: str, turn: int) -> str:
        stream = self._stream("digits", text, turn, len(text))
        return "".join(
            str(1 + byte % 9 if at == 0 else byte % 10) for at, byte in enumerate(stream)
        )
