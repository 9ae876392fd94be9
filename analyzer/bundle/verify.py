"""Whether a bundle is what its manifest says: sizes and sums of the archives of its parts."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from analyzer.bundle.layouts.base import archive_stem
from analyzer.bundle.reader import Bundle


class Verdict(StrEnum):
    """What became of one archive."""

    OK = "ok"
    MISSING = "missing"
    WRONG_SIZE = "wrong size"
    WRONG_SUM = "wrong sum"
    #: The manifest gives no sum for it.
    NOT_LISTED = "not listed"


class MemberCheck(BaseModel):
    """One archive of a part: path as in the manifest, sizes in bytes, verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    verdict: Verdict
    expected_bytes: int | None = None
    actual_bytes: int | None = None


def verify(bundle: Bundle) -> tuple[MemberCheck, ...]:
    """Check every archive against the manifest, sorted by path; empty without a manifest.

    Reads the bundle once, and unpacks no part. Parts that lie unpacked in a folder have no sum and
    count as missing.
    """
    if bundle.manifest is None:
        return ()
    found = bundle.sums()
    checks = []
    for member in bundle.manifest.members:
        size, digest = found.pop(archive_stem(member.path), (None, ""))
        if size is None:
            verdict = Verdict.MISSING
        elif member.bytes is not None and member.bytes != size:
            verdict = Verdict.WRONG_SIZE
        elif not member.sha256:
            verdict = Verdict.NOT_LISTED
        else:
            verdict = Verdict.OK if member.sha256.lower() == digest else Verdict.WRONG_SUM
        checks.append(_check(member.path, verdict, member.bytes, size))
    checks += [_check(part, Verdict.NOT_LISTED, None, size) for part, (size, _) in found.items()]
    return tuple(sorted(checks, key=lambda check: check.path))


def _check(path: str, verdict: Verdict, expected: int | None, actual: int | None) -> MemberCheck:
    return MemberCheck(path=path, verdict=verdict, expected_bytes=expected, actual_bytes=actual)
