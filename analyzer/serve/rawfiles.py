"""Files of the bundle, as they are but for masked secrets: of the nodes, and of the kubelets.

``/demarc/nodes/<node>/<path>`` (a path that is a folder gives its names, one a line), and the paths
of the API server's node proxy that the collector asked for.
"""

from __future__ import annotations

from analyzer.redact.secrets import mask_bytes
from analyzer.serve.status import ApiError, not_collected
from analyzer.serve.store import Store

#: A larger file is cut here; what is beyond is read from the bundle itself.
MAX_BYTES = 64 * 1024 * 1024
_PROXY = {
    "configz": "configz.json",
    "stats/summary": "stats-summary.json",
    "healthz": "healthz.txt",
}


class RawFiles:
    """Reads single files of a bundle."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def proxied(self, node: str, path: str) -> bytes:
        """Return what a kubelet answered through the node proxy.

        Raises:
            ApiError: 404, the collector did not ask for it or got no answer.
        """
        name = _PROXY.get(path.strip("/"))
        piece = self._store.files.get(f"kubelet/{node}/{name}") if name else None
        if piece is None:
            state = self._store.inventory.state(f"cluster/kubelet/{node}/{name or path}")
            raise not_collected(f'/{path} of the kubelet of node "{node}" is', state.note)
        return _masked(self._store.read(piece))

    def top(self, name: str) -> bytes:
        """Return a file of the API server's part, such as ``version.json``.

        Raises:
            ApiError: 404, the bundle does not hold it.
        """
        piece = self._store.files.get(name)
        if piece is None:
            raise not_collected(f"{name} is", self._store.inventory.state(f"cluster/{name}").note)
        return _masked(self._store.read(piece))

    def nodes(self) -> bytes:
        """Return the names of the nodes that sent an archive, one a line."""
        return "".join(f"{name}\n" for name in self._store.nodes).encode()

    def of_node(self, node: str, path: str) -> bytes:
        """Return a file of a node, or the names in a folder.

        Raises:
            ApiError: 404, the bundle does not hold it.
        """
        wanted = f"nodes/{node}/{path}".rstrip("/")
        if path:
            for member in self._store.bundle.reread([wanted]):
                found = bytearray()
                for chunk in member.chunks():
                    found += chunk
                    if len(found) >= MAX_BYTES:
                        break
                return _masked(bytes(found[:MAX_BYTES]))
        names = set()
        for member in self._store.of_node(node):
            if member.path.startswith(f"{wanted}/"):
                first, slash, _ = member.path[len(wanted) + 1 :].partition("/")
                names.add(first + slash)
        if not names:
            raise ApiError(404, f"{wanted} is not in the bundle")
        return "".join(f"{name}\n" for name in sorted(names)).encode()


def _masked(data: bytes) -> bytes:
    """Mask secrets as in every report."""
    return mask_bytes(data)[0]
