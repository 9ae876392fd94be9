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
    #: It is in the manifest, without a sum.
    NO_SUM = "no sum to compare with"
    #: It is in the bundle, and the manifest does not know it.
    EXTRA = "not in the manifest"

    @property
    def good(self) -> bool:
        """True for what is as the manifest says."""
        return self is Verdict.OK

    @property
    def listed(self) -> bool:
        """True for what the manifest knows."""
        return self is not Verdict.EXTRA


class MemberCheck(BaseModel):
    """One archive or file: path as in the manifest (else as in the bundle), bytes, verdict."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    verdict: Verdict
    expected_bytes: int | None = None
    actual_bytes: int | None = None


def verify(bundle: Bundle) -> tuple[MemberCheck, ...]:
    """Check every archive against the manifest, sorted by path; empty where it has no sums at all.

    Reads the bundle once, and unpacks no part. Parts that lie unpacked in a folder have no sum and
    count as missing; their files count as extra.
    """
    if bundle.manifest is None:
        return ()
    found = bundle.sums()
    if not found and not bundle.manifest.members:
        return ()
    checks = []
    for member in bundle.manifest.members:
        size, digest = found.pop(archive_stem(member.path), (None, ""))
        if size is None:
            verdict = Verdict.MISSING
        elif member.bytes is not None and member.bytes != size:
            verdict = Verdict.WRONG_SIZE
        elif not member.sha256:
            verdict = Verdict.NO_SUM
        else:
            verdict = Verdict.OK if member.sha256.lower() == digest else Verdict.WRONG_SUM
        checks.append(_check(member.path, verdict, member.bytes, size))
    checks += [_check(part, Verdict.EXTRA, None, size) for part, (size, _) in found.items()]
    checks += [_check(path, Verdict.EXTRA, None, size) for path, size in bundle.loose_files()]
    return tuple(sorted(checks, key=lambda check: check.path))


def _check(path: str, verdict: Verdict, expected: int | None, actual: int | None) -> MemberCheck:
    return MemberCheck(path=path, verdict=verdict, expected_bytes=expected, actual_bytes=actual)
