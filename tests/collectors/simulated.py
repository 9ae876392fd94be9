"""Simulated nodes for the API server: a DaemonSet starts the real node script for each of them.

A node has a host root, images that it holds and a folder that stands for the pod's volume. The
scripts that run are those of the ConfigMap that was created, in the environment of the pod.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .cluster import Cluster, Kind, Object

LOCAL_PROBES = {
    "IMDS_URL": "http://127.0.0.1:1/metadata",
    "EGRESS_TARGETS": "localhost:1",
    "KUBELET_HEALTHZ": "http://127.0.0.1:1/healthz",
    "KUBERNETES_SERVICE_HOST": "127.0.0.1",
    "KUBERNETES_SERVICE_PORT": "1",
    "ITEM_MAX_S": "5",
}
"""Where the node script may connect to in tests: nowhere but loopback, where nothing listens."""


LIGHT = "probes/*,network/*,containerd/*,kubelet/*,cni/*,azure/*,host/packages,host/sysctl"
"""Left out where a test is about the run and not about what a node says."""

FULL = "probes/dns.json"
"""All items but the one that would ask name servers."""


@dataclass
class SimulatedNode:
    """One node: what it holds, and what has become of its pod."""

    name: str
    volume: Path
    host_root: Path
    images: tuple[str, ...] = ("mcr.microsoft.com/cnm:1",)
    os: str = "linux"
    arch: str = "amd64"
    pool: str = "work"
    ready: bool = True
    starts: bool = True
    ends: bool = True
    skip: str = LIGHT
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def as_object(self) -> Object:
        """The Node object."""
        labels = {
            "kubernetes.io/os": self.os,
            "kubernetes.io/arch": self.arch,
            "kubernetes.io/hostname": self.name,
            "kubernetes.azure.com/agentpool": self.pool,
        }
        return {
            "metadata": {"name": self.name, "uid": f"uid-{self.name}", "labels": labels},
            "spec": {"providerID": f"azure:///{self.name}"},
            "status": {
                "conditions": [{"type": "Ready", "status": "True" if self.ready else "Unknown"}],
                "nodeInfo": {"operatingSystem": self.os, "architecture": self.arch},
                "images": [
                    {"names": [f"{i.split(':')[0]}@sha256:0", i], "sizeBytes": 1}
                    for i in self.images
                ],
            },
        }


class SimulatedNodes:
    """Ties nodes to a cluster: creates pods for DaemonSets, runs the script, answers exec."""

    def __init__(
        self, cluster: Cluster, nodes: list[SimulatedNode], forbid_pods: bool = False
    ) -> None:
        self.cluster = cluster
        self.nodes = {node.name: node for node in nodes}
        self.forbid_pods = forbid_pods
        self._pods: list[tuple[Object, SimulatedNode]] = []
        for node in nodes:
            cluster.add("nodes", node.as_object())
        cluster.on_create = self._created
        cluster.on_delete = self._deleted
        cluster.before_list = self._refresh
        cluster.run = self._run

    def _created(self, kind: Kind, obj: Object) -> None:
        if kind.plural != "daemonsets" or self.forbid_pods:
            if kind.plural == "daemonsets":
                self.cluster.add(
                    "events",
                    {
                        "metadata": {"name": "e1", "namespace": obj["metadata"]["namespace"]},
                        "reason": "FailedCreate",
                        "message": 'pods "demarc-1-" is forbidden: denied by a policy for hostPath',
                    },
                )
            return
        spec = obj["spec"]["template"]["spec"]
        terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        wanted = terms["nodeSelectorTerms"][0]["matchExpressions"][0]["values"]
        for name in wanted:
            node = self.nodes.get(name)
            if node is not None and node.os == "linux":
                self._start(obj, spec, node)

    def _start(self, owner: Object, spec: Object, node: SimulatedNode) -> None:
        container = spec["containers"][0]
        held = container["image"] in node.images or container["imagePullPolicy"] != "Never"
        meta = {
            "name": f"{owner['metadata']['name']}-{node.name}",
            "namespace": owner["metadata"]["namespace"],
            "labels": owner["spec"]["template"]["metadata"]["labels"],
        }
        status: Object = {"phase": "Pending"}
        if node.starts and not held:
            waiting = {
                "waiting": {"reason": "ErrImageNeverPull", "message": "image is not present"}
            }
            status["containerStatuses"] = [{"name": "collector", "ready": False, "state": waiting}]
        elif node.starts:
            status = {
                "phase": "Running",
                "containerStatuses": [
                    {
                        "name": "collector",
                        "ready": False,
                        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                    }
                ],
            }
            if node.ends:
                self._launch(owner["metadata"]["namespace"], container, node)
        pod = {
            "metadata": meta,
            "spec": {"nodeName": node.name, "containers": [{"name": "collector"}]},
            "status": status,
            "stuck": not node.starts,
        }
        self.cluster.add("pods", pod)
        self._pods.append((pod, node))

    def _launch(self, namespace: str, container: Object, node: SimulatedNode) -> None:
        """Does what the pod's command does: copies the ConfigMap's scripts, runs them."""
        kit = node.volume / "kit"
        kit.mkdir(parents=True, exist_ok=True)
        for config_map in self.cluster.objects[("", "configmaps")]:
            if config_map["metadata"].get("namespace") == namespace:
                for name, text in config_map["data"].items():
                    (kit / name).write_text(text, encoding="utf-8")
        env = os.environ | {e["name"]: e["value"] for e in container["env"] if e["name"].isupper()}
        env |= LOCAL_PROBES | {
            "HOST_ROOT": str(node.host_root),
            "STAY": "0",
            "PATH": os.environ["PATH"],
        }
        skip = env.get("SKIP", "")
        env["SKIP"] = f"{skip},{node.skip}".lstrip(",")
        command = ["sh", str(kit / "collect-node.sh"), "--out", str(node.volume / "demarc")]
        node.processes.append(
            subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def _refresh(self, kind: Kind) -> None:
        """A pod is Ready when its probe would say so."""
        if kind.plural != "pods":
            return
        for pod, node in self._pods:
            done = (node.volume / "demarc" / "done").exists() and pod["status"][
                "phase"
            ] == "Running"
            pod["status"]["conditions"] = [{"type": "Ready", "status": "True" if done else "False"}]

    def _deleted(self, kind: Kind, obj: Object) -> None:
        self._pods = [(pod, node) for pod, node in self._pods if pod is not obj]

    def _run(self, pod_name: str, command: list[str]) -> tuple[bytes, int]:
        node = next(node for pod, node in self._pods if pod["metadata"]["name"] == pod_name)
        real = [part.replace("/out/", f"{node.volume}/") for part in command]
        result: subprocess.CompletedProcess[Any] = subprocess.run(
            real, capture_output=True, check=False
        )
        return result.stdout, result.returncode
