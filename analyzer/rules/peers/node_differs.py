"""A node differs from the other nodes of its pool.

What it means:
  Nodes of one pool, node image, version and VM size are set up alike. This one is not: a kernel
  setting, the kubelet's or the runtime's settings, a package, a mount, the frame of the packet
  filter, or the CNI on it are others than on the rest.
Why it matters:
  Pods behave differently on it, the next node image upgrade undoes it, and a node that was
  changed on the machine makes the cluster unsupportable.
How we know:
  The nodes' own files, without what names a node or moves by itself, compared with those of most
  of its peers. Differences that go with the age of the nodes are left out, for AKS sets new nodes
  up with its newest release; so are those of an agent that is being rolled out, versions of patched
  packages, and settings that the pool's custom node configuration names. A shell or a command on
  the node, or a privileged pod on the odd nodes alone, tells where it comes from.
What to do:
  customer: Replace the node (az aks nodepool upgrade --node-image-only, or delete the machine
    with az aks nodepool delete-machines), and make such settings through the node pool API
    (custom node configuration) or a DaemonSet.
  microsoft: Compare the provisioning of this node with that of its peers.
References:
  - Custom node configuration: https://learn.microsoft.com/azure/aks/custom-node-configuration
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.baselines.baseline import Baseline
from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.node_files import NodeArchives
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.peers._authors import Sign, cni_rolls, hands_on, privileged_pods
from analyzer.rules.peers._compare import (
    FRAMED,
    OF_CNI,
    Odd,
    by_age,
    comparable,
    line_of,
    odd_ones,
    without,
)
from analyzer.rules.peers._pool_settings import configured

RULE = Rule(
    id="AKS-PEER-001",
    title="A node differs from the other nodes of its pool",
    component="node",
    clauses=("SHR-03", "NODE-12", "CNC-01"),
    signals=frozenset({Signal.NODE_HOST}),
)

#: What a changed setting breaks on its node, where that is certain.
BREAKS = {
    "net.ipv4.ip_forward": frozenset({"no-pod-network", "no-service-routing"}),
    "net.bridge.bridge-nf-call-iptables": frozenset({"no-service-routing"}),
}
_MAX_ROWS = 12
_SHOWN = 3


def check(
    nodes: Nodes,
    archives: NodeArchives,
    identity: Identity,
    baseline: Baseline,
    pods: Pods | None,
    azure: AzureExports | None,
) -> Iterator[Hit]:
    groups = comparable(nodes, archives)
    if not groups:
        raise NotApplicable("no pool has three nodes of one image, version and size")
    managed_cni = identity.network.byocni is False
    for cohort, present in groups.items():
        found: dict[tuple[str, ...], list[Odd]] = {}
        asked = configured(cohort.pool, azure)
        for seen in odd_ones(cohort, present, identity, with_cni=managed_cni):
            odd = without(seen, asked)
            if odd is not None and not _explained(odd, nodes, pods):
                found.setdefault(odd.nodes, []).append(odd)
        for names, differences in sorted(found.items()):
            signs = list(hands_on(names, nodes, pods, azure))
            own = _by_own_pods(differences, pods, baseline, identity) if not signs else []
            yield _hit(names, differences, signs, own)


def _explained(odd: Odd, nodes: Nodes, pods: Pods | None) -> bool:
    """True where AKS's own doing accounts for it."""
    if odd.aspect in OF_CNI and cni_rolls(odd.nodes, odd.majority, pods):
        return True
    return not odd.never and by_age(odd, nodes)


def _by_own_pods(
    found: list[Odd], pods: Pods | None, baseline: Baseline, identity: Identity
) -> list[Sign]:
    """Privileged pods of the customer, which can set kernel settings and CNI files."""
    majority = tuple(sorted(set().union(*(odd.majority for odd in found))))
    return [
        Sign(
            f"The privileged pod {pod.namespace}/{pod.name} of the customer runs there and on none "
            "of the others.",
            pod.where("privileged: true"),
        )
        for pod in privileged_pods(found[0].nodes, majority, pods, baseline, identity)
    ]


def _hit(names: tuple[str, ...], found: list[Odd], signs: list[Sign], own: list[Sign]) -> Hit:
    cohort = found[0].cohort
    rows = [row for odd in found for row in odd.rows]
    one = len(names) == 1
    subject = (
        Subject(kind="Node", name=names[0]) if one else Subject(kind="NodePool", name=cohort.pool)
    )
    who = f"Node {names[0]} differs" if one else f"{len(names)} nodes of pool {cohort.pool} differ"
    told = signs or own
    return Hit(
        subject=subject,
        title=f"{who} from the other nodes of the pool",
        saw=f"{', '.join(names[:5])}: {'; '.join(map(_sentence, found))}. {_who(told)}",
        expected=f"The same as on {len(found[0].majority)} other nodes of the pool {cohort.pool} "
        f"with the image {cohort.image}.",
        evidence=(*(_where(odd) for odd in found), *(sign.where for sign in told[:2])),
        variant=_variant(found, told=bool(signs), own=bool(own)),
        group=f"{cohort.pool}|{','.join(names)}",
        signals=_signals(signs, own, weak=_is_weak(found, told=bool(told))),
        affects=tuple(Subject(kind="Node", name=name) for name in names),
        drift=tuple(rows[:_MAX_ROWS]),
        produces=_effects(found),
        would_change=() if told else (_WOULD,),
    )


def _variant(found: list[Odd], *, told: bool, own: bool) -> str:
    if any(odd.never for odd in found):
        return "never-of-aks"
    if own:
        return "own-workload"
    return "weak" if _is_weak(found, told=told) else "default"


def _is_weak(found: list[Odd], *, told: bool) -> bool:
    """True where nobody was seen, and updates and agents bring such differences too."""
    return not told and {odd.aspect for odd in found} <= {"packages", "mounts"}


_WOULD = "The activity log, the login records of the node or audit logs would name who changed it."


def _signals(signs: list[Sign], own: list[Sign], *, weak: bool) -> frozenset[Signal]:
    """What is weak does not end the support of a cluster before its author is known."""
    if signs:
        return frozenset({Signal.CHANGED_BY_CUSTOMER, Signal.NODE_DIFFERS})
    if own:
        return frozenset({Signal.OWN_DAEMONSET, Signal.NODE_DIFFERS})
    differs = frozenset() if weak else frozenset({Signal.NODE_DIFFERS})
    return differs | {Signal.CHANGED_BY_UNKNOWN}


def _effects(found: list[Odd]) -> frozenset[str]:
    keys = {row.path for odd in found for row in odd.rows}
    effects = frozenset().union(*(BREAKS[key] for key in BREAKS.keys() & keys))
    cni = any(odd.aspect in OF_CNI for odd in found)
    return effects | (frozenset({"no-pod-network"}) if cni else frozenset())


def _sentence(odd: Odd) -> str:
    shown = [f"{row.path} is {row.actual} and not {row.expected}" for row in odd.rows[:_SHOWN]]
    more = f" and {len(odd.rows) - _SHOWN} more" if len(odd.rows) > _SHOWN else ""
    never = f"; AKS sets {', '.join(sorted(odd.never))} so on no node" if odd.never else ""
    return f"{odd.what}: {', '.join(shown)}{more}{never}"


def _who(told: list[Sign]) -> str:
    if told:
        return " ".join(sign.says for sign in told[:2])
    return "Neither the age of the nodes nor a roll-out explains it, and who did it is not shown."


def _where(odd: Odd) -> EvidenceRef:
    what = f"{odd.what} of {odd.nodes[0]}"
    number = line_of(odd)
    if odd.aspect not in FRAMED:
        return odd.file.at(number, what=what)
    line = odd.file.at(number).excerpt or ""
    return EvidenceRef(path=odd.file.path, what=what, anchors=(line,))
