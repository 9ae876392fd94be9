"""A node is not set up as its node image and AKS set it up.

What it means:
  The node has a kernel setting that AKS never sets, a kubelet flag with another value than AKS's, a
  container runtime that its node image does not carry, or a kernel that is not Azure's build.
Why it matters:
  Nobody tested this combination, and the next node image upgrade undoes it. A node that was changed
  on the machine makes the cluster unsupportable.
How we know:
  The node's own files and its report to the API server, against the data on AKS's settings and node
  images. Values that custom node configuration can set, kernels and packages that patches move,
  images that the data does not know, and what the finding on a pool's odd nodes tells are left out.
What to do:
  customer: Make such settings through the node pool API (custom node configuration), and replace
    the nodes: az aks nodepool upgrade --node-image-only -g <resource group>
    --cluster-name <cluster> -n <pool>
  microsoft: Check whether a release set this up, if nobody changed the node.
References:
  - Custom node configuration: https://learn.microsoft.com/azure/aks/custom-node-configuration
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analyzer.baselines.baseline import Baseline
from analyzer.baselines.kube_versions import minor_number
from analyzer.baselines.node_config import image_rows, kernel_row, kubelet_flag_rows, sysctl_rows
from analyzer.baselines.node_settings import kubelet_flags, sysctls
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Node
from analyzer.model.evidence import EvidenceRef
from analyzer.model.hit import DriftRow
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.peers._authors import Sign, hands_on, privileged_pods
from analyzer.rules.peers._compare import told_by_peers
from analyzer.rules.peers._pool_settings import asked_for, configured

RULE = Rule(
    id="AKS-PEER-002",
    title="A node is not set up as its node image and AKS set it up",
    component="node",
    clauses=("SHR-03", "NODE-12", "CNC-01"),
    signals=frozenset({Signal.NODE_HOST}),
)

#: The flags in the data are those of these minors and later.
_FLAGS_SINCE = 25
_SHOWN = 3
_WOULD = "The activity log, the login records of the node or audit logs would name who changed it."


def check(
    nodes: Nodes,
    archives: NodeArchives | None,
    identity: Identity,
    baseline: Baseline,
    pods: Pods | None,
    azure: AzureExports | None,
) -> Iterator[Hit]:
    files: Mapping[str, NodeFiles] = archives.nodes if archives is not None else {}
    odd: dict[tuple[str, tuple[DriftRow, ...]], list[Node]] = {}
    for node in nodes.items:
        if node.windows:
            continue
        asked = configured(node.pool, azure)
        rows = _rows(node, files.get(node.name), identity)
        rows = tuple(row for row in rows if not asked_for(row, asked))
        if rows:
            odd.setdefault((node.pool, rows), []).append(node)
    told = told_by_peers(nodes, archives, identity) if odd and archives is not None else {}
    for (pool, rows), found in sorted(odd.items(), key=lambda row: (row[0][0], row[1][0].name)):
        left = [node for node in found if not {r.path for r in rows} <= told.get(node.name, set())]
        if left:
            signs = list(hands_on(tuple(n.name for n in left), nodes, pods, azure))
            own = [] if signs else _own_pods(left, nodes, pods, baseline, identity)
            yield _hit(pool, rows, left, files, signs or own, by_pods=bool(own))
    (archives or NodeArchives()).require()


def _rows(node: Node, files: NodeFiles | None, identity: Identity) -> tuple[DriftRow, ...]:
    rows = [*image_rows(node)]
    kernel = kernel_row(node)
    rows += [kernel] if kernel is not None else []
    if files is not None and "host/sysctl" in files.files:
        settings = sysctls(files.files["host/sysctl"].text)
        rows += sysctl_rows(settings, byocni=identity.network.byocni is not False)
    minor = minor_number(node.status.node_info.kubelet_version)
    if files is not None and minor is not None and minor >= _FLAGS_SINCE:
        text = files.files["kubelet/flags"].text if "kubelet/flags" in files.files else ""
        rows += kubelet_flag_rows(kubelet_flags(text), f"1.{minor}")
    return tuple(rows)


def _own_pods(
    left: list[Node], nodes: Nodes, pods: Pods | None, baseline: Baseline, identity: Identity
) -> list[Sign]:
    """Privileged pods of the customer that run on just these nodes."""
    names = tuple(node.name for node in left)
    others = tuple(node.name for node in nodes.items if node.name not in names)
    return [
        Sign(
            f"The privileged pod {pod.namespace}/{pod.name} of the customer runs there.",
            pod.where("privileged: true"),
        )
        for pod in privileged_pods(names, others, pods, baseline, identity)
    ]


def _hit(
    pool: str,
    rows: tuple[DriftRow, ...],
    left: list[Node],
    files: Mapping[str, NodeFiles],
    told: list[Sign],
    *,
    by_pods: bool,
) -> Hit:
    first = left[0]
    one = len(left) == 1
    shown = "; ".join(f"{row.path} is {row.actual} and not {row.expected}" for row in rows[:_SHOWN])
    who = " ".join(sign.says for sign in told[:2]) or "Who did it is not shown."
    names = ", ".join(node.name for node in left[:5])
    by = Signal.OWN_DAEMONSET if by_pods else Signal.CHANGED_BY_UNKNOWN
    return Hit(
        subject=first.subject if one else Subject(kind="NodePool", name=pool),
        title=f"{_who(left, pool)} not set up as the node image and AKS set it up",
        saw=f"{names}: {shown}. {who}",
        expected="What the node image carries and AKS sets.",
        evidence=(*_places(first, rows, files), *(sign.where for sign in told[:2])),
        variant="own-workload" if by_pods else "default",
        group=f"{pool}|{'|'.join(row.path for row in rows)}",
        signals=frozenset({Signal.CHANGED_BY_CUSTOMER if told and not by_pods else by}),
        affects=tuple(node.subject for node in left),
        drift=rows,
        would_change=() if told else (_WOULD,),
        produces=frozenset(),
    )


def _who(left: list[Node], pool: str) -> str:
    if len(left) == 1:
        return f"Node {left[0].name} is"
    return f"{len(left)} nodes of pool {pool} are"


def _places(
    node: Node, rows: tuple[DriftRow, ...], files: Mapping[str, NodeFiles]
) -> Iterator[EvidenceRef]:
    archive = files.get(node.name)
    for row in rows[:_SHOWN]:
        leaf = row.path.rsplit(".", 1)[-1]
        if row.path.startswith("status."):
            yield node.where(leaf)
            continue
        item = "kubelet/flags" if row.path.startswith("--") else "host/sysctl"
        file = archive.files.get(item) if archive is not None else None
        if file is not None:
            lines = ((n, line) for n, line in file.lines() if row.path in line)
            yield file.at(next(lines, (1, ""))[0], what=f"{row.path} of {node.name}")
