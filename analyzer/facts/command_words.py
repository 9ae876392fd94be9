"""Names from a bundle inside commands that readers copy: only those that a shell takes as they are.

A bundle may come from anywhere; a name with a blank or a semicolon would be a command of its own.
"""

from __future__ import annotations

import re

#: Names of Kubernetes and Azure objects, labels and taints: ``key=value:NoSchedule``.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=@-]{0,252}\Z")


def plain(*names: object) -> bool:
    """True where each of the names is one plain word of a command line."""
    return all(_PLAIN.match(str(name)) is not None for name in names)
