"""What a node's files say, as settings that peers should share: key and value, noise left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Settings = Mapping[str, str]

#: Kernel settings that count, name the node, follow its memory, belong to one pod's interface, or
#: that the kernel, the network of pods and loaded modules move by themselves.
_MOVING_SYSCTL = re.compile(
    r"^(?:.*(?:_count|\.random\.|ns_last_pid|hostname|domainname|boot_id|inode-|file-nr|dentry-state"
    r"|tcp_mem|udp_mem|threads-max|max_user_|epoll|user_reserve|min_free|nf_conntrack_(?:max|buckets))"
    r"|kernel\.(?:perf_event_max_sample_rate|pid_max|tainted|sched|pty\.|hung_task_detect|acct|keys\."
    r"|ns_last|threads|usermodehelper|cad_pid|numa|core_pattern|msgmn|sem\b|shm)"
    r"|net\.core\.(?:netdev_rss_key|flow_limit|bpf_jit)"
    r"|net\.ipv[46]\.(?:(?:conf|neigh)\.(?!all\.|default\.)|route)"
    r"|net\.ipv4\.(?:inet_peer|ipfrag|ip_local_reserved|tcp_(?:fastopen|avail|allowed|cong)|fib)"
    r"|net\.ipv6\.ip6frag|net\.(?:netfilter|nf_conntrack|sunrpc|mptcp)"
    r"|fs\.(?:dentry|inode|aio-nr|quota|binfmt|nfs|lease|mqueue)|dev\.|user\.|sunrpc\.|debug\.|abi\."
    r"|crypto\.|vm\.(?:stat|drop|admin_reserve|lowmem|nr_huge|hugetlb|numa|compact))"
)
_NODE_FLAGS = frozenset({"node-ip", "hostname-override", "node-labels", "provider-id"})
_NODE_KEYS = re.compile(r"(?:^|\.)(?:nodeIP|providerID|subnet|registerWithTaints)(?:\.|$)")
#: Packages that AKS installs in one version and holds back from updates (AgentBaker, cse_install).
_HELD = frozenset({"containerd", "moby-containerd", "containerd2", "runc", "moby-runc", "kubelet"})
_DRIVERS = ("nvidia", "libnvidia", "cuda", "amdgpu", "mlnx", "doca")
#: ``linux-image-5.15.0-1099-azure`` is another name after each kernel update.
_KERNEL_VERSION = re.compile(r"-\d+\.\d+\.[\w.]+(?:-\d+)?")
_TELLING_OPTIONS = frozenset({"ro", "noexec", "nosuid", "nodev", "noatime", "nobarrier", "sync"})
#: Azure's own addresses and loopback are the same everywhere.
_OWN_ADDRESS = re.compile(
    r"(?<![\d.])(?!168\.63\.129\.16|169\.254\.|127\.|0\.)\d{1,3}(?:\.\d{1,3}){3}"
    r"(?:/(?:2\d|3[0-2]))?(?![\d./])"
)
_MASKED = re.compile(r"<masked>|\bsha256:[0-9a-f]+")


def kubelet_flags(text: str) -> dict[str, str]:
    """Flags of the kubelet's defaults file (without dashes), and further lines of its units.

    A line of a unit or drop-in is a key of its own, ``<file>: <line>``, with the value ``present``.
    """
    settings: dict[str, str] = {}
    file = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("# /"):
            file = line[2:]
        elif line.startswith("KUBELET_FLAGS="):
            settings.update(_flags(line.partition("=")[2]))
        elif line and not line.startswith(("#", "KUBELET_NODE_LABELS=")):
            settings[f"{file}: {line}"] = "present"
    return settings


def _flags(text: str) -> Iterator[tuple[str, str]]:
    for word in text.strip('"').split():
        name, _, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and name not in _NODE_FLAGS:
            yield name, value


def sysctls(text: str) -> dict[str, str]:
    """``sysctl -a`` without what moves by itself or belongs to one node or interface."""
    return dict(pair for line in text.splitlines() if (pair := _sysctl(line)) is not None)


@lru_cache(maxsize=32768)
def _sysctl(line: str) -> tuple[str, str] | None:
    """One setting; most lines are the same on thousands of nodes, so that each is read once."""
    key, found, value = line.partition("=")
    name = key.strip()
    if not found or _MOVING_SYSCTL.match(name):
        return None
    return name, " ".join(value.split())


def packages(text: str) -> dict[str, str]:
    """Installed packages; with their versions those alone that AKS holds back from updates.

    Others are patched node by node. A kernel's version in a package's name is left out, and so are
    GPU drivers, which AKS installs where they are needed.
    """
    settings = {}
    for line in text.splitlines():
        name, _, version = line.strip().partition(" ")
        if name and not name.startswith(_DRIVERS):
            plain = _KERNEL_VERSION.sub("-*", name)
            settings[plain] = version.strip() if name in _HELD else "installed"
    return settings


def mounts(text: str) -> dict[str, str]:
    """Mounts of the node itself by place: file system, and the options that change behaviour."""
    settings = {}
    for line in text.splitlines():
        cells = line.split()
        if len(cells) >= 4:
            options = sorted(_TELLING_OPTIONS & set(cells[3].split(",")))
            settings[cells[1]] = " ".join((cells[2], *options))
    return settings


def json_settings(text: str) -> dict[str, str]:
    """A JSON document as paths and values, without what belongs to one node; {} if it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return {path: value for path, value in _flat(document, "") if not _NODE_KEYS.search(path)}


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key in value:
            yield from _flat(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        if all(not isinstance(item, dict | list) for item in value):
            yield path, ", ".join(str(item) for item in value)
        else:
            for index, item in enumerate(value):
                yield from _flat(item, f"{path}[{index}]")
    else:
        yield path, str(value)


def toml_settings(text: str) -> dict[str, str]:
    """``key = value`` lines of a TOML file under their section."""
    settings: dict[str, str] = {}
    section = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, found, value = line.partition("=")
            if found:
                settings[f"[{section}] {key.strip()}"] = value.strip()
    return settings


def iptables_frame(text: str) -> dict[str, str]:
    """Policies of built-in chains, and rules there that jump to no other chain.

    Addresses of single machines and of a node's own pods show as ``<address>``.
    """
    settings: dict[str, str] = {}
    table = ""
    for raw in text.splitlines():
        line = without_addresses(raw)
        if line.startswith("*"):
            table = line[1:].strip()
        elif match := re.match(r"^:(\S+) (ACCEPT|DROP|REJECT)\b", line):
            settings[f"{table} {match[1]} policy"] = match[2]
        elif match := re.match(r"^(?:\[\d+:\d+\] )?-A (INPUT|FORWARD|OUTPUT) (.*)$", line):
            target = re.search(r"-[jg] (\S+)", match[2])
            if target and target[1] in ("ACCEPT", "DROP", "REJECT"):
                settings[f"{table} {match[1]}: {match[2]}"] = "present"
    return settings


def without_addresses(line: str) -> str:
    """A line in which addresses of single machines and of a node's pods are ``<address>``."""
    return _OWN_ADDRESS.sub("<address>", line)


def lines(text: str) -> dict[str, str]:
    """Each line that is not empty, as a setting that is present."""
    return {line.strip(): "present" for line in text.splitlines() if line.strip()}


@dataclass(frozen=True, slots=True)
class Aspect:
    """A side of a node's set-up that all nodes of a cohort should share.

    ``items`` are items of a node's archive (or a folder, with a slash at the end); ``read`` turns
    one file into settings. With ``partial`` a setting that a node does not show says nothing.
    """

    id: str
    what: str
    items: tuple[str, ...]
    read: Callable[[str], Settings]
    partial: bool = False


ASPECTS: tuple[Aspect, ...] = (
    Aspect("kubelet-flags", "kubelet flags and units", ("kubelet/flags",), kubelet_flags),
    Aspect("kubelet-config", "kubelet configuration", ("kubelet/config.json",), json_settings),
    Aspect("sysctl", "kernel settings", ("host/sysctl",), sysctls, partial=True),
    Aspect("packages", "installed packages", ("host/packages",), packages),
    Aspect("containerd", "containerd configuration", ("containerd/config.toml",), toml_settings),
    Aspect("cni", "CNI configuration", ("cni/net.d/",), json_settings),
    Aspect("limits", "limits of services", ("host/limits",), lines),
    Aspect("mounts", "mounts of the node", ("host/mounts",), mounts),
    Aspect("iptables", "frame of the packet filter", ("network/iptables-save",), iptables_frame),
)


def unmasked(settings: Settings) -> dict[str, str]:
    """Settings without those that the collector masked: a mask hides differences and makes none."""
    if not any(
        "<masked>" in value or "sha256:" in value for value in settings.values()
    ) and not any("<masked>" in key or "sha256:" in key for key in settings):
        return dict(settings)
    return {key: value for key, value in settings.items() if not _MASKED.search(key + value)}
