"""Last words of a program, or answers of a probe, that point at name resolution."""

from __future__ import annotations

import re

#: Go's resolver (``lookup NAME on SERVER:53: …``), glibc and musl (``getaddrinfo``), Node.js
#: (``EAI_AGAIN``) and the JVM (``UnknownHostException``).
NAMES_FAIL = re.compile(
    r"lookup \S+ on \S+:53: |no such host|[Nn]ame resolution|Name or service not known|"
    r"getaddrinfo|EAI_AGAIN|UnknownHostException"
)
