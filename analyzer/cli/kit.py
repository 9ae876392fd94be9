"""``demarc kit``: the collector as one file to carry into an air-gapped site."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from analyzer.cli.files import write_all
from analyzer.version import VERSION

TOP = "demarc-collector"


@click.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default="demarc-collector.tar.gz",
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Replace an existing file.")
def kit(output: Path, force: bool) -> None:
    """Pack the collector to carry it in: scripts, manifests, a page for the approver, checksums.

    The kit needs no Python where it is unpacked: a POSIX shell and kubectl will do.

    \b
    Examples:
      demarc kit
      demarc kit -o /media/usb/demarc-collector.tar.gz --force
    """
    write_all({output: pack_kit()}, force=force)
    click.echo(f"wrote {output}")
    click.echo(f"  unpack it on the jump host and run: sh {TOP}/collect.sh --help")


def pack_kit() -> bytes:
    """The kit's bytes; the same ones every time."""
    members = sorted(_members(files("collectors"), ""))
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in members)
    members += [("SHA256SUMS", sums.encode()), ("VERSION", f"{VERSION}\n".encode())]
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in sorted(members):
            entry = tarfile.TarInfo(f"{TOP}/{name}")
            entry.size = len(data)
            entry.mode = 0o755 if name.endswith(".sh") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), mtime=0)


def _members(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _members(entry, f"{name}/")
        elif entry.is_file() and not entry.name.endswith((".py", ".pyc")):
            yield name, entry.read_bytes()
