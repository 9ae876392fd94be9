"""The end dates of certificates in a caBundle: PEM in base64, as the Kubernetes API shows it.

Only the validity is read, by walking the outer structure of X.509 (RFC 5280, section 4.1) in DER
(ITU-T X.690); nothing is verified.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x17, 0x18
#: A bundle of the public authorities has about 140.
_MOST = 200


def ends_of(bundle: str) -> tuple[datetime, ...]:
    """``notAfter`` of every certificate in the bundle, in UTC.

    Empty where it is no base64, holds no certificate, or one of them cannot be read: then nothing
    can be said of the bundle as a whole.
    """
    try:
        text = base64.b64decode(bundle, validate=True).decode("ascii", "replace")
    except (binascii.Error, ValueError):
        return ()
    found = []
    for match in _PEM.findall(text)[:_MOST]:
        try:
            found.append(_end(base64.b64decode("".join(match.split()), validate=True)))
        except (binascii.Error, ValueError, IndexError):
            return ()
    return tuple(found)


def _end(der: bytes) -> datetime:
    """The second time of the first sequence in tbsCertificate that begins with a time."""
    _, start, _ = _element(der, 0)
    tag, position, end = _element(der, start)
    if tag != _SEQUENCE:
        raise ValueError("no certificate")
    while position < end:
        tag, inner, position = _element(der, position)
        if tag == _SEQUENCE and der[inner] in (_UTC_TIME, _GENERALIZED_TIME):
            _, _, after = _element(der, inner)
            kind, value, stop = _element(der, after)
            return _time(kind, der[value:stop].decode("ascii"))
    raise ValueError("no validity")


def _element(der: bytes, position: int) -> tuple[int, int, int]:
    """Tag, start of the content, and the position after it."""
    tag, length, content = der[position], der[position + 1], position + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[content : content + count], "big")
        content += count
    if content + length > len(der):
        raise ValueError("cut")
    return tag, content, content + length


def _time(kind: int, text: str) -> datetime:
    form = "%y%m%d%H%M%SZ" if kind == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC)
