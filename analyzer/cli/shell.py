"""``demarc shell``: a shell, or one command, that sees a bundle as its cluster."""

from __future__ import annotations

import os
import shutil
import subprocess

import click

from analyzer.cli.errors import CommandError
from analyzer.cli.running import STDIN
from analyzer.cli.serve import end_in_order, environment, open_server


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("words", metavar="BUNDLE... [-- COMMAND...]", nargs=-1, required=True,
                type=click.UNPROCESSED)  # fmt: skip
def shell(words: tuple[str, ...]) -> int:
    """Open a shell in which kubectl and helm read a bundle.

    BUNDLE is all that 'demarc analyze' takes, standard input excepted; several inputs of one
    cluster are read together. With a COMMAND behind '--' that command runs alone, and its exit
    code is the one of demarc. The server ends with the shell (see 'demarc serve').

    \b
    Examples:
      demarc shell bundle.tar
      demarc shell bundle.tar -- kubectl get pods -A -o wide
      demarc shell bundle.tar -- kubectl logs -n kube-system deploy/coredns
      demarc shell dump/ node-logs.zip -- helm list -A
    """
    bundles, command = _split(words)
    arguments = list(command) or _own_shell()
    program = shutil.which(arguments[0])
    if program is None:
        known = arguments[0] in ("kubectl", "helm")
        hint = f"{arguments[0]} has to be installed beside demarc" if known else ""
        raise CommandError(f"there is no program '{arguments[0]}' here", hint)
    end_in_order()
    with open_server(bundles) as server:
        server.start()
        variables = os.environ | environment(server)
        if not command:
            click.echo(f"kubectl reads {server.name} here, read-only; 'exit' ends it.", err=True)
        return _wait(subprocess.Popen([program, *arguments[1:]], env=variables))


def _split(words: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Part the inputs from the command behind ``--``.

    Raises:
        CommandError: there is no input, or one that a shell cannot have.
    """
    at = words.index("--") if "--" in words else len(words)
    bundles, command = list(words[:at]), list(words[at + 1 :])
    if not bundles:
        raise CommandError("no bundle is named", "demarc shell BUNDLE -- COMMAND")
    if STDIN in bundles:
        raise CommandError("standard input is the shell's own here", "name the bundle by a path")
    return bundles, command


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
