"""``demarc redact``: a copy of a bundle that can leave the house."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.cli import interrupt
from analyzer.cli.choices import quiet_option
from analyzer.cli.console import prepare_streams, progress
from analyzer.cli.errors import CommandError
from analyzer.cli.exits import Exit
from analyzer.cli.limit_option import limit_option, limits_of

if TYPE_CHECKING:
    from analyzer.redact.key import Key
    from analyzer.redact.rewrite import Summary

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class _Request:
    """What the options ask for."""

    output: Path
    key_file: Path | None
    no_key: bool
    namespaces: bool
    images: bool
    force: bool
    limits: tuple[tuple[str, float], ...]

    @property
    def key_path(self) -> Path | None:
        """Where the key is, or is to be written; None where nobody wants to keep it."""
        if self.no_key:
            return None
        return self.key_file or self.output.with_suffix(".key.json")


@click.command()
@click.argument("bundle")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.tar",
    help="The redacted bundle.",
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Key file: read if it is there, else made (default: the output's name with .key.json).",
)
@click.option("--no-key", is_flag=True, help="Keep no key: nobody can turn the names back.")
@click.option("--namespaces", is_flag=True, help="Replace the customer's namespaces too.")
@click.option("--images", is_flag=True, help="Replace the names of the customer's images too.")
@click.option("--force", is_flag=True, help="Replace an existing bundle.")
@limit_option
@quiet_option
def redact(bundle: str, quiet: bool, **chosen: object) -> int:
    """Write a copy of a bundle without secrets, with stand-ins for names and addresses.

    Secrets are masked. Addresses, hosts, nodes, cluster, subscription, resource groups, tenant,
    users, mail addresses and domains get stand-ins: the same ones in every file, and with the same
    key file in every bundle. An analysis of the copy finds the same. The key file turns the names
    of its report back ('demarc unmask'): keep it, and do not send it.

    BUNDLE is an archive, a folder, or '-' for standard input.

    \b
    Examples:
      demarc redact demarc-prod-20260301T120000Z.tar -o case-12345.tar
      demarc redact bundle.tar -o second.tar --key case-12345.key.json --namespaces
    """
    prepare_streams()
    request = _Request(**chosen)  # type: ignore[arg-type]
    _check(request)
    summary = _run(bundle, request, quiet)
    _save_key(request, summary.key)
    _tell(request, summary, quiet)
    return Exit.DONE


def _check(request: _Request) -> None:
    if request.output.suffix.lower() != ".tar":
        raise CommandError(f"{request.output}: a bundle is a plain tar archive", "name it .tar")
    if request.no_key and request.key_file is not None:
        raise CommandError("--key and --no-key exclude each other")
    if not request.output.parent.is_dir():
        folder = request.output.parent
        raise CommandError(f"there is no folder {folder}", f"mkdir {folder}")
    if request.output.is_dir():
        raise CommandError(f"{request.output} is a folder", "name a file with -o")
    if request.output.exists() and not request.force:
        raise CommandError(
            f"{request.output} is there already", "use --force, or -o with another name"
        )
    path = request.key_path
    if path is not None and path.resolve() == request.output.resolve():
        raise CommandError("the key file and the output are one file", "name another with --key")
    if path is not None and not path.parent.is_dir():
        raise CommandError(f"there is no folder {path.parent}", f"mkdir {path.parent}")


def _save_key(request: _Request, key: Key) -> None:
    """Write the key; a bundle whose key is lost is of no use to its owner, so it goes too."""
    from analyzer.redact.key import save_key

    path = request.key_path
    if path is None:
        return
    try:
        save_key(path, key)
    except OSError as error:
        request.output.unlink(missing_ok=True)
        raise CommandError(
            f"{path} cannot be written: {error.strerror}; the bundle was taken back",
            "name another place with --key, or keep none with --no-key",
        ) from error


def _key(request: _Request) -> Key:
    from analyzer.redact.key import load_key, new_key

    path = request.key_path
    return load_key(path) if path is not None and path.exists() else new_key()


def _run(bundle: str, request: _Request, quiet: bool) -> Summary:
    from analyzer.bundle import open_bundle
    from analyzer.redact.rewrite import redact_bundle

    key = _key(request)
    limits = limits_of(request.limits)
    both = bundle != "-" and Path(bundle).exists() and request.output.exists()
    if both and Path(bundle).samefile(request.output):
        raise CommandError(f"{bundle} would replace itself", "name another file with -o")
    source = sys.stdin.buffer if bundle == "-" else Path(bundle)
    opened = open_bundle(source, limits=limits)
    wishes = [name for name in ("namespaces", "images") if getattr(request, name)]
    with progress(quiet=quiet, bundle=bundle) as show:

        def step(stage: str, done: int, total: int) -> None:
            interrupt.check()
            show(stage, done, total)

        return redact_bundle(
            opened, request.output, key, limits=limits, on_request=wishes, on_step=step
        )


def _tell(request: _Request, summary: Summary, quiet: bool) -> None:
    click.echo(f"wrote {request.output} ({summary.size_bytes / _MB:,.2f} MB)")
    if quiet:
        return
    masked = sum(summary.masked.values())
    click.echo(f"  {masked:,} secrets masked, {summary.replaced:,} names and addresses replaced")
    if summary.left_out:
        shown = ", ".join(summary.left_out[:3]) + (", …" if len(summary.left_out) > 3 else "")
        click.echo(
            f"  {len(summary.left_out):,} files were left out (no text, or Secrets): {shown}"
        )
    if (path := request.key_path) is not None:
        click.echo(f"  {path} turns the names back: keep it, and do not send it")
    click.echo("  look through the bundle before you send it: no program knows every name")
