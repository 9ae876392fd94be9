"""Somebody opened a shell on a node.

What it means:
  A pod of kubectl debug node/… is there, by which somebody got a shell with the node's file system.
Why it matters:
  A look is no fault, and often what support asks for. What is changed on a node in this way is lost
  when the node is replaced, and may end the support of the cluster.
How we know:
  Pods named node-debugger-<node>-… that run on the node in their name. Finished ones stay until
  somebody deletes them, so that they tell of the past too.
What to do:
  customer: Delete the pod when it is no longer needed (kubectl delete pod). Replace the node if
    something was changed on it.
References:
  - Access to nodes: https://learn.microsoft.com/azure/aks/node-access
  - Debug nodes: https://kubernetes.io/docs/tasks/debug/debug-cluster/kubectl-node-debug/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.listings import Pods
from analyzer.facts.objects import Pod
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-NODE-022",
    title="Somebody opened a shell on a node",
    component="node",
    clauses=("NODE-12", "SHR-03"),
    signals=frozenset({Signal.NODE_ACCESS}),
)


def check(pods: Pods) -> Iterator[Hit]:
    for pod in pods.require().items:
        if _debugs_node(pod):
            node = str(pod.spec.node_name)
            born = pod.metadata.creation_timestamp
            when = f" since {born:%Y-%m-%d %H:%M} UTC" if born else ""
            yield Hit(
                subject=Subject(kind="Node", name=node),
                title=f"Somebody opened a shell on node {node}",
                saw=f"Pod {pod.namespace}/{pod.name} is on {node}{when} ({pod.status.phase}).",
                expected="No debugging pod is left on a node.",
                evidence=(pod.where(f"nodeName: {node}"),),
                affects=(pod.subject,),
                first_seen=born,
            )


def _debugs_node(pod: Pod) -> bool:
    """kubectl names the pod after the node and adds five letters."""
    node = pod.spec.node_name
    return bool(node) and pod.name.startswith(f"node-debugger-{node}-")
