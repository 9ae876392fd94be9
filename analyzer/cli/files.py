"""Output files: all of them or none, and never one that is half written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from analyzer.cli import interrupt
from analyzer.cli.errors import CommandError


def write_all(files: Mapping[Path, bytes], *, force: bool) -> None:
    """Write every file beside its target, then rename them all.

    The same content twice is no conflict. Whatever interrupts it, no half-written file stays.

    Raises:
        CommandError: another content stands there already, or a folder cannot be written to.
    """
    interrupt.check()
    todo = {path: data for path, data in files.items() if not _there_already(path, data, force)}
    halves: dict[Path, Path] = {}
    try:
        for path, data in todo.items():
            half = path.with_name(f".{path.name}.{os.getpid()}")
            halves[path] = half
            half.write_bytes(data)  # the umask decides who may read it
        for path, half in halves.items():
            half.replace(path)
    except OSError as error:
        name = error.filename or "the output"
        raise CommandError(
            f"{name} cannot be written: {error.strerror}", "name another place with -o"
        ) from None
    finally:
        for half in halves.values():
            half.unlink(missing_ok=True)


def _there_already(path: Path, data: bytes, force: bool) -> bool:
    try:
        if path.is_dir():
            raise CommandError(f"{path} is a folder", "name a file with -o")
        if not path.exists():
            if not path.parent.is_dir():
                raise CommandError(f"there is no folder {path.parent}", f"mkdir {path.parent}")
            return False
        if path.is_file() and path.read_bytes() == data:
            return True
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from None
    if not force:
        raise CommandError(
            f"{path} is there already, with other content",
            "use --force, or -o with another name",
        )
    return False
