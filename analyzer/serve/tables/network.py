"""Rows of services, ingresses, endpoints and network policies."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.serve.tables.cells import NONE, UNSET, Obj, age, at, joined, label_selector, pairs

Cells = list[Any]
_SHOWN = 3


def service(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a Service."""
    spec = at(obj, "spec", {})
    return [
        at(obj, "metadata.name"),
        spec.get("type") or "ClusterIP",
        spec.get("clusterIP") or NONE,
        _external(obj),
        joined(map(_port, spec.get("ports") or ())),
        age(obj, now),
        pairs(spec.get("selector")),
    ]


def _port(port: Obj) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol') or 'TCP'}"


def _external(obj: Obj) -> str:
    spec = at(obj, "spec", {})
    kind = spec.get("type")
    if kind == "ExternalName":
        return str(spec.get("externalName") or "")
    found = [str(ip) for ip in spec.get("externalIPs") or ()]
    if kind == "LoadBalancer":
        return joined([*_points(obj), *found], "<pending>")
    return joined(found)


def _points(obj: Obj) -> list[str]:
    points = at(obj, "status.loadBalancer.ingress", [])
    return [str(point.get("ip") or point.get("hostname") or "") for point in points]


def ingress(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an Ingress."""
    rules = at(obj, "spec.rules", [])
    hosts = [str(rule["host"]) for rule in rules if rule.get("host")]
    shown = ",".join(hosts[:_SHOWN]) or "*"
    if len(hosts) > _SHOWN:
        shown += f" + {len(hosts) - _SHOWN} more..."
    return [
        at(obj, "metadata.name"),
        at(obj, "spec.ingressClassName") or NONE,
        shown,
        ",".join(_points(obj)),
        "80, 443" if at(obj, "spec.tls", []) else "80",
        age(obj, now),
    ]


def ingress_class(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an IngressClass."""
    about = at(obj, "spec.parameters", {})
    group = f".{about['apiGroup']}" if about.get("apiGroup") else ""
    parameters = f"{about.get('kind')}{group}/{about.get('name')}" if about else NONE
    return [at(obj, "metadata.name"), at(obj, "spec.controller"), parameters, age(obj, now)]


def policy(obj: Obj, now: datetime | None) -> Cells:
    """Cells of a NetworkPolicy."""
    chosen = label_selector(at(obj, "spec.podSelector", None))
    return [at(obj, "metadata.name"), chosen, age(obj, now)]


def endpoints(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an Endpoints object."""
    found = []
    for subset in at(obj, "subsets", []):
        ports = subset.get("ports") or ()
        for address in subset.get("addresses") or ():
            ip = str(address.get("ip"))
            host = f"[{ip}]" if ":" in ip else ip
            found += [f"{host}:{port.get('port')}" for port in ports] if ports else [ip]
    return [at(obj, "metadata.name"), _few(found, NONE), age(obj, now)]


def slice_(obj: Obj, now: datetime | None) -> Cells:
    """Cells of an EndpointSlice."""
    ports = [str(port.get("port") or "*") for port in obj.get("ports") or ()]
    found = [str(a) for e in obj.get("endpoints") or () for a in e.get("addresses") or ()]
    return [
        at(obj, "metadata.name"),
        obj.get("addressType") or "",
        _few(ports, UNSET),
        _few(found, UNSET),
        age(obj, now),
    ]


def _few(found: list[str], empty: str) -> str:
    more = f" + {len(found) - _SHOWN} more..." if len(found) > _SHOWN else ""
    return (",".join(found[:_SHOWN]) or empty) + more


PRINTERS = {
    ("", "services"): ("Name Type Cluster-IP External-IP Port(s) Age", "Selector", service),
    ("", "endpoints"): ("Name Endpoints Age", "", endpoints),
    ("discovery.k8s.io", "endpointslices"): (
        "Name AddressType Ports Endpoints Age",
        "",
        slice_,
    ),
    ("networking.k8s.io", "ingresses"): ("Name Class Hosts Address Ports Age", "", ingress),
    ("networking.k8s.io", "ingressclasses"): ("Name Controller Parameters Age", "", ingress_class),
    ("networking.k8s.io", "networkpolicies"): ("Name Pod-Selector Age", "", policy),
}
