"""What a cluster should run: the catalogue against the identity, with yes, no and "not known"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analyzer.baselines.catalogue import Catalogue, add_on_id
from analyzer.baselines.kube_versions import minor_number
from analyzer.baselines.schema import Component, Condition, Scope
from analyzer.facts.identity import Aks, Identity

#: A change of AKS takes weeks to reach all regions and clusters.
_ROLL_OUT = timedelta(days=90)
_OPTIONAL = frozenset({Scope.ADD_ON, Scope.EXTENSION, Scope.FEATURE, Scope.LEGACY})


@dataclass(frozen=True, slots=True)
class Expectation:
    """A component that this cluster should have, and why.

    ``certain`` is False where the evidence leaves it open: the network mode, the version or the
    date is not known, or no Windows pool is. A missing object is a finding only where it is True.
    """

    component: Component
    why: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Verdict:
    holds: bool | None
    why: str


def expected(catalogue: Catalogue, identity: Identity) -> tuple[Expectation, ...]:
    """The components with an object in the cluster that should be there, sorted by id.

    Nothing for a cluster that is not AKS. An add-on is expected only where something says that it
    is on: silence about add-ons expects none. Where it is not known whether the cluster is AKS,
    nothing is certain.
    """
    return _select(catalogue, identity, in_cluster=True)


def expected_outside(catalogue: Catalogue, identity: Identity) -> tuple[Expectation, ...]:
    """What should run on nodes outside of pods and in the hosted control plane; as `expected`."""
    return _select(catalogue, identity, in_cluster=False)


def _select(
    catalogue: Catalogue, identity: Identity, *, in_cluster: bool
) -> tuple[Expectation, ...]:
    if identity.aks is Aks.NO:
        return ()
    found = []
    for component in catalogue.components:
        if component.in_cluster is in_cluster and (item := expectation(component, identity)):
            found.append(item)
    return tuple(found)


def expectation(component: Component, identity: Identity) -> Expectation | None:
    """Whether one component is expected; None if it is not."""
    when = component.when
    if when.scope is Scope.CUSTOMER or identity.aks is Aks.NO:
        return None
    verdict = _any_of(when.any_of, identity)
    excluded = _any_of(when.not_in, identity) if when.not_in else _Verdict(False, "")
    if verdict.holds is False or excluded.holds:
        return None
    if verdict.holds is None and when.scope in _OPTIONAL:
        return None
    certain = bool(verdict.holds) and excluded.holds is False and identity.aks is Aks.YES
    why = _reason(component, verdict, excluded)
    if component.os == "windows" and not _has_windows(identity):
        why = f"{why}; without a Windows pool (none is known) it may be missing"
        return Expectation(component, why, False)
    return Expectation(component, why, certain)


def _reason(component: Component, verdict: _Verdict, excluded: _Verdict) -> str:
    if verdict.holds is None:
        return f"perhaps: {verdict.why}"
    if excluded.holds is None:
        return f"perhaps: not where {excluded.why}"
    if verdict.why:
        return verdict.why
    return {
        Scope.HOSTED: "every AKS control plane has it",
        Scope.NODE: "every AKS node has it",
    }.get(component.when.scope, "every AKS cluster has it")


def _any_of(conditions: tuple[Condition, ...], identity: Identity) -> _Verdict:
    if not conditions:
        return _Verdict(True, "")
    verdicts = [_holds(condition, identity) for condition in conditions]
    for verdict in verdicts:
        if verdict.holds:
            return verdict
    for verdict in verdicts:
        if verdict.holds is None:
            return verdict
    return verdicts[0]


def _holds(condition: Condition, identity: Identity) -> _Verdict:
    """All parts of one condition: False beats unknown, unknown beats True."""
    network = identity.network
    parts = [
        _part("network mode", condition.modes, network.mode),
        _part("dataplane", condition.dataplanes, network.dataplane),
        _part("network policy engine", condition.policies, network.policy),
        _part("kube-proxy mode", condition.proxies, network.proxy),
        _add_on(condition, identity),
        _minor_part(condition, identity),
        _since(condition, identity),
    ]
    given = [part for part in parts if part is not None]
    why = " and ".join(part.why for part in given)
    if any(part.holds is False for part in given):
        return _Verdict(False, why)
    return _Verdict(None if any(part.holds is None for part in given) else True, why)


def _part(what: str, wanted: tuple[str, ...], actual: str) -> _Verdict | None:
    if not wanted:
        return None
    if actual == "unknown":
        return _Verdict(None, f"the {what} is not known ({' or '.join(wanted)} has it)")
    return _Verdict(actual in wanted, f"the {what} is {actual!s}")


def _add_on(condition: Condition, identity: Identity) -> _Verdict | None:
    if not condition.add_ons:
        return None
    shown = {add_on_id(name) or name for name in identity.add_ons}
    on = [name for name in condition.add_ons if name in shown]
    if on:
        return _Verdict(True, f"{on[0]} is switched on")
    known = False if identity.add_ons_known else None
    return _Verdict(known, f"{condition.add_ons[0]} is not shown as switched on")


def _minor_part(condition: Condition, identity: Identity) -> _Verdict | None:
    low, high = minor_number(condition.min_minor), minor_number(condition.max_minor)
    if low is None and high is None:
        return None
    minor = minor_number(identity.minor)
    if minor is None:
        return _Verdict(None, "the Kubernetes version is not known")
    fits = (low is None or minor >= low) and (high is None or minor <= high)
    return _Verdict(fits, f"Kubernetes is 1.{minor}")


def _since(condition: Condition, identity: Identity) -> _Verdict | None:
    if condition.since is None:
        return None
    start = datetime.fromisoformat(condition.since).replace(tzinfo=UTC)
    at = identity.collected_at
    why = f"AKS adds it since about {condition.since}"
    if at is None:
        return _Verdict(None, f"{why}, and the collection time is not known")
    if at < start:
        return _Verdict(False, why)
    return _Verdict(True if at >= start + _ROLL_OUT else None, why)


def _has_windows(identity: Identity) -> bool:
    return any("windows" in pool.os_sku.lower() for pool in identity.pools)
