"""A scenario's tree, written down in the forms of other tools.

Each function takes canonical path → bytes and gives the names and bytes that the tool would write,
as far as its form can hold them. What it cannot hold is left out.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml

from analyzer.bundle.layouts import troubleshoot
from analyzer.bundle.layouts.cilium_sysdump import _WHOLE as SYSDUMP

Tree = Mapping[str, bytes]
Files = dict[str, bytes]

_RESOURCE = re.compile(r"cluster/resources/([^/]+)/([^/]+?)(?:/([^/]+))?\.json")
_LOG = re.compile(r"cluster/logs/([^/]+)/([^/]+)/(.+?)(\.previous)?\.log")
#: The clock of those who collect is not in UTC.
ZONE = timezone(timedelta(hours=1), "CET")


def taken(tree: Tree) -> datetime:
    """When the scenario's bundle was finished, on the clock of those who collect."""
    return datetime.fromisoformat(json.loads(tree["manifest.json"])["finished"]).astimezone(ZONE)


def stamp(tree: Tree) -> str:
    """The same as Cilium writes it into names."""
    return f"{taken(tree):%Y%m%d-%H%M%S}"


def resources(tree: Tree) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Group, resource, namespace (empty: none) and list of each listing."""
    for path, data in tree.items():
        if found := _RESOURCE.fullmatch(path):
            yield found[1], found[2], found[3] or "", json.loads(data)


def logs(tree: Tree) -> Iterator[tuple[str, str, str, bool, bytes]]:
    """Namespace, pod, container, whether it is from before a restart, and the log."""
    for path, data in tree.items():
        if found := _LOG.fullmatch(path):
            yield found[1], found[2], found[3], bool(found[4]), data


def node_items(tree: Tree) -> Iterator[tuple[str, str, bytes]]:
    """Node, item and content of all files of nodes."""
    for path, data in tree.items():
        if path.startswith("nodes/"):
            _, node, item = path.split("/", 2)
            yield node, item, data


def without_managers(listing: dict[str, Any]) -> dict[str, Any]:
    """The list as kubectl prints it: no managed fields."""
    copy: dict[str, Any] = json.loads(json.dumps(listing))
    for item in copy["items"]:
        item["metadata"].pop("managedFields", None)
    return copy


def typed(listing: dict[str, Any]) -> dict[str, Any]:
    """Items of a printed list name their kind."""
    for item in listing["items"]:
        item.setdefault("kind", listing["kind"].removesuffix("List"))
        item.setdefault("apiVersion", listing["apiVersion"])
    return listing


_DUMPED = {
    "core/events": "events",
    "core/replicationcontrollers": "replication-controllers",
    "core/services": "services",
    "apps/daemonsets": "daemonsets",
    "apps/deployments": "deployments",
    "apps/replicasets": "replicasets",
    "core/pods": "pods",
}


def _banner(word: str, container: str, namespace: str, pod: str) -> bytes:
    return f"==== {word} logs for container {container} of pod {namespace}/{pod} ====\n".encode()


def cluster_info_dump(tree: Tree) -> Files:
    """``kubectl cluster-info dump -A --output-directory``."""
    files: Files = {}
    for group, resource, namespace, listing in resources(tree):
        text = json.dumps(without_managers(typed(listing)), indent=4).encode() + b"\n"
        if (group, resource) == ("core", "nodes"):
            files["nodes.json"] = text
        elif name := _DUMPED.get(f"{group}/{resource}"):
            files[f"{namespace}/{name}.json"] = text
    for namespace, pod, container, previous, data in logs(tree):
        if not previous:
            path = f"{namespace}/{pod}/logs.txt"
            between = _banner("START", container, namespace, pod) + data
            files[path] = files.get(path, b"") + between + _banner("END", container, namespace, pod)
    return files


def cluster_info_text(tree: Tree) -> bytes:
    """The same on standard output: lists one after the other, then logs, by namespace."""
    files = cluster_info_dump(tree)
    out = files["nodes.json"]
    for namespace in sorted({path.split("/")[0] for path in files if "/" in path}):
        for name in _DUMPED.values():
            out += files.get(f"{namespace}/{name}.json", b"")
        for path in sorted(files):
            if path.startswith(f"{namespace}/") and path.endswith("logs.txt"):
                out += files[path]
    return out


def support_bundle(tree: Tree) -> Files:
    """troubleshoot: listings by kind and namespace, with managed fields."""
    folders = {v: k for k, v in troubleshoot._NAMESPACED.items()}
    whole = {v: k for k, v in troubleshoot._WHOLE.items()}
    top = f"support-bundle-{taken(tree):%Y-%m-%dT%H_%M_%S}"
    header = (
        "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nspec:\n  versionNumber: v1\n"
    )
    files = {f"{top}/version.yaml": header.encode()}
    for group, resource, namespace, listing in resources(tree):
        key, text = f"{group}/{resource}", json.dumps(listing, indent=2).encode()
        if namespace and key in folders:
            files[f"{top}/cluster-resources/{folders[key]}/{namespace}.json"] = text
        elif not namespace and key in whole:
            files[f"{top}/cluster-resources/{whole[key]}.json"] = text
        elif group not in ("core", "apps", "batch") and "." in group:
            name = f"{top}/cluster-resources/custom-resources/{resource}.{group}"
            bare = json.dumps(listing["items"], indent=2).encode()
            files[f"{name}/{namespace}.json" if namespace else f"{name}.json"] = bare
    for namespace, pod, container, previous, data in logs(tree):
        end = "-previous.log" if previous else ".log"
        files[f"{top}/cluster-resources/pods/logs/{namespace}/{pod}/{container}{end}"] = data
    version = {"info": json.loads(tree["cluster/version.json"]), "string": "v"}
    files[f"{top}/cluster-info/cluster_version.json"] = json.dumps(version, indent=2).encode()
    files[f"{top}/cluster-resources/image-pull-secrets/default/creds.json"] = b'{"auth": "no"}'
    return files


def _yaml(value: object) -> bytes:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(value, Dumper=dumper, sort_keys=True).encode()


def must_gather(tree: Tree) -> Files:
    """``oc adm inspect`` of all namespaces: lists in YAML, nodes in a file each."""
    top = "must-gather.local.123/image-sha256-abc"
    lines = [
        f"{at:%Y-%m-%d %H:%M:%S}.127889 +0100 CET m=+0.293497\n"
        for at in (taken(tree) - timedelta(minutes=9), taken(tree))
    ]
    files: Files = {f"{top}/timestamp": "".join(lines).encode()}
    for group, resource, namespace, listing in resources(tree):
        if namespace:
            path = f"{top}/namespaces/{namespace}/{group}/{resource}.yaml"
            files[path] = _yaml(typed(listing))
            continue
        for item in typed(listing)["items"]:
            name = item["metadata"]["name"]
            path = f"{top}/cluster-scoped-resources/{group}/{resource}/{name}.yaml"
            if resource == "namespaces":
                path = f"{top}/namespaces/{name}/{name}.yaml"
            files[path] = _yaml(item)
    for namespace, pod, container, previous, data in logs(tree):
        where = f"{top}/namespaces/{namespace}/pods/{pod}/{container}/{container}/logs"
        files[f"{where}/{'previous' if previous else 'current'}.log"] = data
    return files


def sonobuoy(tree: Tree) -> Files:
    """sonobuoy: bare arrays by namespace, only where there are objects."""
    asked = [
        {"queryobj": resource, "time": "1ms"} | ({"namespace": namespace} if namespace else {})
        for _, resource, namespace, _ in resources(tree)
    ]
    files: Files = {"meta/query-time.json": json.dumps(asked).encode()}
    files["serverversion.json"] = tree["cluster/version.json"]
    run = [
        {"level": "info", "msg": message, "time": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        for message, at in (
            ("Starting server", taken(tree) - timedelta(hours=1)),
            ("Invoking plugin cleanup", taken(tree)),
        )
    ]
    files["meta/run.log"] = "".join(json.dumps(line) + "\n" for line in run).encode()
    for group, resource, namespace, listing in resources(tree):
        items = typed(listing)["items"]
        version = listing["apiVersion"].split("/")[-1]
        where = f"ns/{namespace}" if namespace else "cluster"
        if items:
            path = f"resources/{where}/{group}_{version}_{resource}.json"
            files[path] = json.dumps(items).encode()
    for namespace, pod, container, previous, data in logs(tree):
        if not previous:
            files[f"podlogs/{namespace}/{pod}/logs/{container}.txt"] = data
    for node, item, data in node_items(tree):
        if item == "kubelet/journal.log":
            files[f"plugins/systemd-logs/results/{node}/systemd_logs"] = _journal(data)
    return files


def _journal(text: bytes) -> bytes:
    """Lines of ``short-iso-precise`` as ``journalctl -o json`` would have written them."""
    from datetime import datetime

    out = []
    for line in text.decode().splitlines():
        stamp, host, rest = line.split(" ", 2)
        writer, message = rest.split(": ", 1)
        at = datetime.fromisoformat(stamp)
        entry = {
            "__REALTIME_TIMESTAMP": str(int(at.timestamp() * 1_000_000)),
            "_HOSTNAME": host,
            "SYSLOG_IDENTIFIER": writer.split("[")[0],
            "_PID": "1",
            "MESSAGE": message,
        }
        out.append(json.dumps(entry))
    return "\n".join(out).encode() + b"\n"


def sysdump(tree: Tree) -> Files:
    """``cilium sysdump``: some listings over all namespaces, and what is Cilium's own."""
    at = stamp(tree)
    top = f"cilium-sysdump-{at}"
    names = {v: k for k, v in SYSDUMP.items()}
    merged: dict[str, dict[str, Any]] = {}
    version = json.loads(tree["cluster/version.json"])["gitVersion"].encode()
    files: Files = {f"{top}/k8s-version-{at}.txt": version}
    for group, resource, _, listing in resources(tree):
        name = names.get(f"{group}/{resource}")
        if name:
            merged.setdefault(name, {**listing, "items": []})["items"] += listing["items"]
        for item in listing["items"]:
            if resource == "daemonsets" and item["metadata"]["name"] == "cilium":
                files[f"{top}/cilium-daemonset-{at}.yaml"] = _yaml(item)
    for name, listing in merged.items():
        files[f"{top}/{name}-{at}.yaml"] = _yaml(listing)
    for _, pod, container, previous, data in logs(tree):
        if pod.startswith(("cilium", "hubble")):
            end = "-prev" if previous else ""
            files[f"{top}/logs-{pod}-{container}-{at}{end}.log"] = data
    return files


_ON_NODE = {
    "kubelet/flags": "etc/default/kubelet",
    "containerd/config.toml": "etc/containerd/config.toml",
    "cni/azure-vnet.log": "var/log/azure-vnet.log",
    "cni/azure-vnet.json": "var/run/azure-vnet.json",
    "host/os-release": "etc/os-release",
    "network/resolv.conf": "etc/resolv.conf",
    "azure/waagent.log": "var/log/waagent.log",
    "azure/cluster-provision.log": "var/log/azure/cluster-provision.log",
}


def node_logs(tree: Tree, node: str) -> Files:
    """``logs.zip`` of the AKS log collector on a node."""
    files: Files = {"etc/hostname": f"{node}\n".encode()}
    collected = {
        "containerd/crictl-info.json": "crictl_info.json",
        "containerd/crictl-ps.json": "crictl_ps.json",
        "containerd/crictl-pods.json": "crictl_pods.json",
        "containerd/crictl-images.json": "crictl_images.json",
        "containerd/version.txt": "crictl_version.txt",
        "network/addr.json": "ip_4_addr.json",
        "host/meminfo": "proc/meminfo",
        "host/mounts": "proc/mounts",
        "host/df": "du_bytes.txt",
        "host/sysctl": "sysctl.txt",
    }
    for name, item, data in node_items(tree):
        if name != node:
            continue
        if item in _ON_NODE:
            files[_ON_NODE[item]] = data
        elif item in collected:
            files[f"collect/{collected[item]}"] = data
        elif item.startswith("cni/net.d/"):
            files[f"etc/{item}"] = data
        elif item in ("kubelet/journal.log", "containerd/journal.log"):
            files["var/log/syslog"] = files.get("var/log/syslog", b"") + data
    files["var/lib/waagent/ovf-env.xml"] = b"<secret/>"
    return files


def sos_report(tree: Tree, node: str) -> Files:
    """A sos report of a node."""
    top = f"sosreport-{node}-case42-{taken(tree):%Y-%m-%d}-abcdefg"
    commands = {
        "kubelet/journal.log": "kubernetes/journalctl_--no-pager_--unit_kubelet",
        "containerd/journal.log": "containerd/journalctl_--no-pager_--unit_containerd",
        "host/uname": "kernel/uname_-a",
        "host/uptime": "host/uptime",
        "host/dmesg": "kernel/dmesg",
        "host/df": "filesys/df_-al_-x_autofs",
        "host/sysctl": "kernel/sysctl_-a",
    }
    at = taken(tree).astimezone(UTC)
    files: Files = {
        f"{top}/sos_commands/host/hostname": f"{node}.internal\n".encode(),
        f"{top}/sos_commands/date/date_--utc": f"{at:%a %b %e %H:%M:%S UTC %Y}\n".encode(),
    }
    for name, item, data in node_items(tree):
        if name != node:
            continue
        if item in commands:
            files[f"{top}/sos_commands/{commands[item]}"] = data
        elif item in _ON_NODE:
            files[f"{top}/{_ON_NODE[item]}"] = data
        elif item.startswith("cni/net.d/"):
            files[f"{top}/etc/{item}"] = data
    return files


def periscope(tree: Tree, node: str) -> Files:
    """The zip of a node that aks-periscope writes."""
    files: Files = {}
    for name, item, data in node_items(tree):
        if name == node and item == "kubelet/journal.log":
            files["systemlogs/kubelet"] = data
        if name == node and item == "azure/cluster-provision.log":
            files["nodelogs/var_log_azure_cluster-provision.log"] = data
    files["kubeletcmd/kubeletcmd"] = b"/usr/local/bin/kubelet --max-pods=250\n"
    files["dns/virtualmachine"] = b"nameserver 168.63.129.16\n"
    files["networkoutbound/Internet"] = b'{"Status": "Error: timeout"}'
    files["kubeobjects/kube-system_pod_x"] = b"Name: x\n"
    return files


def tarred(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    """The files as a tar, packed as ``mode`` says."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The files as a zip."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return out.getvalue()


def folder(files: Mapping[str, bytes], root: Path) -> Path:
    """The files on disk."""
    for path, data in files.items():
        at = root / path
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(data)
    return root


#: Forms of a whole cluster: what they are recognised as, and the archive that the tool makes.
CLUSTER_FORMS: dict[str, tuple[Callable[[Tree], Files], Callable[[Files], bytes], str]] = {
    "cluster-info-dump": (cluster_info_dump, tarred, "dump.tar.gz"),
    "troubleshoot": (support_bundle, tarred, "support-bundle.tar.gz"),
    "must-gather": (must_gather, tarred, "must-gather.tar.gz"),
    "sonobuoy": (sonobuoy, tarred, "sonobuoy.tar.gz"),
    "cilium-sysdump": (sysdump, zipped, "cilium-sysdump.zip"),
}
#: Forms of one node.
NODE_FORMS: dict[str, tuple[Callable[[Tree, str], Files], Callable[[Files], bytes], str]] = {
    "aks-node-logs": (node_logs, zipped, "logs.zip"),
    "sos": (sos_report, lambda files: tarred(files, "w:xz"), "sosreport.tar.xz"),
    "aks-periscope": (periscope, zipped, "{node}.zip"),
}
