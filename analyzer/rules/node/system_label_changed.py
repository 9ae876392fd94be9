"""A label that AKS writes on its nodes was changed or removed.

What it means:
  A node lacks a label of the system, or has it with another value than AKS gave it.
Why it matters:
  AKS and Kubernetes choose nodes by these labels: agents of the platform do not run on the node,
  or pods go to the wrong one. Metadata that the system created must not be changed.
How we know:
  The labels of every node against those that AKS writes for this network mode, and against the
  other nodes of its pool. Who did it is read from the managed fields. A label that no node of
  that kind has belongs to another version of AKS and is not missed; own labels are the customer's
  to add.
What to do:
  customer: Put the label back (kubectl label node NODE KEY=VALUE --overwrite), or replace the
    node by a node image upgrade; set own labels through the node pool (az aks nodepool update
    --labels).
  microsoft: Find out which of the service's own writers left the label out.
References:
  - Labels in AKS: https://learn.microsoft.com/azure/aks/use-labels
  - Well-known labels: https://kubernetes.io/docs/reference/labels-annotations-taints/
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.attribution import Change
from analyzer.baselines.node_images import LABEL as IMAGE
from analyzer.baselines.node_metadata import is_reserved, label_rows, required_labels
from analyzer.facts.command_words import plain
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes
from analyzer.facts.objects import Node
from analyzer.model.hit import DriftRow
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._nodes import counted, pools_of, settled
from analyzer.rules.node._peers import agreed, author, customer_wrote, peers_of

RULE = Rule(
    id="AKS-NODE-007",
    title="A label that AKS writes on nodes was changed",
    component="node-metadata",
    clauses=("SHR-04", "LBL-01"),
)

#: Labels whose value is each node's own.
OF_ITS_OWN = frozenset(
    {"kubernetes.io/hostname", "topology.kubernetes.io/zone", "topology.disk.csi.azure.com/zone"}
)
#: Reserved domains in which customers label nodes as a matter of course.
COMMON = ("node-role.kubernetes.io/", "node.kubernetes.io/", "topology.kubernetes.io/")


def check(nodes: Nodes, identity: Identity) -> Iterator[Hit]:
    nodes.require()
    known = [node for node in nodes.items if settled(node, identity.collected_at)]
    found = [(node, rows) for node in known if (rows := _rows(node, known, identity))]
    changed = {node.name for node, _ in found}
    whole = any(
        pool and {n.name for n in own} <= changed for pool, own in pools_of(nodes.items).items()
    )
    for node, rows in found:
        yield _hit(node, rows, [n.name for n, r in found if _key(r) == _key(rows)], whole=whole)


def _rows(node: Node, nodes: list[Node], identity: Identity) -> tuple[DriftRow, ...]:
    """What differs on a node, and was there: told by who took it, or by its peers."""
    rows = [row for r in label_rows(node, identity) if (row := _shown(node, r, nodes)) is not None]
    told = {row.path for row in rows}
    rows += [row for row in _written(node, nodes) if row.path not in told]
    return tuple(rows)


def _shown(node: Node, row: DriftRow, nodes: list[Node]) -> DriftRow | None:
    """A missing or impossible label, if its peers have it or a customer's tool wrote it."""
    key = row.path.removeprefix("metadata.labels[").rstrip("]")
    who = author(node, row.path, "metadata.labels")
    peers = peers_of(node, nodes)
    if who is None:  # nodes of another version of AKS may have other labels
        peers = [peer for peer in peers if _version(peer) == _version(node)]
    if key in OF_ITS_OWN:
        has = agreed(peers, lambda n: "set" if key in n.metadata.labels else None)
        usual = has and "a value of the node's own"
    else:
        usual = agreed(peers, lambda n: n.metadata.labels.get(key))
    if usual is None and who is None:
        return None
    return _signed(row.model_copy(update={"expected": usual or row.expected}), who)


def _version(node: Node) -> tuple[str | None, str | None]:
    return node.metadata.labels.get(IMAGE), node.status.node_info.kubelet_version


def _written(node: Node, nodes: list[Node]) -> Iterator[DriftRow]:
    """System labels that a customer's tool wrote, with another value than the peers have."""
    if not customer_wrote(node):
        return
    required = {label.key for label in required_labels()}
    for key, value in sorted(node.metadata.labels.items()):
        if not is_reserved(key) or (key.startswith(COMMON) and key not in required):
            continue
        path = f"metadata.labels[{key}]"
        who = author(node, path)
        usual = agreed(peers_of(node, nodes), lambda n, k=key: n.metadata.labels.get(k))  # type: ignore[misc]
        own_value = key in OF_ITS_OWN and value in (node.name, usual)
        if who is None or value == usual or own_value or (usual is None and key not in required):
            continue
        yield _signed(DriftRow(path=path, expected=usual or "AKS's own value", actual=value), who)


def _signed(row: DriftRow, who: Change | None) -> DriftRow:
    if who is None:
        return row
    return row.model_copy(update={"changed_by": str(who), "changed_at": who.time})


def _key(rows: tuple[DriftRow, ...]) -> str:
    return "|".join(f"{row.path}={row.actual}" for row in rows)


def _hit(node: Node, rows: tuple[DriftRow, ...], alike: list[str], *, whole: bool) -> Hit:
    signed = [row for row in rows if row.changed_by]
    keys = [row.path.removeprefix("metadata.labels[").rstrip("]") for row in rows]
    said = "; ".join(
        f"{k} is {r.actual}, not {r.expected}" for k, r in zip(keys, rows, strict=True)
    )
    who = f" Changed by {signed[0].changed_by}." if signed else " Who changed it is not shown."
    author_known = Signal.CHANGED_BY_CUSTOMER if signed else Signal.CHANGED_BY_UNKNOWN
    present = next((k for k in keys if k in node.metadata.labels), None)
    anchors = ("labels", f"{present}: {node.metadata.labels[present]}") if present else ("labels",)
    return Hit(
        subject=node.subject,
        title=f"Label {keys[0]} of {counted(alike, 'node', 'nodes')} was changed",
        saw=f"On {node.name}: {said}.{who}",
        expected="Labels of the system are as AKS wrote them.",
        evidence=(
            node.where(*anchors),
            *((node.where("managedFields", f"manager: {_manager(signed[0])}"),) if signed else ()),
        ),
        variant="default" if signed else "author-unknown",
        group=_key(rows) if len(alike) > 1 else None,
        signals=frozenset({Signal.SYSTEM_METADATA_CHANGED, author_known}),
        first_seen=signed[0].changed_at if signed else None,
        drift=rows,
        produces=frozenset({"no-capacity"}) if whole else None,
        would_change=() if signed else (_AUDIT,),
        do_next=_put_back(node, keys[0], rows[0].expected),
    )


def _put_back(node: Node, key: str, value: str) -> str | None:
    """The command with the label's own value; None where that is not known."""
    if not plain(node.name, key, value):
        return None
    command = f"kubectl label node {node.name} {key}={value} --overwrite"
    return (
        f"Put the label back ({command}), or replace the node by a node image upgrade; set own "
        "labels through the node pool (az aks nodepool update --labels)."
    )


def _manager(row: DriftRow) -> str:
    """The field manager of a row's author, which stands in brackets after its tool."""
    return (row.changed_by or "").partition("(")[2].partition(")")[0]


_AUDIT = "An audit log that shows AKS itself writing the label would make it Microsoft's."
