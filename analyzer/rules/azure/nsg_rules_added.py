"""The network security group that AKS manages has rules of somebody else.

What it means:
  Somebody wrote rules into the network security group of the nodes, which AKS made and keeps in the
  node resource group.
Why it matters:
  Rules there can cut nodes off from each other, from the control plane or from what they need
  outside. The support policy allows own rules only on subnets of the customer's own.
How we know:
  The rules of the group. Those that the cloud provider writes for Services of type LoadBalancer,
  those for allowed host ports of a pool, those of a network-isolated cluster and those that a
  policy of the tenant puts into every group do not count. The activity log names the author.
What to do:
  customer: Remove the rule: az network nsg rule delete -g <node resource group> --nsg-name <nsg> -n
    <rule>. Use a network policy, or a group on a subnet of your own, instead.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
  - Outbound rules for AKS: https://learn.microsoft.com/azure/aks/outbound-rules-control-egress
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.facts.command_words import plain
from analyzer.facts.listings import Nodes
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.hit import DriftRow
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._rules_of_nsg import MANAGED, blocks, describe, foreign_rules, managed
from analyzer.rules.azure._sets import inside, rows_of, tell

RULE = Rule(
    id="AKS-IAAS-003",
    title="The managed network security group has rules of somebody else",
    component="node-network",
    clauses=("NET-01", "NET-03", "UNS-05"),
    signals=frozenset({Signal.MANAGED_NETWORK_CHANGED}),
)

_GROUP = "microsoft.network/networksecuritygroups/"
CHANGES = frozenset(
    f"{_GROUP}{end}" for end in ("write", "delete", "securityrules/write", "securityrules/delete")
)


def check(azure: AzureExports | None, nodes: Nodes | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    unseen: list[Gap] = []
    groups = [row for row in rows_of(exports, "nsg", missing) if managed(row)]
    done = _log(exports, unseen)
    told: set[str] = set()
    for row in groups:
        rules = foreign_rules(row, rows_of(exports, "agent-pools", []), _isolated(exports))
        if rules:
            told.add(str(row.get("name")).lower())
            yield _hit(row, rules, _on_group(done, str(row.get("name"))), nodes, exports)
    yield from _only_logged(done, told, exports)
    tell([*missing, *unseen])


def _isolated(azure: AzureExports) -> bool:
    """True for a cluster whose outbound traffic AKS itself blocks."""
    try:
        profile = inside(azure.get("managed-cluster"), "networkProfile")
    except NotCollected:
        return False
    return str(inside(profile, "outboundType") or "").lower() == "block"


def _log(azure: AzureExports, missing: list[Gap]) -> tuple[Write, ...]:
    try:
        return tuple(w for w in writes(azure) if w.foreign and w.operation in CHANGES)
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return ()


def _group_of(write: Write) -> str:
    return write.resource.partition("/networksecuritygroups/")[2].partition("/")[0]


def _on_group(done: Iterable[Write], name: str) -> list[Write]:
    return [write for write in done if _group_of(write) == name.lower()]


def _hit(
    row: Mapping[str, Any],
    rules: list[Mapping[str, Any]],
    done: list[Write],
    nodes: Nodes | None,
    azure: AzureExports,
) -> Hit:
    name = str(row.get("name"))
    names = {str(rule.get("name")).lower() for rule in rules}
    exact = [w for w in done if w.resource.rpartition("/securityrules/")[2] in names]
    author = latest(exact) or latest(done)
    effects = frozenset().union(*(blocks(rule) for rule in rules))
    by = f" The activity log shows {author}." if author else " Who wrote them is not shown."
    return Hit(
        subject=Subject(kind="NetworkSecurityGroup", name=name),
        title=f"Rules were added to {name}, which AKS manages",
        saw=f"{name} has {_counted(rules)}: {'; '.join(describe(r) for r in rules[:3])}.{by}",
        expected="Only rules that AKS writes for Services and its own features.",
        evidence=(
            *(azure.where("nsg", f"name: {name}", f"name: {r.get('name')}") for r in rules[:3]),
            *((author.where(azure),) if author else ()),
        ),
        variant="blocks" if effects else "default",
        signals=signals_of(author) | {Signal.CHANGED_BY_CUSTOMER},
        affects=tuple(_affected(nodes)),
        first_seen=min((w.at for w in exact or done if w.at), default=None),
        drift=tuple(_drift(rule, author) for rule in rules[:10]),
        produces=effects,
        do_next=_remove(name, str(rules[0].get("name"))),
    )


def _remove(group: str, rule: str) -> str | None:
    if not plain(group, rule):
        return None
    return (
        "Remove the rule: az network nsg rule delete -g <node resource group> --nsg-name "
        f"{group} -n {rule}. Use a network policy, or a group on a subnet of your own, instead."
    )


def _counted(rules: list[Mapping[str, Any]]) -> str:
    return "a rule of somebody else" if len(rules) == 1 else f"{len(rules)} rules of somebody else"


def _affected(nodes: Nodes | None) -> Iterator[Subject]:
    """Every node and pool: AKS has one such group for all of them."""
    items = nodes.items if nodes is not None else ()
    for pool in sorted({node.pool for node in items} - {""}):
        yield Subject(kind="NodePool", name=pool)
    yield from (node.subject for node in items)


def _drift(rule: Mapping[str, Any], author: Write | None) -> DriftRow:
    return DriftRow(
        path=f"securityRules[{rule.get('name')}]",
        expected="absent",
        actual=describe(rule),
        changed_by=author.caller if author else None,
        changed_at=author.at if author else None,
    )


def _only_logged(done: Iterable[Write], told: set[str], azure: AzureExports) -> Iterator[Hit]:
    """Operations on a managed group in which nothing is left of them."""
    for write in done:
        name = _group_of(write)
        if name in told or not MANAGED.match(name):
            continue
        yield Hit(
            subject=Subject(kind="NetworkSecurityGroup", name=name),
            title=f"{name}, which AKS manages, was changed by somebody else",
            saw=f"The activity log shows {write}. No rule of somebody else is in it now.",
            expected="Only AKS writes to the network security group of the nodes.",
            evidence=(write.where(azure),),
            variant="past",
            signals=signals_of(write),
            first_seen=write.at,
        )
