"""``demarc shell``: a shell, or one command, that sees a bundle as its cluster."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import click

from analyzer.cli.errors import CommandError
from analyzer.cli.serve import end, environment, open_server


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("bundle", type=click.Path(path_type=Path))
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def shell(bundle: Path, command: tuple[str, ...]) -> int:
    """Open a shell in which kubectl reads a bundle.

    BUNDLE is an archive or a folder. With a COMMAND behind '--' that command runs alone, and its
    exit code is the one of demarc. The server ends with the shell (see 'demarc serve').

    \b
    Examples:
      demarc shell bundle.tar
      demarc shell bundle.tar -- kubectl get pods -A -o wide
      demarc shell bundle.tar -- kubectl logs -n kube-system deploy/coredns
    """
    arguments = list(command[1:] if command[:1] == ("--",) else command) or _own_shell()
    program = shutil.which(arguments[0])
    if program is None:
        hint = "kubectl has to be installed beside demarc" if arguments[0] == "kubectl" else ""
        raise CommandError(f"there is no program '{arguments[0]}' here", hint)
    with open_server(bundle) as server:
        server.start()
        variables = os.environ | environment(server)
        if not command:
            click.echo(f"kubectl reads {bundle.name} here, read-only; 'exit' ends it.", err=True)
        signal.signal(signal.SIGTERM, end)
        return _wait(subprocess.Popen([program, *arguments[1:]], env=variables))


def _wait(child: subprocess.Popen[bytes]) -> int:
    """Return the exit code of the program in front; Ctrl-C is for it, which got it too."""
    try:
        while True:
            try:
                code = child.wait()
                return code if code >= 0 else 128 - code
            except KeyboardInterrupt:
                continue
    finally:
        if child.poll() is None:
            child.terminate()


def _own_shell() -> list[str]:
    if os.name == "nt":
        return [os.environ.get("COMSPEC", "cmd.exe")]
    return [os.environ.get("SHELL") or "/bin/sh"]
