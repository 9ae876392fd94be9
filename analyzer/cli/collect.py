"""``demarc collect``: the packaged collector, run by the system's shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import as_file, files

import click

from analyzer.cli.errors import CommandError
from analyzer.version import VERSION


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def collect(arguments: tuple[str, ...]) -> int:
    """Run the collector from this machine; needs kubectl and a POSIX shell.

    All options go to the collector as they are; 'demarc collect --help' shows them.

    \b
    Examples:
      demarc collect --dry-run
      demarc collect --context prod --out .
    """
    shell = shutil.which("sh")
    if shell is None:
        hint = "run it where there is one (WSL, a jump host), or carry the kit: demarc kit --help"
        raise CommandError("there is no POSIX shell (sh) on this machine", hint)
    environment = os.environ | {"COLLECTOR_VERSION": VERSION}
    with as_file(files("collectors")) as folder:
        command = [shell, str(folder / "collect.sh"), *arguments]
        return subprocess.run(command, env=environment, check=False).returncode
