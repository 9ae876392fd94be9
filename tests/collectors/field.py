"""A cluster to collect from, the server in front of it, and ways to run collect.sh against it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .apiserver import ApiServer
from .canaries import MARK, TEXTS
from .cluster import Cluster, Object
from .conftest import COLLECTORS, SHORT_WAITS
from .host import POISON, make_host
from .kubectls import plain
from .simulated import SimulatedNode, SimulatedNodes

IMAGE = "mcr.microsoft.com/cnm:1"


def container_pod(
    name: str, namespace: str, node: str, image: str = IMAGE, ready: bool = True, restarts: int = 0
) -> Object:
    """A pod with one container and all that the collector looks at."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "ownerReferences": [{"kind": "DaemonSet", "name": name.rsplit("-", 1)[0]}],
        },
        "spec": {
            "nodeName": node,
            "containers": [
                {"name": "main", "image": image, "env": [{"name": "DB_PASSWORD", "value": MARK}]}
            ],
        },
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {
                    "name": "main",
                    "ready": ready,
                    "restartCount": restarts,
                    "image": image,
                    "state": {"running": {"startedAt": "x"}},
                }
            ],
        },
    }


def _files_of(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in archive:
        content = archive.extractfile(member)
        if content is not None:
            yield member.name, content.read()


class Field:
    """A cluster with nodes, the server in front of it, and a way to run collect.sh against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster()
        self.host_root = make_host(folder / "host")
        self.server = ApiServer(self.cluster)
        self.nodes: list[SimulatedNode] = []
        for namespace in ("kube-system", "shop"):
            self.cluster.add(
                "configmaps",
                {
                    "data": {"x": TEXTS["account key"], "plain": "p"},
                    "metadata": {"name": "c", "namespace": namespace},
                },
            )
            self.cluster.add(
                "secrets", {"data": {"x": MARK}, "metadata": {"name": "s", "namespace": namespace}}
            )
        self.cluster.logs = lambda ns, pod, container, previous: (
            f"2026-01-01T00:00:00Z {ns} {pod} {previous}\n{POISON}"
        )
        self.cluster.kubelet = self.kubelet

    def kubelet(self, node: str, what: str) -> str | None:
        """configz, stats and healthz; nothing of /var/log unless a test says otherwise."""
        return {
            "healthz": "ok",
            "configz": '{"kubeletconfig":{}}',
            "stats/summary": '{"node":{}}',
        }.get(what)

    def add_nodes(self, *names: str, forbid_pods: bool = False, **settings: Any) -> None:
        """Nodes with one managed pod each, whose image the node holds."""
        made = [
            SimulatedNode(name, self.folder / f"volume-{name}", self.host_root, **settings)
            for name in names
        ]
        self.nodes += made
        SimulatedNodes(self.cluster, self.nodes, forbid_pods) if len(self.nodes) == len(
            made
        ) else None
        for name in names:
            self.cluster.add("pods", container_pod(f"cnm-{name}", "kube-system", name))

    def command(self, shell: tuple[str, ...], *args: str) -> list[str]:
        """The command line, with short waits."""
        config = self.server.kubeconfig(self.folder / "kubeconfig")
        return [
            *shell,
            str(COLLECTORS / "collect.sh"),
            "--kubeconfig",
            str(config),
            "--out",
            str(self.folder / "out"),
            "--qps",
            "1000",
            *args,
        ]

    def env(self, **more: str) -> dict[str, str]:
        """No cache of an earlier server, short waits."""
        return (
            os.environ
            | {
                "KUBECACHEDIR": str(self.folder / "cache"),
                "KUBECTL": str(plain()),
                "POLL_S": "0.2",
                "API_RETRY_S": "0",
                "START_TIMEOUT_S": "2",
                "FETCH_RETRY_S": "0.1",
                "CALL_TIMEOUT_S": "15",
                "NS_POLL_S": "0.1",
                "NS_GONE_S": "20",
                "FORCE_AFTER_S": "1",
            }
            | SHORT_WAITS
            | more
        )

    def run(
        self, shell: tuple[str, ...], *args: str, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        return subprocess.run(
            self.command(shell, *args),
            env=self.env(**env),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def bundle(self) -> dict[str, bytes]:
        """All files of the one bundle, nested archives opened; order kept."""
        path = next((self.folder / "out").glob("*.tar"))
        found: dict[str, bytes] = {}
        with tarfile.open(path) as outer:
            for member in outer:
                name = member.name.removeprefix(path.stem + "/")
                content = outer.extractfile(member)
                assert content is not None
                data = found[name] = content.read()
                if name.endswith(".tar.gz"):
                    with tarfile.open(fileobj=io.BytesIO(data)) as inner:
                        part = name.removesuffix(".tar.gz")
                        found |= {f"{part}/{name}": data for name, data in _files_of(inner)}
        return found

    def left_behind(self) -> list[str]:
        """Namespaces that the collector made and did not remove."""
        return [
            o["metadata"]["name"]
            for o in self.cluster.objects[("", "namespaces")]
            if o["metadata"]["name"].startswith("demarc")
        ]


def manifest_of(files: dict[str, bytes]) -> dict[str, Any]:
    """The bundle's manifest."""
    manifest: dict[str, Any] = json.loads(files["manifest.json"])
    return manifest


def wait_for(folder: Path, pattern: str, seconds: float = 60) -> Path:
    """The first file that matches, as soon as there is one."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for path in folder.glob(pattern):
            return path
        time.sleep(0.1)
    raise AssertionError(f"{pattern} did not appear in {folder}")
