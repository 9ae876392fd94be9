"""Bugs whose sign is that a pod got no address: the same sign as that of a full subnet.

Such a line alone does not tell a leak from a range that is used up; a second sign of the bug, or a
stated version of the allocator itself, does.
"""

from __future__ import annotations

import re

from analyzer.bugs import Bug, BugSighting
from analyzer.bugs.schema import Signature, Use

#: Lines of allocators without a free address, as the examples of the bugs' signatures have them.
_LACK = re.compile(
    r"not enough IPs available|No available address|no IP addresses available|"
    r"No more IPs available|Assigned 0 out of|SubnetFull"
)


def tells_of_lack(bug: Bug) -> bool:
    """True for a bug of which one of the signs is the lack of an address."""
    return any(_is_lack(signature) for signature in bug.signatures)


def is_only_lack_of_addresses(sighting: BugSighting) -> bool:
    """True where that sign alone was seen of a bug that needs another one beside it."""
    bug = sighting.bug
    if bug.use is not Use.CORROBORATE or not tells_of_lack(bug):
        return False
    others = [s.regex for s in bug.signatures if s.regex is not None and not _is_lack(s)]
    lines = [ref.excerpt or "" for ref in sighting.evidence]
    return not any(re.search(regex, line) for regex in others for line in lines)


def _is_lack(signature: Signature) -> bool:
    return _LACK.search(signature.example or "") is not None
