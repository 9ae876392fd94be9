"""What AKS says of a fix, beside versions: a node image that has it, a release that rolled it out.

A node image built after the one with the fix has it. A release says less: AKS rolls out what it
hosts or keeps on the cluster within weeks, but no version in the bundle shows it, so long after the
release the bug is only possible. What sits on the nodes does not come with a release.
Source: https://learn.microsoft.com/azure/aks/release-tracker (roll-out by region and component).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from analyzer.bugs.gates import VERSION_FACTS, Answer, GateFacts, NodeGate, runs_affected, values_of
from analyzer.bugs.schema import Bug, Gate, GateOp
from analyzer.bugs.versions import NotComparable, Scheme, compare, upper_bounds

#: A release reaches all regions within about two weeks, and clusters at their maintenance windows.
ROLLED_OUT = timedelta(days=60)
#: Components that come with the node image (or the customer's own image), never with a release.
NODE_COMPONENTS = frozenset(
    {"containerd", "gpu", "kernel", "kubelet", "node-image", "node-os", "runc", "runtime-jdk",
     "systemd", "windows"}
)  # fmt: skip
#: Packages whose version is the Kubernetes version.
_WITH_KUBERNETES = frozenset({"kubernetes", "kubelet", "kube-proxy"})
_IMAGE = re.compile(r"(?<!\d)20\d{2}\.?\d{2}\.?\d{2}(?:\.\d+)?(?!\d)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_UBUNTU = re.compile(r"Ubuntu[- ]?(\d{2}\.?\d{2})((?:/\d{2}\.?\d{2})*)")


def fixed_by_aks(
    bug: Bug, gates: Iterable[tuple[Gate, Answer]], facts: GateFacts, node: NodeGate | None
) -> Answer | None:
    """A veto (a node image with the fix), a doubt (``holds`` None), or None for silence.

    ``gates`` are the bug's gates with their answers: a version that is shown to be below the fix
    says more than a date, and one that was not collected leaves the date as a doubt.
    """
    asked = tuple(gates)
    if runs_affected(bug, facts, node) or any(_proves(bug, g, a) for g, a in asked):
        return None
    by_image = _by_image(bug, facts, node)
    if by_image is not None and any(answer.holds is None for _, answer in asked):
        return Answer(None, by_image.why)
    return by_image or _by_release(bug, facts)


def _proves(bug: Bug, gate: Gate, answer: Answer) -> bool:
    """True where a gate compared the component's own version with its fix."""
    if not answer.holds or gate.fact not in VERSION_FACTS:
        return False
    ranged = gate.op is GateOp.RANGE and bool(upper_bounds(gate.value))
    bounded = gate.op in (GateOp.LT, GateOp.EQ) or ranged
    if gate.fact != "server_version":
        return bounded
    return bounded and any(a.fixed and a.package in _WITH_KUBERNETES for a in bug.affected)


def _by_image(bug: Bug, facts: GateFacts, node: NodeGate | None) -> Answer | None:
    text = bug.aks.fix_node_image or ""
    bounds = [_dotted(found) for found in _IMAGE.findall(text)]
    images = values_of("node_image", facts, node)
    if not bounds or not images:
        return None
    bound = max(bounds, key=lambda b: [int(part) for part in b.split(".")])
    try:
        newer = all(compare(image, bound, Scheme.NODE_IMAGE) >= 0 for image in images)
    except NotComparable:
        return None
    if not newer:
        return None
    why = f"Node image {', '.join(images)} is not older than the one with the fix ({bound})"
    sure = "inferred" not in text and _same_lines(text, images)
    return Answer(False if sure else None, why, fixed=sure)


def _dotted(text: str) -> str:
    """``20250317`` and ``2021.03.09`` as ``202503.17`` and ``202103.09``."""
    digits = text.replace(".", "")
    build = f".{digits[8:]}" if digits[8:] else ""
    return f"{digits[:6]}.{digits[6:8]}{build}"


def _same_lines(text: str, images: Iterable[str]) -> bool:
    """True where the text names no OS, or that of every image: lines get a fix apart."""
    named = _lines(text)
    return not named or all(_lines(image) & named for image in images)


def same_line(text: str, image: str) -> bool:
    """True where a text that names node images names the OS line of ``image``."""
    return bool(_lines(text) & _lines(image))


def _lines(text: str) -> frozenset[str]:
    found = {part.replace(".", "") for one, more in _UBUNTU.findall(text)
             for part in f"{one}{more}".split("/")}  # fmt: skip
    if re.search(r"Azure ?Linux", text):
        found.add("azurelinux")
    if "Windows" in text:
        found.add("windows")
    return frozenset(found)


def _by_release(bug: Bug, facts: GateFacts) -> Answer | None:
    dates = _DATE.findall(bug.aks.fix_release or "")
    if not dates or facts.collected_at is None or bug.component in NODE_COMPONENTS:
        return None
    released = datetime.fromisoformat(max(dates)).replace(tzinfo=UTC)
    if facts.collected_at - released <= ROLLED_OUT:
        return None
    why = (
        f"AKS lists the fix in its release of {max(dates)}, "
        f"{(facts.collected_at - released).days} days before this collection"
    )
    return Answer(None, why)
