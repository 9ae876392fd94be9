"""``demarc serve``: a bundle as a read-only Kubernetes API."""

from __future__ import annotations

import contextlib
import os
import signal
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError

if TYPE_CHECKING:
    from analyzer.serve.server import BundleServer

_NEEDED = ("starlette", "uvicorn", "cryptography")


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port (default: a free one)."
)
def serve(bundle: Path, port: int) -> None:
    """Serve a bundle as a read-only Kubernetes API.

    BUNDLE is an archive or a folder. The server answers on 127.0.0.1 alone, until Ctrl-C, and to
    whoever has the token in the kubeconfig that it writes. Ages are those of the time of
    collection. What the bundle does not hold answers "not in the bundle".

    \b
    Examples:
      demarc serve demarc-prod-20260301T120000Z.tar
      demarc serve bundle.tar --port 8443
    """
    prepare_streams()
    with open_server(bundle, port) as server:
        click.echo(f"Serving {bundle.name} at {server.url}. Read-only; Ctrl-C ends it.", err=True)
        click.echo("In another terminal:", err=True)
        for name, value in environment(server).items():
            click.echo(_export(name, value))
        signal.signal(signal.SIGTERM, end)
        with contextlib.suppress(KeyboardInterrupt):
            server.run()


def open_server(bundle: Path, port: int = 0) -> BundleServer:
    """Return a server of a bundle, not yet started.

    Raises:
        CommandError: the packages that it needs are not installed.
        BundleError: the bundle cannot be read, or the port cannot be used.
    """
    absent = [name for name in _NEEDED if find_spec(name) is None]
    if absent:
        raise CommandError(
            f"this needs packages that are not installed: {', '.join(absent)}",
            "pip install 'aks-demarc[serve]'",
        )
    from analyzer.bundle import open_bundle
    from analyzer.serve.server import BundleServer

    return BundleServer(open_bundle(bundle), port)


def environment(server: BundleServer) -> dict[str, str]:
    """Return what a shell must set: the kubeconfig, and a cache that ends with the server."""
    return {"KUBECONFIG": str(server.kubeconfig), "KUBECACHEDIR": str(server.folder / "cache")}


def end(number: int, frame: FrameType | None) -> None:
    """Leave by the way on which the kubeconfig is removed."""
    raise SystemExit(128 + number)


def _export(name: str, value: str) -> str:
    if os.name == "nt":
        return f'$env:{name} = "{value}"'
    quoted = value.replace("'", "'\\''")
    return f"export {name}='{quoted}'"
