"""Reports to files: opened only when there is something to write, and never half written."""

from __future__ import annotations

import os
from pathlib import Path

from analyzer.cli.errors import CommandError
from analyzer.model.diagnosis import Diagnosis

FORMATS = ["json", "md", "text", "html"]
_BY_SUFFIX = {".html": "html", ".htm": "html", ".json": "json", ".md": "md", ".txt": "text"}


def suffix_format(path: Path) -> str | None:
    """The format that a file name asks for, or None."""
    return _BY_SUFFIX.get(path.suffix.lower())


def render_as(format_: str, diagnosis: Diagnosis) -> str:
    """Render in one format; each is a function of the same diagnosis."""
    from analyzer.render.view import build_view

    if format_ == "json":
        from analyzer.render.json import render_json

        return render_json(diagnosis)
    if format_ == "html":
        from analyzer.render.html import render_html

        return render_html(build_view(diagnosis))
    if format_ == "md":
        from analyzer.render.markdown import render_summary

        return render_summary(build_view(diagnosis)) + "\n"
    return _as_text(diagnosis)


def _as_text(diagnosis: Diagnosis) -> str:
    import io

    from rich.console import Console

    from analyzer.render.terminal import print_summary
    from analyzer.render.view import build_view

    console = Console(file=io.StringIO(), width=100, no_color=True, force_terminal=False)
    print_summary(build_view(diagnosis), console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def write_file(path: Path, text: str, *, force: bool) -> None:
    """Write a text as UTF-8; see :func:`write_bytes`."""
    write_bytes(path, text.encode("utf-8"), force=force)


def write_bytes(path: Path, data: bytes, *, force: bool) -> None:
    """Write beside the target and rename; the same content twice is no conflict.

    Raises:
        CommandError: another content stands there already, or the folder cannot be written to.
    """
    try:
        if path.is_file() and path.read_bytes() == data:
            return
        if path.exists() and not force:
            raise CommandError(
                f"{path} is there already, with other content",
                "use --force, or -o with another name",
            )
        half = path.with_name(f".{path.name}.{os.getpid()}")  # the umask decides who may read it
        half.write_bytes(data)
        half.replace(path)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
