"""The collector: this machine as a node, and a large cluster behind an API server on loopback.

``measure()`` runs both and returns the figures. Nothing is asked but loopback: the probes of the
node script are turned to ports where nothing listens, as in the tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.collectors.cluster import Object
from tests.collectors.conftest import COLLECTORS
from tests.collectors.field import Field, container_pod
from tests.collectors.kubectls import plain
from tests.collectors.simulated import FULL, LOCAL_PROBES, SimulatedNode

NODES = 300
PODS = 10_000
AGENTS = ("cloud-node-manager", "csi-azuredisk-node", "csi-azurefile-node", "kube-proxy",
          "azure-cns", "azure-ip-masq-agent", "ama-logs", "konnectivity-agent")  # fmt: skip
FIELDS = ("env", "image", "livenessProbe", "name", "ports", "resources", "volumeMounts",
          "terminationMessagePath", "terminationMessagePolicy", "securityContext")  # fmt: skip

# A small process of its own: the peak that the kernel reports is that of all children so far.
LARGEST = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def measure() -> dict[str, object]:
    """Both measurements: ``node`` and ``cluster``, each a dict of figures.

    Raises ``CalledProcessError`` if a script fails. Linux only: memory is read from ``/proc``.
    """
    with tempfile.TemporaryDirectory() as folder:
        return {"node": measure_node(Path(folder)), "cluster": measure_cluster(Path(folder))}


def measure_node(folder: Path) -> dict[str, object]:
    """The node script on this machine.

    ``items``: rows, ``items_with_data``: those that have a file; ``seconds``: wall time;
    ``bytes`` of the files and ``archive_bytes``; ``largest_process_mib``: the kernel's figure for
    the largest of its processes (not below that of the Python that starts it);
    ``all_processes_mib``: the largest sum of resident memory of
    the script and its children, looked at every 10 ms (shared pages count once per process).
    """
    out = folder / "node"
    script = ["sh", str(COLLECTORS / "node/collect-node.sh"), "--out", str(out)]
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", LARGEST, *script],
        env=os.environ | LOCAL_PROBES | {"SKIP": FULL},
        stdout=subprocess.PIPE,
        text=True,
    )
    together = 0
    while process.poll() is None:
        together = max(together, resident_pages(process.pid))
        time.sleep(0.01)
    wall = time.perf_counter() - start
    largest, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, script)
    with tarfile.open(out / "node.tar.gz") as archive:
        sizes = {member.name: member.size for member in archive if member.isfile()}
        table = archive.extractfile("collection.tsv")
        assert table is not None
        rows = [line.split("\t") for line in table.read().decode("utf-8").splitlines()[1:]]
    return {
        "items": len(rows),
        "items_with_data": sum(row[1] in sizes for row in rows),
        "seconds": round(wall, 1),
        "bytes": sum(sizes.values()),
        "archive_bytes": (out / "node.tar.gz").stat().st_size,
        "largest_process_mib": round(int(largest) / 1024, 1),
        "all_processes_mib": round(together * os.sysconf("SC_PAGE_SIZE") / 2**20, 1),
    }


def resident_pages(root: int) -> int:
    """Resident pages of all processes below ``root``, without it."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(") ")[2].split()
        except OSError:  # it has ended
            continue
        parents[int(stat.parent.name)] = int(fields[1])
        pages[int(stat.parent.name)] = int(fields[21])
    family = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        if not more:
            return sum(pages[pid] for pid in family if pid != root and pid in pages)
        family |= more


def measure_cluster(folder: Path) -> dict[str, object]:
    """``collect.sh --no-daemonset`` on 300 nodes and 10,000 pods, as polite as by default.

    ``seconds``: wall time; ``calls``: requests that the API server got; ``objects_bytes``: size
    of the lists of nodes and pods on the wire; ``bundle_bytes``; ``exit``: the script's code.
    """
    field = Field(folder)
    fill(field)
    wire = sum(
        len(json.dumps(obj, separators=(",", ":")))
        for plural in ("nodes", "pods")
        for obj in field.cluster.objects[("", plural)]
    )
    with field.server:
        command = field.command(("sh",), "--no-daemonset", "--qps", "10")
        start = time.perf_counter()
        env = os.environ | {"KUBECACHEDIR": str(folder / "cache"), "KUBECTL": str(plain())}
        result = subprocess.run(
            command, env=env, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        wall = time.perf_counter() - start
    if result.returncode not in (0, 3):
        raise subprocess.CalledProcessError(result.returncode, command, stderr=result.stderr)
    bundle = next((folder / "out").glob("*.tar"))
    return {
        "nodes": NODES,
        "pods": PODS,
        "seconds": round(wall, 1),
        "calls": len(field.server.requests),
        "objects_bytes": wire,
        "bundle_bytes": bundle.stat().st_size,
        "exit": result.returncode,
    }


def fill(field: Field) -> None:
    """Nodes, their agents' pods, and the customer's pods in 40 namespaces up to the number."""
    names = [f"aks-work-1-vmss{n:06d}" for n in range(NODES)]
    images = tuple(f"mcr.microsoft.com/oss/kubernetes/component-{i}:v1.{i}.0" for i in range(50))
    for name in names:
        node = SimulatedNode(name, field.folder, field.host_root, images=images)
        field.cluster.add("nodes", node.as_object())
        for agent in AGENTS:
            field.cluster.add("pods", full_pod(f"{agent}-{name[-6:]}", "kube-system", name))
    for n in range(PODS - NODES * len(AGENTS)):
        pod = full_pod(f"web-{n % 200}-{n:05d}", f"team-{n % 40}", names[n % NODES])
        field.cluster.add("pods", pod)
    line = "2026-01-01T00:00:00.000000000Z I0101 00:00:00.000000 1 reflector.go:1] watch closed\n"
    log = line * 800
    field.cluster.logs = lambda namespace, pod, container, previous: log
    pods = [{"podRef": {"name": f"p-{i}"}, "cpu": {"usageNanoCores": i}} for i in range(34)]
    stats = json.dumps({"node": {"nodeName": "n"}, "pods": pods * 20})
    answers = {"healthz": "ok", "configz": '{"kubeletconfig":{}}', "stats/summary": stats}
    field.cluster.kubelet = lambda node, what: answers.get(what)


def full_pod(name: str, namespace: str, node: str) -> Object:
    """A pod of the size that pods have on a real API server: some five kilobytes."""
    pod = container_pod(name, namespace, node)
    fields: dict[str, Any] = {f"f:{word}": {} for word in FIELDS}
    keys = {f'k:{{"name":"main-{i}"}}': {".": {}, **fields} for i in range(6)}
    pod["metadata"]["uid"] = f"uid-{namespace}-{name}"
    pod["metadata"]["labels"] = {f"app.example/label-{i}": f"{name}-{i}" for i in range(8)}
    pod["metadata"]["managedFields"] = [
        {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1",
         "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:containers": keys}}},
    ]  # fmt: skip
    container = pod["spec"]["containers"][0]
    container["env"] += [{"name": f"SETTING_{i}", "value": f"value-{i}"} for i in range(12)]
    container["volumeMounts"] = [
        {"name": f"v-{i}", "mountPath": f"/var/run/v-{i}", "readOnly": True} for i in range(6)
    ]
    pod["spec"]["volumes"] = [{"name": f"v-{i}", "emptyDir": {}} for i in range(6)]
    pod["spec"]["tolerations"] = [
        {"key": f"node.kubernetes.io/{word}", "operator": "Exists", "effect": "NoExecute"}
        for word in ("not-ready", "unreachable", "disk-pressure", "memory-pressure")
    ]
    pod["status"]["conditions"] = [
        {"type": word, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for word in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    return pod
