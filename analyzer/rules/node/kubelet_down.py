"""The kubelet of a node does not run, or restarts again and again.

What it means:
  systemd stopped the kubelet and it did not come back, or it ends with a failure and is started
  over and over, or it can no longer prove to the API server who it is.
Why it matters:
  Without the kubelet nothing starts, stops or is probed on the node, and after forty seconds the
  control plane holds the node for lost.
How we know:
  The kubelet's journal (stopped without a later start, failures, refused or expired
  certificates), the conditions KubeletProblem and FrequentKubeletRestart of
  node-problem-detector, the health answer and the dates of the certificates. A node that is only
  silent is not enough: that can be the network. Without the node's own files no owner is guessed.
What to do:
  customer: Restart the kubelet (systemctl restart kubelet from a node shell) or reimage the node
    (az aks nodepool upgrade --node-image-only); with expired certificates run az aks
    rotate-certs.
  microsoft: Find in the kubelet's journal why it ended, and why auto-repair did not bring it
    back.
References:
  - AKS node auto-repair: https://learn.microsoft.com/azure/aks/node-auto-repair
  - Certificate rotation: https://learn.microsoft.com/azure/aks/certificate-rotation
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from analyzer.facts.identity import Identity
from analyzer.facts.listings import KnownNodes
from analyzer.facts.logkinds import LogKind
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, NodeFiles
from analyzer.facts.objects import Node
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.node._agents import Agent, Signs, condition_signs, merge, service_signs
from analyzer.rules.node._nodes import late, settled, stamp
from analyzer.rules.node._reach import ITS_OWN_FILES, unseen_signals

RULE = Rule(
    id="AKS-NODE-004",
    title="The kubelet of a node does not run",
    component="kubelet",
    clauses=("NODE-03", "NODE-04"),
    signals=frozenset({Signal.NODE_AGENT, Signal.UNHEALTHY}),
)

KUBELET = Agent(
    name="kubelet",
    stop="kubelet-stop",
    start="kubelet-start",
    broken=("kubelet-failed",),
    min_broken=3,
    conditions={
        "KubeletProblem": "node-problem-detector reports that the kubelet is down",
        "FrequentKubeletRestart": "node-problem-detector reports that the kubelet restarts often",
    },
    unit="kubelet.service",
)
#: Refusals of the API server that make a kubelet useless though it runs.
REFUSED = {
    "kubelet-cert-expired": "its certificate has expired",
    "kubelet-unauthorized": "the API server does not accept its credentials",
    "kubelet-csr-unauthorized": "the API server refuses its request for a new certificate",
}
MIN_REFUSED = 3
#: An expired certificate of a registry or a webhook stands in the same journal.
_OWN = re.compile(r"bootstrap|lease|node status|register node|certificate_manager|azmk8s")
#: Written by the collector: file, notBefore, notAfter.
_DATES = re.compile(r"^(?P<file>\S+) .*notAfter=(?P<end>\S+)$")


def check(
    nodes: KnownNodes, identity: Identity, archives: NodeArchives | None, logs: Logs | None
) -> Iterator[Hit]:
    now = identity.collected_at
    seen = False
    for node in nodes.items:
        if node.windows or not settled(node, now):
            continue
        archive = archives.nodes.get(node.name) if archives is not None else None
        signs = merge(
            condition_signs(node, KUBELET),
            service_signs(node, KUBELET, logs, archive, now),
            _refusals(node, logs, now),
            _expired(archive, now),
        )
        seen = seen or _could_tell(node, logs)
        if signs.said:
            yield _hit(node, signs, unseen_signals(node, archives), now)
    if nodes.items and not seen:
        raise NotCollected(_gap(nodes))
    if not nodes.listed:  # there may be more nodes than those that sent an archive
        raise NotCollected(*nodes.gaps)


def _could_tell(node: Node, logs: Logs | None) -> bool:
    heard = logs is not None and logs.listened(node.name, LogKind.KUBELET)
    return heard or node.condition("KubeletProblem") is not None


def _gap(nodes: KnownNodes) -> Gap:
    detail = "no kubelet journal, and no condition of node-problem-detector"
    return Gap(path="nodes/*/kubelet/journal.log", reason=Presence.NOT_ASKED, detail=detail)


def _refusals(node: Node, logs: Logs | None, now: datetime | None) -> Signs:
    signs = Signs()
    for landmark, text in REFUSED.items():
        try:
            found = logs.on(node.name, landmark) if logs is not None else ()
        except NotCollected:
            return signs
        for match in found:
            own = any(_OWN.search(sample.excerpt or "") for sample in match.samples)
            if own and late(match) >= MIN_REFUSED:
                signs.add_match(match, text, now)
    return signs


def _expired(archive: NodeFiles | None, now: datetime | None) -> Signs:
    """Client certificates whose last day is over."""
    signs = Signs()
    file = archive.files.get("kubelet/cert-dates") if archive is not None else None
    if file is None or now is None:
        return signs
    for number, line in file.lines():
        match = _DATES.match(line)
        end = _moment(match["end"]) if match else None
        if match and end and end < now and "client" in match["file"]:
            where = file.at(number, what="dates of a client certificate")
            signs.add(f"{match['file']} ended on {end:%Y-%m-%d}", where, end)
    # A node often keeps an old bootstrap certificate beside the one in use.
    rotated = any("current" in text for text in signs.said)
    return signs if rotated else Signs()


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def _hit(node: Node, signs: Signs, unseen: frozenset[Signal], now: datetime | None) -> Hit:
    return Hit(
        subject=node.subject,
        title=f"The kubelet of node {node.name} "
        + ("does not run" if signs.down else "is in trouble"),
        saw=f"On {node.name}{stamp(signs.onset)}: {'; '.join(signs.said)}.",
        expected="One kubelet process that runs since the node started.",
        evidence=tuple(dict.fromkeys(signs.evidence)),
        variant="default" if signs.down or node.ready is not True else "restarts",
        signals=unseen,
        first_seen=signs.onset,
        last_seen=now,
        would_change=(
            *((_BY_HAND,) if signs.requested else ()),
            *((ITS_OWN_FILES,) if unseen else ()),
        ),
    )


_BY_HAND = (
    "The unit was stopped by request and not by a failure: a login to the node at that time (its "
    "auth log, or the run commands of the scale set in the activity log) would make it the "
    "customer's."
)
