"""The command line. Only here: click, the environment, the clock, the terminal, exit codes.

Commands are imported when they are called, so that ``demarc --version`` starts at once.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.cli import interrupt
from analyzer.cli.exits import Exit
from analyzer.version import VERSION

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

#: Command → module and attribute, and the sentence of the overview.
COMMANDS = {
    "analyze": ("analyzer.cli.analyze:analyze", "Say whose problem it is, and who acts next."),
    "ticket": ("analyzer.cli.ticket:ticket", "Pack what a support case needs, under its limit."),
    "diff": ("analyzer.cli.diff:diff", "Compare two states of a cluster."),
    "inspect": ("analyzer.cli.inspect:inspect", "Show what a bundle holds and what is missing."),
    "serve": ("analyzer.cli.serve:serve", "Serve a bundle as a read-only Kubernetes API."),
    "shell": ("analyzer.cli.shell:shell", "Open a shell in which kubectl reads a bundle."),
    "verify": ("analyzer.cli.verify:verify", "Check a bundle: its sums, and its signature."),
    "seal": ("analyzer.cli.seal:seal", "Encrypt a bundle for transport."),
    "unseal": ("analyzer.cli.seal:unseal", "Open a bundle that was sealed for transport."),
    "redact": ("analyzer.cli.redact:redact", "Copy a bundle without secrets and names."),
    "unmask": ("analyzer.cli.unmask:unmask", "Put the names back into a redacted bundle's report."),
    "explain": ("analyzer.cli.explain:explain", "Explain a rule, a clause, a component or a bug."),
    "list": ("analyzer.cli.catalogues:list_", "List the rules, clauses, components or bugs."),
    "baseline": ("analyzer.cli.baseline:baseline", "Show the expected state; check your own data."),
    "cves": ("analyzer.cli.cves:cves", "Cut scanners' CVE lists to what support accepts."),
    "fleet": ("analyzer.cli.fleet:fleet", "Analyse many bundles; ask all of them."),
    "collect": ("analyzer.cli.collect:collect", "Run the collector from this machine."),
    "kit": ("analyzer.cli.kit:kit", "Pack the collector to carry it in."),
    "schema": ("analyzer.cli.schema:schema", "Print the JSON Schema of the JSON report."),
    "config": ("analyzer.cli.config:config", "Show every setting and where it comes from."),
}
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        from analyzer.cli.adapt import adapt

        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return adapt(command, (cmd_name,))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a wrong name."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(COMMANDS)}."
            raise click.UsageError(f"There is no command '{name}'. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names and sentences of the commands, without importing them."""
        from click.shell_completion import CompletionItem

        items = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return items + click.Command.shell_complete(self, ctx, incomplete)


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(VERSION, prog_name="demarc")
@click.option("--no-color", is_flag=True, help="No colour (also with NO_COLOR set).")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    envvar="DEMARC_CONFIG",
    metavar="FILE",
    help="Config file (default: .demarc.yaml of this folder, else of the home folder).",
)
@click.option("--no-config", is_flag=True, help="Read no config file.")
@click.option("-v", "--verbose", count=True, help="Stages with times; twice: tracebacks too.")
@click.pass_context
def demarc(
    ctx: click.Context, no_color: bool, config_file: Path | None, no_config: bool, verbose: int
) -> None:
    """Whose problem is it, and who acts next?

    Reads a diagnostics bundle of an AKS cluster, offline, and says for every finding whether it is
    Microsoft's, the customer's, an upstream bug, or excluded under BYOCNI, with the evidence.

    \b
    Examples:
      demarc analyze demarc-prod-20260301T120000Z.tar
      demarc inspect ./bundle-folder
      demarc explain AKS-NODE-001
    """
    import os

    from analyzer.cli import verbosity
    from analyzer.cli.config_file import Settings, find, load

    verbosity.raise_to(verbose)
    path = None if no_config else find(config_file)
    settings = load(path, demarc, ctx) if path is not None else Settings()
    ctx.obj = settings
    ctx.default_map = dict(settings.default_map)
    no_colour = no_color or bool(ctx.default_map.get("no_color"))
    if no_colour or os.environ.get("NO_COLOR") or os.environ.get("DEMARC_NO_COLOR"):
        ctx.color = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    interrupt.watch()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; no exception leaves it."""
    from analyzer.cli import verbosity

    verbosity.reset()
    try:
        result: Any = demarc.main(arguments, prog_name="demarc", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else Exit.DONE
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _interrupted()
    except click.ClickException as error:
        from analyzer.cli.errors import show

        show(error)
        return error.exit_code
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:
        if interrupt.seen():
            return _interrupted()
        from analyzer.cli.errors import report_error

        return report_error(error, arguments)


def _interrupted() -> int:
    click.echo("interrupted", err=True)
    return Exit.INTERRUPTED


def _reader_gone() -> int:
    """Whoever read the output (``head``) has enough: the rest goes nowhere, without a complaint."""
    import os

    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return Exit.DONE


interrupt.end_quietly_in_workers()
