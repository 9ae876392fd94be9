"""Reports to files: opened only when there is something to write, and never half written."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli.errors import CommandError
from analyzer.model.diagnosis import Diagnosis

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from analyzer.render.run import Run

FORMATS = ["json", "md", "text", "html", "sarif", "junit"]
_BY_SUFFIX = {
    ".html": "html", ".htm": "html", ".json": "json", ".md": "md", ".txt": "text",
    ".sarif": "sarif", ".xml": "junit",
}  # fmt: skip
#: Options that change what a report says, by the name of the parameter.
_TOLD = {
    "min_severity": "--min-severity",
    "owners": "--owner",
    "policy": "--policy",
    "data_dirs": "--data",
}


def suffix_format(path: Path) -> str | None:
    """The format that a file name asks for, or None."""
    return _BY_SUFFIX.get(path.suffix.lower())


def render_as(format_: str, diagnosis: Diagnosis) -> str:
    """Render in one format; each is a function of the same diagnosis.

    HTML, JSON and Markdown also name the options of the command that is running, if one is.
    """
    from analyzer.render.view import build_view

    if format_ == "json":
        from analyzer.render.json import render_json

        return render_json(_with_run(diagnosis, _this_run()))
    if format_ == "html":
        from analyzer.render.html import render_html

        return render_html(build_view(diagnosis, _this_run()))
    if format_ == "md":
        from analyzer.render.markdown import render_markdown

        return render_markdown(build_view(diagnosis, _this_run()))
    if format_ == "sarif":
        from analyzer.render.sarif import render_sarif

        return render_sarif(build_view(diagnosis))
    if format_ == "junit":
        from analyzer.render.junit import render_junit

        return render_junit(build_view(diagnosis))
    return _as_text(diagnosis)


def _with_run(diagnosis: Diagnosis, run: Run) -> Diagnosis:
    tool = diagnosis.tool.model_copy(update={"arguments": run.arguments, "commit": run.commit})
    return diagnosis.model_copy(update={"tool": tool})


def _this_run() -> Run:
    """What the running command tells of itself; options at their defaults are left out."""
    from analyzer.render.run import Run

    context = click.get_current_context(silent=True)
    chosen = context.params if context is not None else {}
    defaults = {p.name: p.default for p in context.command.params} if context is not None else {}
    return Run(
        arguments=tuple(
            text
            for name, option in _TOLD.items()
            if chosen.get(name) and chosen[name] != defaults.get(name)
            for text in _option(option, chosen[name])
        ),
        commit=_commit(),
        # Folders, or the inside of packs: both can be walked.
        baselines_sha256=_baselines_digest(tuple(chosen.get("data_dirs") or ())),
    )


def _option(option: str, value: object) -> list[str]:
    """``--owner customer``; of a folder only its name, for the way to it tells of the machine."""
    values = value if isinstance(value, list | tuple) else [value]
    return [f"{option} {getattr(v, 'name', v)}" for v in values]


def _commit() -> str:
    """The commit that was installed, where the installer wrote it down.

    See https://packaging.python.org/en/latest/specifications/direct-url/.
    """
    from importlib import metadata

    try:
        origin = json.loads(metadata.distribution("aks-demarc").read_text("direct_url.json") or "")
        return str(origin["vcs_info"]["commit_id"])[:12]
    except (metadata.PackageNotFoundError, ValueError, KeyError, TypeError):
        return ""


def _baselines_digest(folders: tuple[Traversable, ...]) -> str:
    """SHA-256 over the names and contents of the baseline files in use, in the order of names."""
    from importlib import resources

    files = _files(resources.files("analyzer.baselines").joinpath("data"))
    for folder in folders:
        own = _files(folder.joinpath("baselines"))
        files |= {f"own/{name}": content for name, content in own.items()}
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _files(place: Traversable) -> dict[str, bytes]:
    """Contents of the YAML files at and below a folder, by their names from there."""
    if not place.is_dir():
        return {}
    found: dict[str, bytes] = {}
    for entry in place.iterdir():
        if entry.is_dir():
            found |= {f"{entry.name}/{n}": c for n, c in _files(entry).items()}
        elif entry.name.endswith((".yaml", ".yml")):
            found[entry.name] = entry.read_bytes()
    return found


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
