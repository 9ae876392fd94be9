"""What to do about a bug here: the fix on the line of versions that runs, and the workaround."""

from __future__ import annotations

import re

from analyzer.bugs.aks_fixes import same_line
from analyzer.bugs.gates import (
    GateFacts,
    NodeGate,
    covering_rows,
    package_values,
)
from analyzer.bugs.schema import Bug
from analyzer.bugs.sightings import BugSighting

#: Packages that come with the node image, as people say them.
_WITH_IMAGE = {
    "containerd": "containerd", "runc": "runc", "linux-azure": "kernel", "linux-kernel": "kernel",
    "kernel-azl3": "kernel", "kernel": "kernel", "systemd": "systemd",
}  # fmt: skip
_WORDS = {"kubernetes": "Kubernetes", "kube-proxy": "kube-proxy", "node-image": "the node image"}
#: A clause of a workaround that says no more than the fix does.
_UPGRADE = re.compile(
    r"^(?:then |or )?(?:upgrade|take)\b(?!.{0,80}(?:\bor\b(?! later)|: ))", re.IGNORECASE
)
_LINKS = 3
#: Remarks in brackets, and where one image of a list ends.
_ASIDE = re.compile(r"\s*\([^)]*\)")
_IMAGE = re.compile(r".{0,40}?(?<!\d)20\d{2}\.?\d{2}\.?\d{2}(?:\.\d+)?(?!\d)")
_BETWEEN_IMAGES = re.compile(r"\s*[;,]\s+|\s+/\s+")


def fix_for(bug: Bug, runs: GateFacts, node: NodeGate | None) -> str:
    """The fix for what runs here, as an end of a sentence; empty where nobody states one."""
    for row, value in covering_rows(bug, runs, node):
        word = _WITH_IMAGE.get(row.package)
        if word is not None:
            image = _image(bug, node)
            example = f", for example {image}" if image else ""
            return f"a node image with {word} {row.fixed} or later ({value} runs here){example}"
        if row.package == "node-image":
            return f"node image {row.fixed} or later ({value} runs here)"
        name = _WORDS.get(row.package, row.package)
        return f"{name} {row.fixed} or later ({value} runs here)"
    image = _image(bug, node)
    if image:
        return f"node image {image}"
    if bug.aks.fix_release:
        return f"the AKS release of {bug.aks.fix_release} or later"
    versions = [text for text in bug.fixed_in if re.match(r"\D*\d", text) and "#" not in text]
    if versions:
        named = (f"{bug.component} {text}" if text[0].isdigit() else text for text in versions)
        return " or ".join(named)
    stated = [f"{row.package} {row.fixed}" for row in bug.affected if row.fixed]
    return f"{' or '.join(stated)} or later" if stated else ""


def next_step(bug: Bug, runs: GateFacts, node: NodeGate | None) -> str:
    """Sentences for whoever acts: the fix that fits, the workaround, and where to report it."""
    if bug.type == "behaviour-change":
        return f"It is so by design. {bug.workaround}"
    ours = bug.default_category in ("upstream-bug", "microsoft-managed")
    fix = fix_for(bug, runs, node)
    parts = [f"Move to {fix}."] if fix else [_no_fix(bug, runs, node)] if ours else []
    workaround = _beside_upgrade(bug.workaround) if fix else bug.workaround.rstrip(".")
    if workaround and ours:
        parts.append(f"{'Until then' if fix else 'Workaround'}: {workaround}.")
    elif workaround:
        parts.append(f"{workaround}.")
    if bug.links and ours and (not fix or bug.microsoft_owned):
        parts.append(f"Report it to AKS with {', '.join(bug.links[:_LINKS])}.")
    return " ".join(parts)


def advised(sighting: BugSighting, runs: GateFacts) -> tuple[str, str]:
    """``fix_for`` and ``next_step`` on the node where the bug was seen (the first of several)."""
    names = [
        one.name if one.kind == "Node" else one.node or ""
        for one in (sighting.subject, *sighting.affects)
    ]
    node = next((runs.nodes[name] for name in names if name in runs.nodes), None)
    return fix_for(sighting.bug, runs, node), next_step(sighting.bug, runs, node)


def _no_fix(bug: Bug, runs: GateFacts, node: NodeGate | None) -> str:
    values = package_values(bug, runs, node)
    shown = f" ({', '.join(values[:3])} runs here)" if values else ""
    if bug.fixed_in:
        return f"The fix: {'; '.join(bug.fixed_in)}."
    return f"No version with a fix is stated{shown}: wait for one, and watch the bug's links."


def _beside_upgrade(workaround: str) -> str:
    """What a workaround asks for beside the fix itself."""
    clauses = workaround.rstrip(".").split("; ")
    kept = [clause for clause in clauses if not _UPGRADE.match(clause)]
    text = "; ".join(kept)
    return text[:1].upper() + text[1:]


def _image(bug: Bug, node: NodeGate | None) -> str:
    """The node image with the fix, of the line that runs on the node where several are named."""
    text = _ASIDE.sub("", bug.aks.fix_node_image or "")
    parts = [part.strip() for part in _BETWEEN_IMAGES.split(text)]
    found = [match[0] for part in parts if part[:1] != "a" and (match := _IMAGE.match(part))]
    own = node.node_image if node is not None else None
    mine = [one for one in found if own and same_line(one, own)]
    return (mine or found or [""])[0]
