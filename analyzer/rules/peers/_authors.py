"""What shows who may have changed a node: debug pods, commands run from Azure, privileged pods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.markers import is_managed_namespace, whose
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.objects import Pod
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected

#: The name that ``kubectl debug node/…`` gives its pods.
_DEBUG = "node-debugger-"
_COMMANDS = ("/runcommand/action", "/runcommands/write")
_CNI_AGENTS = ("azure-cns", "cilium", "calico-node", "azure-cni")


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign of a hand on a node, as a sentence with its place."""

    says: str
    where: EvidenceRef


def hands_on(
    names: tuple[str, ...], nodes: Nodes, pods: Pods | None, azure: AzureExports | None
) -> Iterator[Sign]:
    """Signs that somebody worked on these very nodes."""
    for pod in pods.items if pods is not None else ():
        if pod.name.startswith(_DEBUG) and pod.spec.node_name in names:
            says = (
                f"Somebody opened a shell on {pod.spec.node_name} (pod {pod.namespace}/{pod.name})."
            )
            yield Sign(says, pod.where(f"nodeName: {pod.spec.node_name}"))
    yield from _commands(names, nodes, azure)


def _commands(names: tuple[str, ...], nodes: Nodes, azure: AzureExports | None) -> Iterator[Sign]:
    """Commands that a person ran on the VMs of these nodes through Azure."""
    machines = {
        (node.spec.provider_id or "").lower().removeprefix("azure://"): node.name
        for node in nodes.items
        if node.name in names and node.spec.provider_id
    }
    try:
        rows = azure.rows("activity-log") if azure is not None else ()
    except NotCollected:
        return
    for row in rows:
        operation = row.get("operationName")
        name = str(operation.get("value") if isinstance(operation, dict) else operation).lower()
        caller, stamp = str(row.get("caller") or ""), str(row.get("eventTimestamp") or "")
        resource = str(row.get("resourceId") or "").lower()
        node = next((n for machine, n in machines.items() if resource.startswith(machine)), None)
        if node and name.endswith(_COMMANDS) and "@" in caller and azure is not None:
            where = azure.where(
                "activity-log", f"eventTimestamp: {stamp}", what=f"command on {node}"
            )
            yield Sign(f"{caller} ran a command on {node} through Azure at {stamp}.", where)


def privileged_pods(
    odd: tuple[str, ...],
    others: tuple[str, ...],
    pods: Pods | None,
    baseline: Baseline,
    identity: Identity,
) -> list[Pod]:
    """Pods of the customer that can change their host, and run on every odd node and no other."""
    found: dict[tuple[str, str, str], dict[str, Pod]] = {}
    for pod in pods.items if pods is not None else ():
        if pod.spec.node_name and not pod.name.startswith(_DEBUG) and _privileged(pod):
            kind, name = pod.controller or ("Pod", pod.name)
            found.setdefault((kind, pod.namespace or "", name), {})[pod.spec.node_name] = pod
    return [
        on[odd[0]]
        for _, on in sorted(found.items())
        if set(odd) <= set(on)
        and not set(others) & set(on)
        and _customers(on[odd[0]], baseline, identity)
    ]


def _privileged(pod: Pod) -> bool:
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    return any(c.security_context and c.security_context.privileged for c in containers)


def _customers(pod: Pod, baseline: Baseline, identity: Identity) -> bool:
    verdict = whose(pod, baseline.catalogue, identity)
    return verdict.owner == "customer" or (
        not verdict.managed and not is_managed_namespace(pod.namespace)
    )


def cni_rolls(odd: tuple[str, ...], others: tuple[str, ...], pods: Pods | None) -> bool:
    """True where the agents that write the CNI's files differ in image between the nodes."""
    images: dict[str, set[tuple[str, ...]]] = {}
    for pod in pods.items if pods is not None else ():
        agent = pod.controller is not None and pod.controller[1].startswith(_CNI_AGENTS)
        if agent and pod.spec.node_name in (*odd, *others):
            parts = (*pod.spec.init_containers, *pod.spec.containers)
            name = pod.controller[1] if pod.controller else ""
            images.setdefault(name, set()).add(tuple(part.image for part in parts))
    return any(len(sets) > 1 for sets in images.values())
