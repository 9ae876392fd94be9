"""The command line. Only here: click, the environment, the clock, the terminal, exit codes.

Commands are imported when they are called, so that ``demarc --version`` starts at once.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from analyzer.cli.exits import Exit
from analyzer.version import VERSION

#: Command → module and attribute, and the sentence of the overview.
COMMANDS = {
    "analyze": ("analyzer.cli.analyze:analyze", "Say whose problem it is, and who acts next."),
    "inspect": ("analyzer.cli.inspect:inspect", "Show what a bundle holds and what is missing."),
    "verify": ("analyzer.cli.verify:verify", "Check a bundle against its manifest."),
    "explain": ("analyzer.cli.explain:explain", "Explain a rule, a clause, a component or a bug."),
    "list": ("analyzer.cli.catalogues:list_", "List the rules, clauses, components or bugs."),
    "baseline": ("analyzer.cli.baseline:baseline", "Show the expected state; check your own data."),
    "collect": ("analyzer.cli.collect:collect", "Run the collector from this machine."),
    "kit": ("analyzer.cli.kit:kit", "Pack the collector to carry it in."),
    "schema": ("analyzer.cli.schema:schema", "Print the JSON Schema of the JSON report."),
}
CONTEXT = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "DEMARC"}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the nearest command for a wrong name."""
        import difflib

        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"There is no command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings=CONTEXT)
@click.version_option(VERSION, prog_name="demarc")
@click.option("--no-color", is_flag=True, help="No colour (also with NO_COLOR set).")
@click.pass_context
def demarc(ctx: click.Context, no_color: bool) -> None:
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

    if no_color or os.environ.get("NO_COLOR"):
        ctx.color = False


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; no exception leaves it."""
    try:
        result: Any = demarc.main(arguments, prog_name="demarc", standalone_mode=False)
        return result if isinstance(result, int) else Exit.DONE
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return Exit.FAILED
    except BrokenPipeError:
        return Exit.DONE
    except Exception as error:
        from analyzer.cli.errors import report_unexpected

        return report_unexpected(error, arguments)
