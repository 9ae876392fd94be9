"""How AKS sets up a Linux node, and where a node leaves that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from analyzer.baselines.data_files import Data, DataFile, packaged
from analyzer.baselines.kube_versions import in_range, minor_number
from analyzer.baselines.node_images import LABEL, parse_node_image, runtime_version, versions
from analyzer.facts.identity import NetworkMode
from analyzer.facts.objects import Node
from analyzer.model.hit import DriftRow


class Sysctl(Data):
    """A kernel setting: what the API lets a customer set, and the default per OS."""

    name: str
    low: int | None = None
    high: int | None = None
    ubuntu2204: int | None = None
    ubuntu2404: int | None = None
    azurelinux: int | None = None


class FixedSysctl(Data):
    """A kernel setting that must have one value, and why."""

    name: str
    value: str
    why: str


class KubeletFlag(Data):
    """A kubelet flag that AKS sets the same on every node of these minors.

    ``also`` are values that it sets with a feature of its own.
    """

    flag: str
    value: str
    minors: str = ""
    also: tuple[str, ...] = ()


class ConflistFile(Data):
    """A CNI configuration file of AKS, and the network modes that have it."""

    file: str
    modes: tuple[NetworkMode, ...]


def sysctl_rows(settings: Mapping[str, str], *, byocni: bool = False) -> tuple[DriftRow, ...]:
    """Kernel settings of a node that AKS would never set.

    A value inside the range of custom node configuration is allowed, whoever set it: whether the
    pool asked for it shows in ARM alone. A setting that is not shown is not compared. On a BYOCNI
    cluster the settings of pod networking are the customer's.
    """
    rows = []
    for fixed in _fixed():
        shown = settings.get(fixed.name, fixed.value)
        excluded = byocni and fixed.name.startswith("net.")
        if shown != fixed.value and not excluded:
            rows.append(DriftRow(path=fixed.name, expected=fixed.value, actual=shown))
    for known in sysctls():
        shown = settings.get(known.name, "")
        if shown.isdecimal() and not _may_be(known, int(shown)):
            expected = f"{known.low} to {known.high}"
            rows.append(DriftRow(path=known.name, expected=expected, actual=shown))
    return tuple(sorted(rows, key=lambda row: row.path))


def _may_be(known: Sysctl, value: int) -> bool:
    defaults = {known.ubuntu2204, known.ubuntu2404, known.azurelinux} - {None}
    if known.low is None or known.high is None or not defaults:
        return True  # no bounds, or the kernel sets it by the size of the machine
    return known.low <= value <= known.high or value in defaults


def kubelet_flag_rows(flags: Mapping[str, str], minor: str | None) -> tuple[DriftRow, ...]:
    """Kubelet flags (without dashes) that differ from AKS's; a flag not shown is not compared."""
    if not flags:
        return ()
    number = minor_number(minor)
    rows = []
    for known in _kubelet_flags():
        if known.minors and (number is None or not in_range(number, known.minors)):
            continue
        shown = flags.get(known.flag)
        if shown is not None and shown not in (known.value, *known.also):
            rows.append(DriftRow(path=f"--{known.flag}", expected=known.value, actual=shown))
    return tuple(rows)


def image_rows(node: Node) -> tuple[DriftRow, ...]:
    """Where a node's container runtime is not the one of its image; nothing for unknown images.

    The kernel is not compared: security patches move it, and so do driver installations.
    """
    image = parse_node_image(node.metadata.labels.get(LABEL))
    carried = versions(image) if image is not None else None
    shown = runtime_version(node.status.node_info.container_runtime_version)
    if image is None or carried is None or carried.containerd is None or shown is None:
        return ()
    packaged_version = runtime_version(f"containerd://{carried.containerd}")
    if image.security_patch is not None or packaged_version is None or shown == packaged_version:
        return ()
    expected = f"{packaged_version[1]} of {image.label}"
    path = "status.nodeInfo.containerRuntimeVersion"
    return (DriftRow(path=path, expected=expected, actual=" ".join(shown)),)


def kernel_row(node: Node) -> DriftRow | None:
    """A kernel of another family than that of the node's image, or None.

    The version is not compared: patches move it. Images of AKS have Azure's kernel builds
    (``-azure``; ``.azl3`` and ``.cm2`` on Azure Linux); an own kernel has another name.
    """
    image = parse_node_image(node.metadata.labels.get(LABEL))
    shown = node.status.node_info.kernel_version
    if image is None or not shown:
        return None
    for start, marks in _file().content["kernels"].items():
        if image.label.startswith(start) and not any(mark in shown for mark in marks):
            expected = f"a kernel build of Azure ({' or '.join(marks)})"
            path = "status.nodeInfo.kernelVersion"
            return DriftRow(path=path, expected=expected, actual=shown)
    return None


def conflist_of_aks(name: str) -> tuple[NetworkMode, ...] | None:
    """The network modes in which AKS writes a CNI file of that name; None if it never does."""
    for known in _file().records("conflists", ConflistFile):
        if known.file == name:
            return known.modes
    return None


def managed_chain(name: str) -> bool:
    """True for an iptables chain of Kubernetes, AKS or a known CNI, by its name."""
    prefixes = tuple(str(prefix) for prefix in _file().content["iptables_chains"])
    return name.startswith(prefixes)


def managed_unit(name: str) -> bool:
    """True for a systemd unit that AKS puts on nodes."""
    return name in _file().content["units"] or name in ("kubelet.service", "containerd.service")


@lru_cache(maxsize=1)
def sysctls() -> tuple[Sysctl, ...]:
    """Kernel settings with their ranges and defaults."""
    return _file().records("sysctls", Sysctl)


@lru_cache(maxsize=1)
def _fixed() -> tuple[FixedSysctl, ...]:
    return _file().records("fixed", FixedSysctl)


@lru_cache(maxsize=1)
def _kubelet_flags() -> tuple[KubeletFlag, ...]:
    return _file().records("kubelet_flags", KubeletFlag)


@lru_cache(maxsize=1)
def _file() -> DataFile:
    return packaged("node_config.yaml")
