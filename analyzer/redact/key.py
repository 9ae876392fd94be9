"""The key file: the secret of a redaction, and what each stand-in stands for.

Whoever has it can read a redacted bundle as if it were none: it stays with the owner of the names.
The same key file gives the same stand-ins in the next bundle.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzer.redact.addresses import AddressMap

_SECRET_BYTES = 32
#: A key file of 100,000 names has 6 MB.
_LARGEST = 256 * 1024 * 1024


class BadKey(ValueError):
    """A key file that cannot be used; the text is one clear line."""


class Key(BaseModel):
    """A key: ``secret`` in hexadecimal digits, ``networks`` that keep their place, ``names``.

    ``names`` is stand-in → what it stands for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(default=1, ge=1, le=1)
    note: str = "Keep this file: it turns the stand-ins of a redacted bundle back into names."
    secret: str = Field(pattern=r"^[0-9a-f]{64}$")
    networks: tuple[str, ...] = ()
    names: dict[str, str] = Field(default_factory=dict)

    @property
    def secret_bytes(self) -> bytes:
        """The secret, 32 bytes."""
        return bytes.fromhex(self.secret)

    def with_networks(self, networks: Iterable[str]) -> Key:
        """Take in networks, as far as no stand-in that was given already changes by that."""
        kept = list(self.networks)
        wanted = sorted({text for text in networks if _is_network(text)} - set(kept))
        if self._holds([*kept, *wanted]):
            kept += wanted
        else:
            for text in wanted:
                if self._holds([*kept, text]):
                    kept.append(text)
        return self.model_copy(update={"networks": tuple(sorted(kept))})

    def with_names(self, names: Mapping[str, str]) -> Key:
        """The key with all that stand-ins stand for, sorted."""
        return self.model_copy(update={"names": dict(sorted(names.items()))})

    def _holds(self, networks: list[str]) -> bool:
        tried = AddressMap(self.secret_bytes, networks)
        return all(
            tried.ip(name) == stand_in
            for stand_in, name in self.names.items()
            if _is_address(name) and _is_address(stand_in) and not _is_network_address(name)
        )


def _is_network(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= 8  # less would keep a large part of all addresses in place


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network_address(text: str) -> bool:
    """True for addresses that may have been written with a prefix: their stand-in is another."""
    return text.endswith((".0", "::"))


def new_key() -> Key:
    """A key that nobody can guess. The one thing here that is another at each run."""
    return Key(secret=secrets.token_hex(_SECRET_BYTES))


def load_key(path: Path) -> Key:
    """Read a key file.

    Raises:
        BadKey: it cannot be read, or is none.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise BadKey(f"{path}: is too large for a key file")
        data = path.read_bytes()
    except OSError as error:
        raise BadKey(f"{path}: cannot be read: {error.strerror or error}") from error
    try:
        return Key.model_validate_json(data)
    except ValidationError as error:
        raise BadKey(f"{path}: is no key file of demarc redact") from error


def save_key(path: Path, key: Key) -> None:
    """Write a key file that only its owner can read, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    text = json.dumps(key.model_dump(), indent=1, ensure_ascii=False) + "\n"
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogatepass"))
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
