"""The server of one bundle: a port on loopback, a throw-away kubeconfig, and an orderly end."""

from __future__ import annotations

import base64
import json
import secrets
import socket
import tempfile
import threading
from pathlib import Path

import uvicorn

from analyzer.bundle import Bundle, BundleError
from analyzer.bundle.limits import DEFAULT_LIMITS, Limits
from analyzer.serve.api import Api
from analyzer.serve.app import make_app
from analyzer.serve.certificate import KeyPair, make_key_pair
from analyzer.serve.store import Store

ADDRESS = "127.0.0.1"
#: Seconds for the server to come up in its thread; it takes some hundredths.
_START_SECONDS = 10.0


class BundleServer:
    """Serves one bundle until it is closed. Use it as a context manager.

    ``folder`` is the throw-away folder with the kubeconfig; it goes when the server is closed.
    """

    def __init__(self, bundle: Bundle, port: int = 0, limits: Limits = DEFAULT_LIMITS) -> None:
        """Take the port (0: any that is free) and write the kubeconfig.

        Raises:
            BundleError: the port cannot be had.
        """
        self.name = bundle.name
        self._socket = _bound(port, bundle.name)
        self.port = int(self._socket.getsockname()[1])
        self._folder = tempfile.TemporaryDirectory(prefix="demarc-serve-")
        self.folder = Path(self._folder.name)
        self.kubeconfig = self.folder / "kubeconfig"
        self.token = secrets.token_urlsafe(32)
        self._store = Store(bundle, limits)
        pair = make_key_pair(ADDRESS)
        self._write_kubeconfig(bundle, pair)
        self._server = uvicorn.Server(self._config(pair))

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"https://{ADDRESS}:{self.port}"

    def __enter__(self) -> BundleServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self) -> None:
        """Serve in this thread until it is interrupted."""
        self._store.start()
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a thread of its own; returns when requests are answered.

        Raises:
            BundleError: the server did not come up.
        """
        self._store.start()
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        self._thread.start()
        waiting = threading.Event()
        for _ in range(int(_START_SECONDS / 0.01)):
            if self._server.started:
                return
            waiting.wait(0.01)
        raise BundleError("the server did not start", self._store.bundle.name)

    def close(self) -> None:
        """End open watches, stop, and remove the kubeconfig."""
        self._server.should_exit = True
        thread: threading.Thread | None = getattr(self, "_thread", None)
        if thread is not None:
            thread.join(timeout=5)
        self._socket.close()
        self._store.close()
        self._folder.cleanup()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def _config(self, pair: KeyPair) -> uvicorn.Config:
        """The settings of the server. The key lies in a file only while it is read."""
        app = make_app(Api(self._store), self.token, lambda: self._server.should_exit)
        certificate, key = self.folder / "tls.crt", self.folder / "tls.key"
        certificate.write_bytes(pair.certificate)
        key.touch(mode=0o600)
        key.write_bytes(pair.key)
        config = uvicorn.Config(
            app,
            log_level="critical",
            access_log=False,
            lifespan="off",
            ws="none",
            http="h11",
            loop="asyncio",
            server_header=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=certificate,
            ssl_keyfile=str(key),
        )
        config.load()
        key.unlink()
        certificate.unlink()
        return config

    def _write_kubeconfig(self, bundle: Bundle, pair: KeyPair) -> None:
        manifest = bundle.manifest
        cluster = (manifest.cluster.name if manifest else "") or "bundle"
        name = f"{cluster} (bundle)"
        authority = base64.b64encode(pair.certificate).decode("ascii")
        # JSON is YAML: no name of a cluster can break out of its place
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": name,
                    "cluster": {"server": self.url, "certificate-authority-data": authority},
                }
            ],
            "users": [{"name": "bundle-reader", "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": "bundle-reader"}}],
            "current-context": name,
        }
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _bound(port: int, name: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.bind((ADDRESS, port))
    except OSError as error:
        found.close()
        raise BundleError(f"port {port} cannot be used: {error.strerror}", name) from error
    return found
