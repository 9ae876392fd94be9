"""The crash file: what a maintainer needs to see of an internal error, and no data of a cluster."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from analyzer.version import VERSION


def write_crash_file(error: Exception, arguments: list[str]) -> Path | None:
    """Write beside other temporary files and return the path; None if that is not possible."""
    text = crash_text(error, arguments, datetime.now(UTC))
    try:
        handle, name = tempfile.mkstemp(prefix="demarc-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return None
    return Path(name)


def crash_text(error: Exception, arguments: list[str], now: datetime) -> str:
    """Version, platform, command and traceback; what looks like a secret is masked."""
    from analyzer.redact.mask import mask_text

    lines = [
        f"demarc {VERSION}, Python {platform.python_version()}, {platform.platform()}",
        f"at {now:%Y-%m-%d %H:%M:%S} UTC",
        f"command: demarc {' '.join(arguments)}",
        "",
        "Names of files and of the cluster may stand below: read it before you send it.",
        "",
        "".join(traceback.format_exception(error)),
    ]
    return mask_text("\n".join(lines))
