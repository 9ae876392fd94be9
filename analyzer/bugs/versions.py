"""Versions as nodes and images print them, compared with bounds as bug reports state them.

A version is compared by the numbers that the bound has: ``1.7.30-ubuntu22.04u2`` is not below
``1.7.30``, ``5.15.0-1102-azure`` is above ``5.15.0-1094``, ``1.11.3-6`` is not below ``1.11.3``.
Pre-releases (``-rc93``) sort before their release. Debian versions follow Debian Policy 5.6.12.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache
from itertools import zip_longest


class Scheme(StrEnum):
    """How a version is read."""

    SEMVER = "semver"
    DEB = "deb"
    DEB_KERNEL = "deb-kernel"
    AZL_KERNEL = "azl-kernel"
    KERNEL = "kernel"
    NODE_IMAGE = "node-image"
    AKS_IMAGE = "aks-image"
    OPENJDK = "openjdk"
    WINDOWS_BUILD = "windows-build"


class NotComparable(ValueError):
    """A text that is no version of the scheme."""


_NUMBERS = re.compile(r"\d+(?:[._]\d+)*")
_PRE_RELEASE = re.compile(r"[-.~]?(?:rc|alpha|beta|pre)\.?(\d*)", re.IGNORECASE)
_BUILD = re.compile(r"-(\d+)(?![\d]*[a-zA-Z])")
_KERNEL = re.compile(r"\d+(?:\.\d+)+(?:-\d+)?")
_IMAGE = re.compile(r"(\d{4})\.?(\d{2})\.(\d{2})(?:\.(\d+))?$")
#: Builds of Azure Linux and CBL-Mariner: fixes are taken back without a new upstream number.
BACKPORTED = re.compile(r"\.(?:azl|cm)\d")
#: Before any pre-release number sorts the release itself.
_RELEASE = 1 << 30


@lru_cache(maxsize=16384)
def compare(version: str, bound: str, scheme: Scheme = Scheme.SEMVER) -> int:
    """-1, 0 or 1 as ``version`` is below, equal to or above ``bound``.

    Raises:
        NotComparable: one of them is no version of the scheme.
    """
    if scheme is Scheme.DEB:
        return _compare_deb(version, bound)
    if scheme in (Scheme.DEB_KERNEL, Scheme.AZL_KERNEL, Scheme.KERNEL):
        mine, other = _kernel(version), _kernel(bound)
        return _order(mine[: len(other)], other)
    if scheme is Scheme.NODE_IMAGE:
        return _order(_node_image(version), _node_image(bound))
    if scheme is Scheme.OPENJDK:
        return _order(_all_numbers(version), _all_numbers(bound))
    return _compare_semver(version, bound)


def in_range(version: str, ranges: str, scheme: Scheme = Scheme.SEMVER) -> bool:
    """True where a version lies in ``>=1.2.0,<1.2.5 || <1.1.7`` (``,`` is and, ``||`` is or).

    Raises:
        NotComparable: version or range cannot be read.
    """
    return any(
        all(_holds(version, one.strip(), scheme) for one in part.split(","))
        for part in ranges.split("||")
    )


def upper_bounds(ranges: str) -> tuple[str, ...]:
    """The versions after ``<`` in a range: where each line of releases got its fix."""
    return tuple(re.findall(r"<(?!=)\s*([^\s,|]+)", ranges))


def _holds(version: str, term: str, scheme: Scheme) -> bool:
    match = re.fullmatch(r"(>=|<=|<|>|=)?\s*(\S+)", term)
    if match is None:
        raise NotComparable(f"no range: {term!r}")
    order = compare(version, match[2], scheme)
    return {
        ">=": order >= 0,
        "<=": order <= 0,
        "<": order < 0,
        ">": order > 0,
    }.get(match[1] or "=", order == 0)


def _order(mine: tuple[int, ...], other: tuple[int, ...]) -> int:
    return (mine > other) - (mine < other)


def _compare_semver(version: str, bound: str) -> int:
    mine, other = _semver(version), _semver(bound)
    if other[2] is None:  # the bound has no build number: mine does not matter
        mine = (mine[0], mine[1], None)
    left, right = ((*v[0], v[1], v[2] or 0) for v in (mine, other))
    return _order(left, right)


def _semver(text: str) -> tuple[tuple[int, ...], int, int | None]:
    """Three or more numbers, the pre-release number (or release), the ``-N`` build number."""
    text = text.strip().removeprefix("v")
    match = _NUMBERS.match(text)
    if match is None:
        raise NotComparable(f"no version: {text!r}")
    numbers = [int(part) for part in re.split(r"[._]", match[0])][:4]
    rest = text[match.end() :]
    pre = _PRE_RELEASE.match(rest)
    build = _BUILD.match(rest)
    padded = (*numbers, 0, 0, 0, 0)[:4]
    return padded, int(pre[1] or 0) if pre else _RELEASE, int(build[1]) if build else None


def _kernel(text: str) -> tuple[int, ...]:
    match = _KERNEL.match(text.strip())
    if match is None:
        raise NotComparable(f"no kernel version: {text!r}")
    return tuple(int(part) for part in re.split(r"[.-]", match[0]))


def _node_image(text: str) -> tuple[int, ...]:
    match = _IMAGE.search(text.strip())
    if match is None:
        raise NotComparable(f"no node image version: {text!r}")
    return tuple(int(part or 0) for part in match.groups())


def _all_numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in re.findall(r"\d+", text))
    if not numbers:
        raise NotComparable(f"no version: {text!r}")
    return numbers


def _compare_deb(version: str, bound: str) -> int:
    mine, other = _deb_parts(version), _deb_parts(bound)
    if mine[0] != other[0]:
        return 1 if mine[0] > other[0] else -1
    return _compare_deb_part(mine[1], other[1]) or _compare_deb_part(mine[2], other[2])


def _deb_parts(text: str) -> tuple[int, str, str]:
    epoch, colon, rest = text.strip().rpartition(":")
    upstream, dash, revision = rest.rpartition("-")
    if not re.search(r"\d", rest) or (colon and not epoch.isdigit()):
        raise NotComparable(f"no Debian version: {text!r}")
    return int(epoch or 0), upstream if dash else revision, revision if dash else "0"


def _compare_deb_part(mine: str, other: str) -> int:
    for position, (one, two) in enumerate(zip_longest(_runs(mine), _runs(other), fillvalue="")):
        if position % 2:
            order = _order((int(one or 0),), (int(two or 0),))
        else:
            order = _order(_letters(one), _letters(two))
        if order:
            return order
    return 0


def _runs(text: str) -> list[str]:
    """Text and numbers in turn; the first is text, empty before a leading number."""
    runs = re.findall(r"\D+|\d+", text)
    return ["", *runs] if text[:1].isdigit() else runs


def _letters(text: str) -> tuple[int, ...]:
    """``~`` before the end, the end before letters, letters before all else."""
    ranks = [-1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256 for c in text]
    return (*ranks, 0)
