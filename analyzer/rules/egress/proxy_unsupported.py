"""The HTTP proxy of the cluster is set up in a way that AKS does not support.

What it means:
  Nodes and pods go out through an HTTP proxy, and its settings hold something that AKS documents as
  not supported: a wildcard in the exceptions, another scheme for plain HTTP than http, or a user
  name and password in the address.
Why it matters:
  Tools read such settings differently: some ask the proxy for what should go direct, some cannot
  reach the proxy at all. Image pulls and tokens fail on some paths and work on others.
How we know:
  The proxy settings in the export of the cluster. Whether the proxy itself lets through what AKS
  needs is not part of an export.
What to do:
  customer: Write exceptions as names, suffixes (.contoso.com) or ranges, and give the proxy as
    http://HOST:PORT (az aks update --http-proxy-config FILE); nodes are replaced by the update.
References:
  - HTTP proxy support: https://learn.microsoft.com/azure/aks/http-proxy
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from analyzer.facts.azure import AzureExports
from analyzer.model.subject import CLUSTER
from analyzer.rules.api import Hit, NotApplicable, Rule, Signal

RULE = Rule(
    id="AKS-OUT-006",
    title="The HTTP proxy of the cluster is set up in a way that AKS does not support",
    component="egress",
    clauses=("NET-02", "UNS-05"),
    signals=frozenset({Signal.CLUSTER_SETTING}),
)


def check(azure: AzureExports | None) -> Iterator[Hit]:
    exports = azure or AzureExports()
    cluster = exports.get("managed-cluster")
    proxy = cluster.get("httpProxyConfig") if isinstance(cluster, dict) else None
    if not isinstance(proxy, dict) or proxy.get("enabled") is False or not _addresses(proxy):
        raise NotApplicable("the cluster has no HTTP proxy")
    faults = list(_faults(proxy))
    if faults:
        yield Hit(
            subject=CLUSTER,
            saw=f"The proxy settings of the cluster: {'; '.join(faults)}.",
            expected="http://HOST:PORT, and exceptions without wildcards.",
            evidence=(exports.where("managed-cluster", "httpProxyConfig"),),
        )


def _addresses(proxy: Mapping[str, Any]) -> list[tuple[str, str]]:
    keys = ("httpProxy", "httpsProxy")
    return [(key, str(proxy[key])) for key in keys if proxy.get(key)]


def _faults(proxy: Mapping[str, Any]) -> Iterator[str]:
    listed = proxy.get("noProxy")
    wild = [str(one) for one in listed if "*" in str(one)] if isinstance(listed, list) else []
    if wild:
        yield f"noProxy has wildcards ({', '.join(wild[:5])})"
    for key, address in _addresses(proxy):
        parts = _split(address)
        if parts is not None and key == "httpProxy" and parts[0] not in ("", "http"):
            yield f"the scheme is {parts[0]} in {key}"
        if parts is not None and parts[1]:
            yield f"{key} holds a user name"


def _split(address: str) -> tuple[str, bool] | None:
    """Scheme and whether there are credentials; None for a text that is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return parts.scheme.lower(), "@" in parts.netloc
