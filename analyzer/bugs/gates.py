"""Gates: conditions on what actually runs, answered yes, no or unknown, with a sentence each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.bugs.schema import Affected, Basis, Bug, Gate, GateOp
from analyzer.bugs.versions import (
    BACKPORTED,
    NotComparable,
    Scheme,
    compare,
    in_range,
    upper_bounds,
)


@dataclass(frozen=True, slots=True)
class NodeGate:
    """What runs on one node; None is unknown. ``labels`` are ``key=value`` texts.

    ``kubelet_flags`` is the text of flags and configuration. ``images`` are the images of the pods
    on the node.
    """

    name: str
    kernel: str | None = None
    os: str | None = None
    os_image: str | None = None
    node_image: str | None = None
    containerd: str | None = None
    runc: str | None = None
    kubelet: str | None = None
    vm_size: str | None = None
    cgroup_version: str | None = None
    fips: str | None = None
    kubelet_flags: str | None = None
    labels: tuple[str, ...] = ()
    images: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What runs in the cluster; None is unknown, yes and no are ``true`` and ``false``.

    ``packages`` are versions of components by package name, as image tags tell them; several
    where several run. ``nodes`` are by name. ``collected_at`` is the time of the collection (UTC).
    """

    collected_at: datetime | None = None
    server_version: str | None = None
    network_plugin: str | None = None
    ipam_mode: str | None = None
    network_dataplane: str | None = None
    network_policy: str | None = None
    ip_families: str | None = None
    cni_plugin: str | None = None
    acns: str | None = None
    wireguard: str | None = None
    nap: str | None = None
    kms: str | None = None
    has_spot_pool: str | None = None
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    nodes: Mapping[str, NodeGate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a gate. ``fixed``: it fails because what runs has the fix already."""

    holds: bool | None
    why: str
    fixed: bool = False
    stated: bool = False


#: Facts of single nodes, and where on :class:`NodeGate` they stand.
NODE_FACTS = {
    "kernel": "kernel",
    "os": "os",
    "os_image": "os_image",
    "node_image": "node_image",
    "vm_size": "vm_size",
    "cgroup_version": "cgroup_version",
    "runc": "runc",
    "containerd": "containerd",
    "kubelet": "kubelet",
    "fips": "fips",
    "kubelet_flag": "kubelet_flags",
}
#: Facts whose value comes from the image of a component.
IMAGE_FACTS = {"kube_proxy": "kube-proxy", "coredns": "coredns", "cilium": "cilium"}
_VERSIONS = {
    "kernel": Scheme.DEB_KERNEL,
    "node_image": Scheme.NODE_IMAGE,
    "runc": Scheme.SEMVER,
    "containerd": Scheme.SEMVER,
    "kubelet": Scheme.SEMVER,
    "server_version": Scheme.SEMVER,
    "kube_proxy": Scheme.SEMVER,
    "coredns": Scheme.SEMVER,
    "cilium": Scheme.SEMVER,
}
#: Facts whose value is a version.
VERSION_FACTS = frozenset(_VERSIONS)
#: Packages of ``affected`` to the fact that shows their version.
_PACKAGES = {
    "kubernetes": "server_version",
    "kubelet": "kubelet",
    "containerd": "containerd",
    "runc": "runc",
    "linux-azure": "kernel",
    "linux-kernel": "kernel",
    "kernel-azl3": "kernel",
    "node-image": "node_image",
}
WORDS = {
    "server_version": "Kubernetes",
    "node_image": "node image",
    "os_image": "OS",
    "vm_size": "VM size",
    "kube_proxy": "kube-proxy",
    "network_plugin": "network plugin",
    "network_policy": "network policy engine",
    "network_dataplane": "data plane",
    "ipam_mode": "address mode",
    "cgroup_version": "cgroup version",
    "kubelet_flag": "kubelet flags",
    "has_spot_pool": "a Spot pool",
}


def values_of(fact: str, facts: GateFacts, node: NodeGate | None) -> tuple[str, ...]:
    """What is known of a fact; empty where nothing is. Without a node, all nodes are asked."""
    if fact in IMAGE_FACTS or fact in facts.packages:
        return tuple(facts.packages.get(IMAGE_FACTS.get(fact, fact), ()))
    if fact == "node_label":
        return node.labels if node else ()
    if fact == "pod_image_on_node":
        return (" ".join(node.images),) if node and node.images is not None else ()
    if fact in NODE_FACTS:
        nodes = [node] if node else [facts.nodes[name] for name in sorted(facts.nodes)]
        found = [getattr(one, NODE_FACTS[fact]) for one in nodes]
        return tuple(dict.fromkeys(value for value in found if value is not None))
    value = getattr(facts, fact, None)
    return (value,) if isinstance(value, str) else ()


def ask(gate: Gate, facts: GateFacts, node: NodeGate | None) -> Answer:
    """Answer one gate. Where several versions run, one that is affected is enough."""
    values = values_of(gate.fact, facts, node)
    word = WORDS.get(gate.fact, gate.fact)
    stated = gate.basis is Basis.STATED
    if not values:
        return Answer(None, f"{word} is not known here")
    answers = [_ask_value(gate, value, word) for value in values]
    best = next((a for a in answers if a.holds), None)
    if best is None:
        best = next((a for a in answers if a.holds is None), answers[0])
    return Answer(best.holds, best.why, best.fixed and all(a.fixed for a in answers), stated)


def _ask_value(gate: Gate, value: str, word: str) -> Answer:
    scheme = _VERSIONS.get(gate.fact)
    if gate.op is GateOp.CONTAINS:
        holds = gate.value.lower() in value.lower()
        return Answer(holds, f"{word} {'has' if holds else 'does not have'} {gate.value}")
    if gate.op is GateOp.REGEX:
        return Answer(re.search(gate.value, value) is not None, f"{word} is {value}")
    if scheme is None:
        return Answer(value.lower() == gate.value.lower(), f"{word} is {value}")
    return _ask_version(gate, value, word, scheme)


def _ask_version(gate: Gate, value: str, word: str, scheme: Scheme) -> Answer:
    ranges = {
        GateOp.LT: f"<{gate.value}",
        GateOp.GE: f">={gate.value}",
        GateOp.EQ: f"={gate.value}",
    }
    text = ranges.get(gate.op, gate.value)
    try:
        holds = in_range(value, text, scheme)
        bounds = (gate.value,) if gate.op is GateOp.EQ else upper_bounds(text)
        fixed = not holds and any(compare(value, bound, scheme) >= 0 for bound in bounds)
    except NotComparable:
        return Answer(None, f"{word} {value} cannot be compared with {gate.value}")
    said = text.replace(" || ", " or ")
    if holds and scheme is Scheme.SEMVER and BACKPORTED.search(value):
        return Answer(
            None, f"{word} {value} is in the affected range, but may have the fix taken back"
        )
    if fixed:
        return Answer(False, f"{word} {value} has the fix (affected: {said})", fixed=True)
    return Answer(
        holds, f"{word} {value} is {'' if holds else 'not '}in the affected range ({said})"
    )


def fixed_by_version(bug: Bug, facts: GateFacts, node: NodeGate | None) -> Answer | None:
    """The fix as the versions of ``affected`` show it: a veto, a doubt, or None for silence.

    A running version that no row covers and that is at or above the fix of its line has the fix.
    An inferred bound may be off by a release, so it never vetoes.
    """
    for package in dict.fromkeys(row.package for row in bug.affected):
        rows = [row for row in bug.affected if row.package == package]
        if any(row.fixed is None for row in rows):
            continue
        values = values_of(_PACKAGES.get(package, package), facts, node)
        if values and all(_has_fix(value, rows) for value in values):
            stated = all(row.basis is Basis.STATED for row in rows)
            bounds = ", ".join(str(row.fixed) for row in rows)
            how = "has the fix" if stated else "seems to have the fix"
            why = f"{package} {', '.join(values)} {how} ({bounds})"
            return Answer(False if stated else None, why, fixed=stated, stated=stated)
    return None


def states_range(bug: Bug) -> bool:
    """True where a row of ``affected`` has a bound."""
    return any(row.introduced or row.fixed for row in bug.affected)


def covering_rows(
    bug: Bug, facts: GateFacts, node: NodeGate | None
) -> tuple[tuple[Affected, str], ...]:
    """Rows with a fix whose range holds a running version, with that version."""
    return tuple(
        (row, value)
        for row in bug.affected
        if row.fixed
        for value in values_of(_PACKAGES.get(row.package, row.package), facts, node)
        if _lies_in(value, row)
    )


def package_values(bug: Bug, facts: GateFacts, node: NodeGate | None) -> tuple[str, ...]:
    """The versions that run of the packages that have the bug, each with its name."""
    asked = dict.fromkeys(_PACKAGES.get(row.package, row.package) for row in bug.affected)
    return tuple(
        f"{WORDS.get(fact, fact)} {value}"
        for fact in asked
        for value in values_of(fact, facts, node)
    )


def runs_affected(
    bug: Bug, facts: GateFacts, node: NodeGate | None, *, below_fix: bool = True
) -> bool:
    """True where a running version lies in a range of ``affected``.

    With ``below_fix`` only rows with a fix count: the version is shown to be below it.
    """
    return any(
        _lies_in(value, row)
        for row in bug.affected
        if row.fixed or (row.introduced and not below_fix)
        for value in values_of(_PACKAGES.get(row.package, row.package), facts, node)
    )


def _lies_in(value: str, row: Affected) -> bool:
    try:
        if row.introduced and compare(value, row.introduced, row.scheme) < 0:
            return False
        return row.fixed is None or compare(value, row.fixed, row.scheme) < 0
    except NotComparable:
        return False


def _has_fix(value: str, rows: list[Affected]) -> bool:
    try:
        if any(_covers(value, row) for row in rows):
            return False
        return any(row.fixed and compare(value, row.fixed, row.scheme) >= 0 for row in rows)
    except NotComparable:
        return False


def _covers(value: str, row: Affected) -> bool:
    if row.introduced and compare(value, row.introduced, row.scheme) < 0:
        return False
    return bool(row.fixed) and compare(value, str(row.fixed), row.scheme) < 0
