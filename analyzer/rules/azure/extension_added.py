"""A VM extension that AKS does not install is on the nodes.

What it means:
  Somebody put a VM extension on the virtual machines of the nodes, or touched the custom script
  by which AKS sets nodes up.
Why it matters:
  Extensions run as root on every node, new ones included, and can keep nodes from starting. The
  support policy prohibits changing them; software for nodes belongs into a DaemonSet.
How we know:
  The extensions of the scale sets, of the nodes' own agents where they were collected, and
  operations on extensions in the activity log. Extensions of AKS, and those that services of
  Azure add by policy (Azure Monitor, Defender for Cloud, guest configuration, patching and the
  like), do not count. Other software of Microsoft's as an extension (diagnostics, key vault, VM
  access) is told as low: whether a person or a policy of the subscription asked for it, the
  activity log says.
What to do:
  customer: Remove the extension: az vmss extension delete -g <node resource group> --vmss-name
    <vmss> -n <name>; then replace the nodes (az aks nodepool upgrade --node-image-only) and run
    the software as a DaemonSet.
References:
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.facts.azure import AzureExports
from analyzer.facts.azure_authors import settled_by
from analyzer.facts.command_words import plain
from analyzer.facts.listings import Nodes
from analyzer.facts.node_files import NodeArchives
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.azure._activity import Write, latest, signals_of, writes
from analyzer.rules.azure._extensions import Extension, extensions, on_nodes
from analyzer.rules.azure._sets import NodeSet, node_sets, rows_of, set_for, set_of, tell

RULE = Rule(
    id="AKS-IAAS-002",
    title="A VM extension that AKS does not install is on the nodes",
    component="node",
    clauses=("NODE-08", "NODE-10", "SHR-02"),
    signals=frozenset({Signal.NODE_HOST}),
)

_CUSTOMER = frozenset({Signal.CHANGED_BY_CUSTOMER})
#: A write of the scale set's model puts extensions on it as well (az vmss extension set does).
_WRITES = ("/extensions/write", "/extensions/delete", "virtualmachinescalesets/write")


def check(
    azure: AzureExports | None, nodes: Nodes | None, archives: NodeArchives | None
) -> Iterator[Hit]:
    exports = azure or AzureExports()
    missing: list[Gap] = []
    listed = extensions(exports, missing)
    sets = node_sets(rows_of(exports, "vmss", []), nodes)
    done = _log(exports, missing)
    told: set[str] = set()
    for extension in listed:
        group = set_for(extension.holder, sets)
        if group is None or not (extension.strange or extension.altered):
            continue
        told.add(extension.name.lower())
        yield _hit(extension, group, _of(extension, done), exports)
    strange = [e for e in on_nodes(archives) if e.strange and e.name.lower() not in told]
    yield from _seen_on_nodes(strange, {e.kind.lower() for e in listed})
    yield from _only_logged(done, sets, told, exports)
    tell(missing)


def _log(azure: AzureExports, missing: list[Gap]) -> tuple[Write, ...]:
    try:
        return tuple(w for w in writes(azure) if w.foreign and w.operation.endswith(_WRITES))
    except NotCollected as gap:
        missing.extend(gap.gaps)
        return ()


def _of(extension: Extension, done: Iterable[Write]) -> Write | None:
    """The operation on that extension, else the last one on its scale set's model."""
    own = [w for w in done if set_of(w.resource) == extension.holder]
    exact = [w for w in own if w.resource.endswith(f"/extensions/{extension.name.lower()}")]
    return latest(exact) or latest(w for w in own if "/extensions/" not in w.resource)


def _hit(extension: Extension, group: NodeSet, author: Write | None, azure: AzureExports) -> Hit:
    pool = f"Node pool {group.pool}" if group.pool else f"Scale set {group.name}"
    what = (
        "the custom script of AKS was altered" if extension.altered else _NAMES[_variant(extension)]
    )
    by = f" The activity log shows {author}." if author else " Who put it there is not shown."
    certain = extension.strange and not extension.of_microsoft
    return Hit(
        subject=group.subject,
        title=f"{pool}: {what} is on the nodes" if extension.strange else f"{pool}: {what}",
        saw=f"{group.name} has the extension {extension.name} ({extension.kind}).{by}",
        expected="Only the extensions that AKS and services of Azure put on nodes.",
        evidence=(extension.where, *((author.where(azure),) if author else ())),
        variant=_variant(extension),
        group=f"{group.subject.key}|{extension.name.lower()}",
        signals=signals_of(author) | (_CUSTOMER if certain else frozenset()),
        affects=group.node_subjects,
        first_seen=author.at if author else None,
        would_change=() if certain or author else (settled_by(azure, group.name),),
        do_next=_remove(extension, group),
    )


_NAMES = {
    "script": "a custom script of others",
    "of-microsoft": "an extension of Microsoft's that AKS does not install",
    "default": "an extension that AKS did not install",
}


def _variant(extension: Extension) -> str:
    if extension.script:
        return "script"
    return "of-microsoft" if extension.of_microsoft else "default"


def _remove(extension: Extension, group: NodeSet) -> str | None:
    if not extension.strange or not plain(extension.name, group.name):
        return None
    return (
        f"Remove the extension: az vmss extension delete -g <node resource group> --vmss-name "
        f"{group.name} -n {extension.name}; then replace the nodes (az aks nodepool upgrade "
        "--node-image-only), and run the software as a DaemonSet."
    )


def _seen_on_nodes(found: list[Extension], listed: set[str]) -> Iterator[Hit]:
    """What the nodes' agents list and no export shows; one finding per extension."""
    for extension in found:
        if extension.kind.lower() in listed:
            continue
        yield Hit(
            subject=Subject(kind="Node", name=extension.holder),
            title=f"An extension that AKS did not install is on nodes: {extension.name}",
            saw=f"The agent of {extension.holder} lists the extension {extension.name} "
            f"({extension.kind}).",
            expected="Only the extensions that AKS and services of Azure put on nodes.",
            evidence=(extension.where,),
            variant=_variant(extension),
            group=extension.kind,
            signals=signals_of(None) if extension.of_microsoft else _CUSTOMER,
        )


def _only_logged(
    done: Iterable[Write], sets: dict[str, NodeSet], told: set[str], azure: AzureExports
) -> Iterator[Hit]:
    """Operations on extensions that are no longer there, or on AKS's own."""
    for write in done:
        name = write.resource.rpartition("/extensions/")[2]
        group = set_for(set_of(write.resource), sets)
        if "/extensions/" not in write.resource or name in told or group is None:
            continue
        yield Hit(
            subject=group.subject,
            title=f"Extension {name} of node pool {group.pool} was touched outside of AKS",
            saw=f"The activity log shows {write} on the extension {name} of {group.name}.",
            expected="Only AKS touches the extensions of nodes.",
            evidence=(write.where(azure),),
            variant="script" if name == "vmsscse" else "attempt",
            group=f"{group.subject.key}|{name}",
            signals=signals_of(write),
            affects=group.node_subjects,
            first_seen=write.at,
        )
