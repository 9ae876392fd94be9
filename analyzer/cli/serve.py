"""``demarc serve``: a bundle as a read-only Kubernetes API."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from types import FrameType
from typing import TYPE_CHECKING

import click

from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError
from analyzer.cli.limit_option import limit_option, limits_of
from analyzer.cli.running import STDIN, sources_of

if TYPE_CHECKING:
    from analyzer.serve.server import BundleServer

_NEEDED = ("starlette", "uvicorn", "cryptography")


@click.command()
@click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port (default: a free one)."
)
@limit_option
def serve(bundles: tuple[str, ...], port: int, limits: tuple[tuple[str, float], ...]) -> None:
    """Serve a bundle as a read-only Kubernetes API.

    BUNDLE is all that 'demarc analyze' takes: an archive, a folder, '-' for standard input, what
    other tools wrote; several inputs of one cluster are read together. The server answers on
    127.0.0.1 alone, until Ctrl-C, and to whoever has the token in the kubeconfig that it writes.
    Ages are those of the time of collection. What the bundle does not hold answers "not in the
    bundle". Secrets in texts are masked as in a report.

    \b
    Examples:
      demarc serve demarc-prod-20260301T120000Z.tar
      demarc serve bundle.tar --port 8443
      demarc serve dump/ node-logs.zip managed-cluster.json
    """
    prepare_streams()
    # From here on every end is one on which the kubeconfig is removed.
    end_in_order()
    with contextlib.suppress(KeyboardInterrupt), open_server(bundles, port, limits) as server:
        click.echo(f"Serving {server.name} at {server.url}. Read-only; Ctrl-C ends it.", err=True)
        click.echo("In another terminal:", err=True)
        for name, value in environment(server).items():
            click.echo(_export(name, value))
        server.run()


def end_in_order() -> None:
    """Make SIGTERM, and SIGHUP where there is one, leave by the way that Ctrl-C takes."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None:
            signal.signal(number, end)


def open_server(
    bundles: Sequence[str], port: int = 0, limits: Iterable[tuple[str, float]] = ()
) -> BundleServer:
    """Return a server of one input or several, not yet started.

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

    name = "standard-input.tar" if list(bundles) == [STDIN] else None
    chosen = limits_of(limits)
    return BundleServer(open_bundle(sources_of(bundles), limits=chosen, name=name), port, chosen)


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
