"""Signatures of bundles as ``ssh-keygen -Y sign`` makes them, checked without starting a program.

SSH signatures were chosen because the tool is there already on the machines of those who collect
(Linux, macOS, Windows), with keys that they have; and because the form is written down: OpenSSH's
``PROTOCOL.sshsig``, and RFC 4253, 5656 and 8709 for keys and signatures in it. Keys on hardware
tokens and certificates are left to ``ssh-keygen -Y verify``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from analyzer.bundle.names import shown_name
from analyzer.bundle.signers import Signer, fits

#: What a signature of a bundle is made for (``-n``): one made for anything else does not count.
NAMESPACE = "demarc-bundle"
#: Suffix that ``ssh-keygen -Y sign`` gives the signature's file.
SUFFIX = ".sig"
MAX_SIGNATURE_BYTES = 64 * 1024

_MAGIC = b"SSHSIG"
_HASHES = ("sha256", "sha512")
_ARMOR = re.compile(
    rb"\s*-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]+?)-----END SSH SIGNATURE-----\s*"
)


class SignatureError(Exception):
    """A signature that does not count. ``what`` says why, ``hint`` what to do (may be empty)."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Signed:
    """A good signature: who made it, and with which key (type and fingerprint)."""

    by: str
    key_type: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Signature:
    key: bytes
    key_type: str
    namespace: str
    hash_name: str
    kind: str
    value: bytes


class _Fields:
    """The strings of an SSH message, each with its length in front (RFC 4251, section 5)."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def take(self, count: int) -> bytes:
        if count > len(self._data):
            raise SignatureError("the signature's file is cut off or broken")
        piece, self._data = self._data[:count], self._data[count:]
        return piece

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def text(self) -> str:
        return shown_name(self.string().decode("utf-8", "replace"), 80)


def check_signature(
    bundle: Path, signature: bytes, signers: Sequence[Signer], identity: str, when: datetime
) -> Signed:
    """Check the signature of a file against those who may sign.

    ``identity`` is a signer's name as in the file of signers; empty for any of them. ``when``
    (aware) is the time at which keys must be valid.

    Raises:
        SignatureError: it is none, is not of this file, or by nobody who may sign.
        OSError: the bundle cannot be read.
        ImportError: the package ``cryptography`` is not installed.
    """
    parsed = _parse(signature)
    if parsed.namespace != NAMESPACE:
        raise SignatureError(
            f"the signature was made for '{parsed.namespace}', not for '{NAMESPACE}'",
            f"sign with: ssh-keygen -Y sign -n {NAMESPACE} -f KEY BUNDLE",
        )
    signer = _signer(parsed, signers, identity, when)
    with bundle.open("rb") as file:
        digest = hashlib.file_digest(file, parsed.hash_name).digest()
    fields = (parsed.namespace.encode(), b"", parsed.hash_name.encode(), digest)
    _check(parsed, _MAGIC + b"".join(_packed(field) for field in fields))
    return Signed(identity or signer.principals, parsed.key_type, _fingerprint(parsed.key))


def _parse(data: bytes) -> _Signature:
    match = _ARMOR.fullmatch(data)
    try:
        raw = base64.b64decode(b"".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        raw = b""
    if not raw.startswith(_MAGIC):
        raise SignatureError("this is no SSH signature", "make one: ssh-keygen -Y sign")
    fields = _Fields(raw[len(_MAGIC) :])
    version = int.from_bytes(fields.take(4), "big")
    if version != 1:
        raise SignatureError(f"the signature has version {version}; 1 is known")
    key = fields.string()
    namespace = fields.text()
    fields.string()
    hash_name = fields.text()
    if hash_name not in _HASHES:
        raise SignatureError(f"the signature is over an unknown sum, '{hash_name}'")
    inner = _Fields(fields.string())
    kind = inner.text()
    return _Signature(key, _Fields(key).text(), namespace, hash_name, kind, inner.string())


def _signer(
    signature: _Signature, signers: Sequence[Signer], identity: str, when: datetime
) -> Signer:
    """The line of the file of signers that this key is of."""
    same = [signer for signer in signers if signer.key == signature.key]
    named = [s for s in same if not identity or fits(s.principals, identity)]
    allowed = [signer for signer in named if signer.allows(NAMESPACE, when)]
    if allowed:
        return allowed[0]
    key = f"{signature.key_type} {_fingerprint(signature.key)}"
    if not same:
        raise SignatureError(f"the key is not among those who may sign: {key}")
    if not named:
        names = ", ".join(shown_name(signer.principals, 80) for signer in same)
        raise SignatureError(f"signed by {names}, not by {identity}")
    raise SignatureError(f"the key may not sign bundles, or not at this time: {key}")


def _check(signature: _Signature, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    line = signature.key_type.encode() + b" " + base64.b64encode(signature.key)
    try:
        _check_with(load_ssh_public_key(line), signature, message)
    except InvalidSignature:
        raise SignatureError("the signature is not of this file: one of the two was changed") from (
            None
        )
    except (ValueError, UnsupportedAlgorithm):
        raise SignatureError(
            f"signatures of kind '{signature.kind}' by keys of type '{signature.key_type}' "
            "cannot be checked here",
            f"check it with: ssh-keygen -Y verify -n {NAMESPACE}",
        ) from None


def _check_with(key: object, signature: _Signature, message: bytes) -> None:
    """Raise InvalidSignature where it does not fit, ValueError where its kind is not known."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

    rsa_hashes = {"rsa-sha2-256": hashes.SHA256(), "rsa-sha2-512": hashes.SHA512()}
    if isinstance(key, ed25519.Ed25519PublicKey) and signature.kind == "ssh-ed25519":
        key.verify(signature.value, message)
    elif isinstance(key, rsa.RSAPublicKey) and signature.kind in rsa_hashes:
        key.verify(signature.value, message, padding.PKCS1v15(), rsa_hashes[signature.kind])
    elif isinstance(key, ec.EllipticCurvePublicKey) and signature.kind == signature.key_type:
        pair = _Fields(signature.value)
        r, s = (int.from_bytes(pair.string(), "big") for _ in range(2))
        sums = {256: hashes.SHA256(), 384: hashes.SHA384(), 521: hashes.SHA512()}
        chosen: hashes.HashAlgorithm = sums[key.curve.key_size]
        key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(chosen))
    else:
        raise ValueError(signature.kind)


def _packed(field: bytes) -> bytes:
    return len(field).to_bytes(4, "big") + field


def _fingerprint(key: bytes) -> str:
    """The key's name as ``ssh-keygen -l`` prints it."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest.rstrip('=')}"
