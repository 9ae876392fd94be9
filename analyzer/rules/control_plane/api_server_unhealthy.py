"""The API server's own health checks fail.

What it means:
  The API server answers, and says itself that one of its parts does not work, for example its
  connection to etcd.
Why it matters:
  Nothing in the cluster can be changed, or only now and then; nodes and controllers lose contact.
How we know:
  The verbose answers of /livez and /readyz at the time of collection. An instance that is on its
  way down (check shutdown) is left out: another one takes its place. The control plane is out of
  the customer's reach.
What to do:
  customer: Open a support request with this report, and avoid changes until it is answered. Look
    for own controllers that send requests in great numbers: they can be the load that broke it.
  microsoft: Look at the API server and etcd of this cluster's control plane.
References:
  - Health endpoints of the API server: https://kubernetes.io/docs/reference/using-api/health-checks/
  - AKS support policies: https://learn.microsoft.com/azure/aks/support-policies
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.facts import ApiServer
from analyzer.facts.identity import Identity
from analyzer.facts.parse.api_health import HealthCheck
from analyzer.model.gap import Gap, NotCollected
from analyzer.model.subject import Subject
from analyzer.rules.api import Hit, Rule, Signal

RULE = Rule(
    id="AKS-CTL-001",
    title="The API server's own health checks fail",
    component="kube-apiserver",
    clauses=("MGD-01", "SUP-02"),
    signals=frozenset({Signal.CONTROL_PLANE, Signal.UNHEALTHY}),
)

#: Checks of an instance that starts or stops: they pass by themselves.
_PASSING = ("shutdown", "poststarthook/", "informer-sync")


def check(api_server: ApiServer, identity: Identity) -> Iterator[Hit]:
    gaps: list[Gap] = []
    failed: list[HealthCheck] = []
    where: list[str] = []
    for name in ("livez", "readyz"):
        try:
            bad = [c for c in api_server.health(name) if not c.passed and c.name != "shutdown"]
        except NotCollected as missing:
            gaps += missing.gaps
            continue
        failed += bad
        where += [name] if bad else []
    if failed:
        yield _hit(failed, where, identity)
    if gaps:
        raise NotCollected(*gaps)


def _hit(failed: list[HealthCheck], where: list[str], identity: Identity) -> Hit:
    names = sorted({check.name for check in failed})
    passing = all(name.startswith(_PASSING) for name in names)
    variant = "starting" if passing else ("etcd" if _etcd(names) else "default")
    return Hit(
        subject=Subject(kind="Component", name="kube-apiserver"),
        title=f"The API server reports that {', '.join(names)} failed",
        saw=f"{' and '.join(where)}: failed checks {', '.join(names)}",
        expected="All checks of livez and readyz pass.",
        evidence=tuple(check.where for check in failed[:4]),
        variant=variant,
        last_seen=identity.collected_at,
        produces=frozenset() if passing else None,
    )


def _etcd(names: list[str]) -> bool:
    return any(name.startswith("etcd") for name in names)
