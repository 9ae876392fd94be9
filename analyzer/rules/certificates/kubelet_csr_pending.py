"""Certificates that kubelets ask for are not approved.

What it means:
  A kubelet asks the cluster for the certificate by which the API server knows it. Nobody approves
  the request.
Why it matters:
  kubectl logs, exec and port-forward to that node fail (tls: internal error), and metrics of the
  node are missing.
How we know:
  Requests for kubernetes.io/kubelet-serving of nodes that are there, with no condition at all, made
  more than half an hour before the collection, and no later approved one of the same node. AKS
  approves them by itself within a minute; a request whose names or addresses do not fit the node
  stays open.
What to do:
  customer: Compare the request with the node's addresses (kubectl get csr -o wide; openssl req);
    upgrade the node image, or approve it by hand (kubectl certificate approve NAME) meanwhile.
  microsoft: Look at the approval of kubelet certificates in the control plane of this cluster.
References:
  - Certificate rotation in AKS: https://learn.microsoft.com/azure/aks/certificate-rotation
  - Signing requests: https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.more_listings import SigningRequests
from analyzer.facts.objects import AnyObject
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CRT-003",
    title="Certificates that kubelets ask for are not approved",
    component="kubelet",
    clauses=("MGD-01", "NODE-03"),
    signals=frozenset({Signal.NODE_AGENT, Signal.UNHEALTHY, Signal.CHANGE_NOT_CHECKED}),
)

PATIENCE = timedelta(minutes=30)
_SIGNER = "kubernetes.io/kubelet-serving"
_USER = "system:node:"


def check(requests: SigningRequests, nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    now = identity.collected_at
    there = {node.name for node in nodes.items}
    by_node: dict[str, list[AnyObject]] = {}
    for item in requests.items:
        user = str(item.spec.get("username") or "")
        if item.spec.get("signerName") == _SIGNER and user.removeprefix(_USER) in there:
            by_node.setdefault(user.removeprefix(_USER), []).append(item)
    for node, own in sorted(by_node.items()):
        open_ = [item for item in own if not item.status.get("conditions")]
        first = min((t for i in open_ if (t := _made(i))), default=None)
        answered = [t for i in own if i.status.get("conditions") and (t := _made(i))]
        if first is None or now is None or now - first < PATIENCE:
            continue
        if any(time > first for time in answered):
            continue
        yield Hit(
            subject=Subject(kind="Node", name=node),
            title="Certificates that kubelets ask for are not approved",
            saw=f"{len(open_)} requests of node {node} have been open since "
            f"{first:%Y-%m-%d %H:%M} UTC.",
            expected="A request is approved within a minute.",
            evidence=(open_[0].where(f"signerName: {_SIGNER}"),),
            group="kubelet-serving",
            first_seen=first,
            last_seen=now,
            count=len(open_),
        )


def _made(item: AnyObject) -> datetime | None:
    return item.metadata.creation_timestamp
