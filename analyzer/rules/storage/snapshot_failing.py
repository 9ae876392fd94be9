"""A volume snapshot cannot be taken.

What it means:
  A VolumeSnapshot shows an error: Azure refused the snapshot, or its class or claim is wrong.
Why it matters:
  Backups that build on it do not exist.
How we know:
  The error in the snapshot's own status, with the time of the last try within a day of the
  collection. Snapshots that are being deleted are left out.
What to do:
  customer: Do what the error says; the cluster's identity needs rights on the resource group of the
    snapshots.
  microsoft: Look at the snapshot's operations in Azure for the time given here.
References:
  - Volume snapshots on AKS: https://learn.microsoft.com/azure/aks/azure-disk-csi
  - Volume snapshots: https://kubernetes.io/docs/concepts/storage/volume-snapshots/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from analyzer.facts.identity import Identity
from analyzer.facts.listings import CustomResourceDefinitions
from analyzer.facts.more_listings import VolumeSnapshots, not_installed
from analyzer.facts.objects import AnyObject, moment
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal
from analyzer.rules.storage._azure_errors import cause_in

RULE = Rule(
    id="AKS-STO-008",
    title="A volume snapshot cannot be taken",
    component="storage",
    clauses=("SUP-03",),
    signals=frozenset({Signal.STORAGE}),
)

RECENT = timedelta(hours=24)


def check(
    identity: Identity,
    snapshots: VolumeSnapshots | None,
    definitions: CustomResourceDefinitions | None,
) -> Iterator[Hit]:
    if snapshots is None:
        if not_installed(definitions, "volumesnapshots.snapshot.storage.k8s.io"):
            raise NotApplicable("the cluster has no volume snapshots")
        snapshots = VolumeSnapshots().require()
    now = identity.collected_at
    for item in snapshots.items:
        text, when = _error(item)
        old = now is not None and when is not None and now - when > RECENT
        if not text or old or item.metadata.deletion_timestamp is not None:
            continue
        cause = cause_in(text)
        yield Hit(
            subject=item.subject,
            title=f"Snapshot {item.namespace}/{item.name} cannot be taken",
            saw=f"Its status says: {text[:500]}",
            expected="readyToUse is true.",
            evidence=(item.where("error", "message"),),
            signals=cause.signals,
            first_seen=item.metadata.creation_timestamp,
            last_seen=when,
            instance_of=cause.effects & {"azure-api-denied"},
        )


def _error(item: AnyObject) -> tuple[str, datetime | None]:
    error = item.status.get("error")
    if not isinstance(error, dict) or item.status.get("readyToUse") is True:
        return "", None
    return str(error.get("message") or ""), moment(error.get("time"))
