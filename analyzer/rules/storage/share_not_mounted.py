"""A file share cannot be mounted.

What it means:
  The node asked a storage account for a share or container (SMB, NFS, blobfuse), and was refused,
  got no answer, or was told that there is no such share.
Why it matters:
  Pods that use the share do not start.
How we know:
  The mount's own error in the kubelet's FailedMount events of pods that still wait, three times or
  more within the hour. The error's number tells a refusal (13) from no answer (112, 115) and from a
  missing share (2). The driver that reports it is managed by Microsoft; the error is not its own.
What to do:
  customer: For "permission denied", check the account's key in the secret, its firewall and its
    private endpoint; for no answer, open port 445 (SMB) or 2049 (NFS) from the nodes' subnet and
    check the private DNS zone; for "no such file", create the share or correct its name.
References:
  - Azure Files on AKS: https://learn.microsoft.com/azure/aks/azure-files-csi
  - Azure Files networking: https://learn.microsoft.com/azure/storage/files/storage-files-networking-overview
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._waiting import Mount, failed_mounts

RULE = Rule(
    id="AKS-STO-005",
    title="A file share cannot be mounted",
    component="storage",
    clauses=("SUP-03", "SUP-07"),
    signals=frozenset({Signal.STORAGE}),
)


@dataclass(frozen=True, slots=True)
class _Cause:
    looks: re.Pattern[str]
    says: str
    signal: Signal
    effects: frozenset[str] = frozenset()


_NETWORK = frozenset({"no-egress", "no-dns", "packets-dropped"})
#: Numbers are those of errno(3) as mount.cifs(8) and mount.nfs(8) print them.
_CAUSES = (
    _Cause(
        re.compile(r"could not resolve address|Failed to resolve server|Name or service not known"),
        "the account's name is not resolved",
        Signal.OWN_AZURE_NETWORK,
        frozenset({"no-dns"}),
    ),
    _Cause(
        re.compile(
            r"mount error\(13\)|access denied by server|mount\.nfs: Operation not permitted|"
            r"failed to authenticate credentials for azstorage|"
            r"azstorage.{0,200}(?:AuthorizationFailure|AuthorizationPermissionMismatch|403)"
        ),
        "the account refuses it",
        Signal.OWN_AZURE_RESOURCE,
    ),
    _Cause(
        re.compile(
            r"mount error\(11[0-5]\)|mount\.nfs: (?:Connection timed out|No route to host|"
            r"Connection refused)"
        ),
        "the account does not answer",
        Signal.OWN_AZURE_NETWORK,
        _NETWORK,
    ),
    _Cause(
        re.compile(r"mount error\(2\)|mount\.nfs: .{0,200}No such file or directory"),
        "there is no such share",
        Signal.OWN_AZURE_RESOURCE,
    ),
)
_ANY = re.compile("|".join(cause.looks.pattern for cause in _CAUSES))
#: The names also fail to resolve in other mounts: only those of shares are meant.
_SHARE = re.compile(r"mount error|azstorage|mount\.nfs|mount\.aznfs|//[\w.-]+\.file\.")


def check(events: Events, pods: Pods, identity: Identity) -> Iterator[Hit]:
    for mount in failed_mounts(events, pods, _ANY, identity.collected_at):
        if _SHARE.search(mount.event.text):
            yield _hit(mount, identity)


def _hit(mount: Mount, identity: Identity) -> Hit:
    cause = next(c for c in _CAUSES if c.looks.search(mount.event.text))
    name = f"{mount.workload.kind} {mount.workload.namespace}/{mount.workload.name}"
    return Hit(
        subject=mount.workload,
        title=f"A file share of {name} cannot be mounted: {cause.says}",
        saw=f"It failed {mount.count} times: {mount.event.text[:500]}",
        expected="The share is mounted.",
        evidence=(mount.event.where("message"),),
        signals=frozenset({cause.signal}),
        affects=mount.affects,
        first_seen=mount.first,
        last_seen=mount.event.last,
        count=mount.count,
        instance_of=cause.effects,
    )
