"""A key vault does not give a workload its secrets.

What it means:
  The secrets driver asked an Azure key vault for what the workload's SecretProviderClass names, and
  the vault or Microsoft Entra said no.
Why it matters:
  The pods do not start before their secrets are there.
How we know:
  The answer in the kubelet's FailedMount events of pods that still wait, three times or more within
  the hour: a refused right or firewall (403), a secret that does not exist (404), an identity
  that Entra does not know or that has no federated credential for this service account (AADSTS
  numbers), or a vault whose name is not resolved.
What to do:
  customer: Give the identity the right on the vault (Key Vault Secrets User), let the nodes' subnet
    through the vault's firewall, create the secret, or add the federated credential for the
    service account (az identity federated-credential create).
References:
  - Azure Key Vault provider on AKS: https://learn.microsoft.com/azure/aks/csi-secrets-store-driver
  - Workload identity on AKS: https://learn.microsoft.com/azure/aks/workload-identity-overview
  - Entra error codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.facts.identity import Identity
from analyzer.facts.listings import Events, Pods
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.storage._waiting import Mount, failed_mounts

RULE = Rule(
    id="AKS-STO-009",
    title="A key vault does not give a workload its secrets",
    component="secrets-store",
    clauses=("SUP-07", "UNS-01"),
)

_VAULT = re.compile(
    r"(?:failed to mount secrets store objects|keyvault|\.vault\.(?:azure|usgovcloudapi)).{0,4000}?"
    r"(?:Forbidden|StatusCode=40[034]|RESPONSE 40[034]|SecretNotFound|AADSTS\d+|"
    r"[Ii]dentity not found|no such host|i/o timeout)",
    re.DOTALL,
)
#: In this order: an error of Entra also repeats status codes.
_ANSWERS = (
    (
        re.compile(r"AADSTS(?:70021|700211|700212|700213)\b"),
        "Entra knows no federated credential for the service account",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"AADSTS\d+"),
        "Entra does not accept the identity",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"[Ii]dentity not found"),
        "the identity is not assigned to the nodes",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"ForbiddenByFirewall|ForbiddenByConnection|Client address is not authorized"),
        "the vault's firewall lets it not in",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"Forbidden|40[03]\b"),
        "the vault refuses the identity",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"SecretNotFound|404\b"),
        "the vault has no such secret, key or certificate",
        Signal.OWN_AZURE_RESOURCE,
    ),
    (
        re.compile(r"no such host|i/o timeout"),
        "the vault is not reached",
        Signal.OWN_AZURE_NETWORK,
    ),
)


def check(events: Events, pods: Pods, identity: Identity) -> Iterator[Hit]:
    for mount in failed_mounts(events, pods, _VAULT, identity.collected_at):
        yield _hit(mount)


def _hit(mount: Mount) -> Hit:
    text = mount.event.text
    says, signal = next((s, signal) for looks, s, signal in _ANSWERS if looks.search(text))
    network = signal is Signal.OWN_AZURE_NETWORK
    name = f"{mount.workload.kind} {mount.workload.namespace}/{mount.workload.name}"
    return Hit(
        subject=mount.workload,
        title=f"A key vault gives {name} no secrets: {says}",
        saw=f"It failed {mount.count} times: {text[:600]}",
        expected="The vault gives the secrets that the SecretProviderClass names.",
        evidence=(mount.event.where("message"),),
        signals=frozenset({signal}),
        affects=mount.affects,
        first_seen=mount.first,
        last_seen=mount.event.last,
        count=mount.count,
        instance_of=frozenset({"no-dns", "no-egress"} if network else ()),
    )
