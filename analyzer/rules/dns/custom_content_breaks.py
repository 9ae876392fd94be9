"""The content of coredns-custom breaks CoreDNS.

What it means:
  The ConfigMap coredns-custom is the customer's way to add to the configuration of CoreDNS. Its
  content does not parse or clashes with AKS's part, so CoreDNS does not start with it.
Why it matters:
  CoreDNS pods that start anew crash, and pods that still run keep an older configuration: at their
  next restart names are no longer resolved in the cluster.
How we know:
  CoreDNS names the file and the error in its log, or the content has a mistake that CoreDNS cannot
  load (unmatched braces, an unknown plugin, a plugin that may be used only once, a second server
  block for the same zone) while its pods crash. A mistake alone, without any symptom, is told with
  less weight.
What to do:
  customer: Correct or remove the named key (kubectl -n kube-system edit configmap coredns-custom),
    then restart CoreDNS: kubectl -n kube-system rollout restart deployment coredns
  microsoft: Nothing is to be done before the content is corrected.
References:
  - Customise CoreDNS: https://learn.microsoft.com/azure/aks/coredns-custom
  - Customising the DNS service: https://kubernetes.io/docs/tasks/administer-cluster/dns-custom-nameservers/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from analyzer.baselines.attribution import changes
from analyzer.facts.listings import ConfigMaps, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import ConfigMap, Pod
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import NotCollected
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.dns._coredns import SYSTEM, coredns_pods, crashes, pod_subject
from analyzer.rules.dns._corefile import Problem, problems

RULE = Rule(
    id="AKS-DNS-001",
    title="The content of coredns-custom breaks CoreDNS",
    component="coredns",
    clauses=("SUP-04", "MGD-03"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.CUSTOMISATION_BREAKS}),
)


@dataclass(frozen=True)
class _Signs:
    """What speaks for broken content, and what CoreDNS does."""

    problems: tuple[Problem, ...]
    errors: tuple[Match, ...]
    crashing: tuple[Pod, ...]
    pods: tuple[Pod, ...]

    @property
    def variant(self) -> str:
        if self.crashing:
            return "down" if len(self.crashing) == len(self.pods) else "default"
        return "reload-fails" if self.errors else "content-only"


def check(config_maps: ConfigMaps, pods: Pods, logs: Logs | None) -> Iterator[Hit]:
    custom = config_maps.get(SYSTEM, "coredns-custom")
    if custom is None or not custom.data:
        return
    corefile = _corefile(config_maps)
    own = coredns_pods(pods)
    text = corefile.data.get("Corefile") if corefile is not None else None
    errors = _errors(logs, custom)
    signs = _Signs(
        problems=problems(custom.data, text),
        errors=errors,
        crashing=tuple(pod for pod in own if crashes(pod)),
        pods=own,
    )
    blamed = signs.problems or any(_names_custom(match) for match in errors)
    if blamed or (errors and _untouched(corefile)):
        yield _hit(custom, signs)
    pods.of(SYSTEM)


def _corefile(config_maps: ConfigMaps) -> ConfigMap | None:
    try:
        return config_maps.get(SYSTEM, "coredns")
    except NotCollected:
        return None


def _untouched(corefile: ConfigMap | None) -> bool:
    """True where AKS's own part is unchanged: then the error lies in the customer's part."""
    if corefile is None:
        return False
    try:
        return not any(change.kind in ("customer", "unknown") for change in changes(corefile))
    except NotCollected:
        return False


def _changed_at(custom: ConfigMap) -> datetime | None:
    fields = custom.metadata.managed_fields or ()
    return max((entry.time for entry in fields if entry.time), default=None)


def _errors(logs: Logs | None, custom: ConfigMap) -> tuple[Match, ...]:
    """Configuration errors in CoreDNS's log that no later change of the content has mended."""
    try:
        matches = logs.of("coredns-plugin-error") if logs is not None else ()
    except NotCollected:
        matches = ()
    changed = _changed_at(custom)
    return tuple(
        match
        for match in matches
        if (match.pod or "").startswith("coredns-")
        and (changed is None or match.last_seen is None or match.last_seen >= changed)
    )


def _names_custom(match: Match) -> bool:
    return any("/custom/" in (sample.excerpt or "") for sample in match.samples)


def _hit(custom: ConfigMap, signs: _Signs) -> Hit:
    logged = [match.first_seen for match in signs.errors if match.first_seen]
    onset = min((t for t in (*logged, _changed_at(custom)) if t is not None), default=None)
    effects = {"component-changed"} | ({"no-dns"} if signs.variant == "down" else set())
    return Hit(
        subject=custom.subject,
        saw=_sentence(signs),
        expected="Content that CoreDNS can load together with its default configuration.",
        evidence=_evidence(custom, signs),
        variant=signs.variant,
        affects=tuple(pod_subject(pod) for pod in signs.crashing),
        first_seen=onset,
        produces=frozenset(effects),
    )


def _sentence(signs: _Signs) -> str:
    faults = "; ".join(f"{problem.key}: {problem.what}" for problem in signs.problems[:3])
    count = f"{len(signs.crashing)} of {len(signs.pods)} CoreDNS pods crash"
    if not signs.crashing:
        count = "CoreDNS rejects its new configuration and keeps the old one"
        if not signs.errors:
            count = "CoreDNS runs, and will not start with this content"
    return f"{faults or 'CoreDNS reports an error in its configuration'}. {count}."


def _evidence(custom: ConfigMap, signs: _Signs) -> tuple[EvidenceRef, ...]:
    shown = [custom.where(problem.key, what=f"{problem.key}") for problem in signs.problems[:2]]
    lines = sorted(signs.errors, key=lambda match: not _names_custom(match))
    samples = [sample for match in lines[:2] for sample in match.samples[:1]]
    pods = [pod.where("reason: CrashLoopBackOff") for pod in signs.crashing[:1]]
    return (*(shown or [custom.where("data")]), *samples, *pods)
