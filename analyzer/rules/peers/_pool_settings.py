"""Custom node configuration: settings that a node pool asked for, as its export in ARM shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.gap import NotCollected
from analyzer.model.hit import DriftRow

#: ARM's names of kubelet settings that share no beginning with the kubelet's own.
_KUBELET_NAMES = {"podmaxpids": "podpidslimit", "containerlogmaxsizemb": "containerlogmaxsize"}


def configured(pool: str, azure: AzureExports | None) -> frozenset[str]:
    """Plain names of the settings in a pool's custom node configuration; empty where none is shown.

    Sysctls and kubelet settings alike, in small letters and digits: ``vm.max_map_count`` is
    ``vmmaxmapcount``. Source: https://learn.microsoft.com/azure/aks/custom-node-configuration
    """
    names = set()
    for row in _profiles(azure):
        if row.get("name") == pool:
            names |= set(_names(row))
    return frozenset(names)


def asked_for(row: DriftRow, names: frozenset[str]) -> bool:
    """True if a difference is in a setting that the pool's configuration has a say in.

    A node that was made before or after the configuration was set differs from the others.
    """
    words = re.split(r"[/: \[\]]+", row.path)
    plain = [_plain(word) for word in words if word]
    return any(word.startswith(name) or word.endswith(name) for word in plain for name in names)


def _profiles(azure: AzureExports | None) -> Iterator[Mapping[str, Any]]:
    try:
        yield from azure.rows("agent-pools") if azure is not None else ()
    except NotCollected:
        return


def _names(profile: Mapping[str, Any]) -> Iterator[str]:
    system = profile.get("linuxOsConfig") or profile.get("linuxOSConfig") or {}
    for name, value in (system.get("sysctls") or {}).items():
        if value is not None:
            yield _plain(name)
    for name, value in (profile.get("kubeletConfig") or {}).items():
        if value is not None:
            plain = _plain(name)
            yield _KUBELET_NAMES.get(plain, plain)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
