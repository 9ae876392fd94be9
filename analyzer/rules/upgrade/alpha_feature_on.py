"""An alpha feature of Kubernetes is switched on.

What it means:
  A feature gate in its alpha stage is on: in the API server, or in the kubelets of some nodes.
Why it matters:
  Alpha features may have bugs and may go without notice; AKS does not support them unless its
  documents say so.
How we know:
  The feature gates that the API server reports with their stage, and the gates in the kubelets'
  configuration and flags, read by the stages that the API server gives for the same names.
What to do:
  customer: Switch the gate off where you switched it on (custom node configuration, a preview
    feature of the subscription, or a change on the node), and use the stable feature once it is
    there.
  microsoft: Say whether the service switched the gate on by itself.
References:
  - Feature gates: https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
  - Support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.facts import ApiServer
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.parse.api_health import FeatureGate
from analyzer.facts.parse.host import parse_json
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-VER-003",
    title="An alpha feature of Kubernetes is on",
    component="feature-gates",
    clauses=("PRE-01", "PRE-03"),
    signals=frozenset({Signal.ALPHA_FEATURE}),
)

ALPHA = "ALPHA"
#: Kubernetes writes it into the names of gates that stay alpha (CPUManagerPolicyAlphaOptions), and
#: the API server does not know all of the kubelet's.
BY_NAME = "Alpha"
_FLAG = re.compile(r"--feature-gates=(?P<gates>[\w=,]+)")


def check(api_server: ApiServer, archives: NodeArchives | None) -> Iterator[Hit]:
    gates = api_server.feature_gates()
    on = [gate for gate in gates if gate.stage == ALPHA and gate.enabled]
    if on:
        yield _of_api_server(on)
    alpha = {gate.name for gate in gates if gate.stage == ALPHA}
    for archive in archives or ():
        for name, where in _of_kubelet(archive, alpha):
            yield Hit(
                subject=Subject(kind="Node", name=archive.node),
                title=f"The alpha feature {name} is on in kubelets",
                saw=f"The kubelet of {archive.node} runs with {name}, which is alpha.",
                expected="No alpha feature is on.",
                evidence=(where,),
                variant="kubelet",
                group=f"kubelet|{name}",
            )


def _of_api_server(on: list[FeatureGate]) -> Hit:
    names = [gate.name for gate in on]
    several = len(names) > 1
    what = "Alpha features are" if several else "An alpha feature is"
    return Hit(
        subject=Subject(kind="Component", name="kube-apiserver"),
        title=f"{what} on in the API server",
        saw=f"The API server reports as on: {', '.join(names[:8])} (stage alpha).",
        expected="No alpha feature is on.",
        evidence=tuple(gate.where for gate in on[:4]),
        would_change=(
            "A document of AKS that offers the feature, or word from Microsoft that the service "
            "itself switched it on, would make it Microsoft's.",
        ),
    )


def _of_kubelet(archive: NodeFiles, alpha: set[str]) -> Iterator[tuple[str, EvidenceRef]]:
    """Alpha gates that a node's kubelet was started with, and where they stand."""
    found: dict[str, EvidenceRef] = {}
    config = archive.files.get("kubelet/config.json")
    document = parse_json(config) if config is not None else None
    gates = document.get("featureGates") if isinstance(document, dict) else None
    for name, value in gates.items() if isinstance(gates, dict) and config is not None else ():
        place = config.find(rf'"{re.escape(str(name))}"') if config is not None else None
        if value is True and place is not None:
            found[str(name)] = place
    flags = archive.files.get("kubelet/flags")
    if flags is not None:
        found |= dict(_flagged(flags))
    yield from ((name, found[name]) for name in sorted(found) if name in alpha or BY_NAME in name)


def _flagged(flags: TextFile) -> Iterator[tuple[str, EvidenceRef]]:
    for number, line in flags.lines():
        for match in _FLAG.finditer(line):
            for gate in match["gates"].split(","):
                name, _, value = gate.partition("=")
                if value == "true":
                    yield name, flags.at(number)
