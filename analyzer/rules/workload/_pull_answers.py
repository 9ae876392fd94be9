"""What a registry (or the way to it) answered, read from the error of a pull.

The forms are those of containerd's resolver (``failed to pull and unpack image …``), of the
kubelet's image manager, and of the registries themselves (distribution specification, Docker Hub,
ACR).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Effects that leave an image unpulled because nothing comes back to the node.
NO_WAY_OUT = frozenset(
    {
        "image-pull-fails",
        "no-egress",
        "no-dns",
        "no-pod-network",
        "packets-dropped",
        "kernel-stalls",
    }
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How it looks, how a reader is told, and what it can be a symptom of."""

    looks: re.Pattern[str]
    says: str
    effects: frozenset[str]
    of_registry: bool = True
    #: The registry says that it cannot or will not serve, whatever is asked of it.
    fails_itself: bool = False


def _answer(
    looks: str,
    says: str,
    effects: frozenset[str],
    *,
    of_registry: bool = True,
    fails_itself: bool = False,
) -> Answer:
    return Answer(re.compile(looks), says, effects, of_registry, fails_itself)


NOTHING: frozenset[str] = frozenset()

#: In this order: a failure of the transport also stands in texts that begin with "failed to
#: authorize".
ANSWERS = (
    _answer(
        r"i/o timeout|TLS handshake timeout|Client\.Timeout exceeded|"
        r"connect: (?:connection refused|no route to host|network is unreachable)|"
        r"connection reset by peer|no such host|"
        r"server misbehaving|Temporary failure in name resolution|: EOF$|context deadline exceeded",
        "the registry does not answer",
        NO_WAY_OUT,
        of_registry=False,
    ),
    _answer(
        r"x509: |tls: failed to verify|server gave HTTP response to HTTPS client",
        "the registry's certificate is not accepted",
        frozenset({"image-pull-fails", "no-egress"}),
        of_registry=False,
    ),
    _answer(
        r"no space left on device",
        "the node's disk is full",
        frozenset({"node-overloaded"}),
        of_registry=False,
    ),
    _answer(
        r"toomanyrequests|429 Too Many Requests",
        "the registry limits the number of pulls",
        NOTHING,
        fails_itself=True,
    ),
    _answer(
        r"schema ?(?:version )?1\b.{0,80}(?:support|deprecat|remov)|schema1",
        "the image has a format that the runtime no longer reads",
        frozenset({"pods-not-running"}),
    ),
    _answer(
        r"no match for platform|exec format error",
        "there is no image for the node's platform",
        NOTHING,
    ),
    _answer(
        r"40[13] (?:Unauthorized|Forbidden)|[Uu]nauthorized|[Ff]orbidden|access denied|\bdenied:|"
        r"authentication required|authorization failed|failed to authorize|not allowed access",
        "the registry refuses it",
        NOTHING,
    ),
    _answer(
        r"not found|404 Not Found|manifest unknown|InvalidImageName|couldn't parse image|"
        r"invalid reference format|does not exist",
        "the registry has no such image",
        NOTHING,
    ),
    _answer(
        r"\b50[0234] |Service Unavailable|Bad Gateway",
        "the registry fails itself",
        NOTHING,
        fails_itself=True,
    ),
)
UNKNOWN = Answer(
    re.compile(""), "the answer is not shown", frozenset({"image-pull-fails", "no-egress"}), False
)


def answer_in(text: str) -> Answer:
    """The answer that a pull error tells, or that it tells none."""
    return next((answer for answer in ANSWERS if answer.looks.search(text)), UNKNOWN)
