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
  block for the same zone, a zone that is forwarded back to CoreDNS) while its pods crash. A file of
  coredns-custom in the log is enough where the ConfigMap itself is not shown. A mistake alone,
  without any symptom, is told with less weight.
What to do:
  customer: Correct or remove the named key (kubectl -n kube-system edit configmap coredns-custom),
    then restart CoreDNS: kubectl -n kube-system rollout restart deployment coredns
References:
  - Customise CoreDNS: https://learn.microsoft.com/azure/aks/coredns-custom
  - Customising the DNS service: https://kubernetes.io/docs/tasks/administer-cluster/dns-custom-nameservers/
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analyzer.baselines.attribution import changes
from analyzer.facts.listings import ConfigMaps, Pods
from analyzer.facts.logs import Logs
from analyzer.facts.objects import ConfigMap
from analyzer.facts.scan import Match
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.rules.api import Hit, Rule, Signal
from analyzer.rules.dns._coredns import (
    CUSTOM,
    SYSTEM,
    coredns_pods,
    crashes,
    not_ready_since,
    pod_subject,
)
from analyzer.rules.dns._corefile import problems
from analyzer.rules.dns._told import Signs, names_custom, told, told_without

RULE = Rule(
    id="AKS-DNS-001",
    title="The content of coredns-custom breaks CoreDNS",
    component="coredns",
    clauses=("SUP-04", "MGD-03"),
    signals=frozenset({Signal.MANAGED_COMPONENT, Signal.CUSTOMISATION_BREAKS}),
)


_LANDMARKS = ("coredns-plugin-error", "coredns-loop")


def check(config_maps: ConfigMaps | None, pods: Pods, logs: Logs | None) -> Iterator[Hit]:
    own = coredns_pods(pods)
    try:
        custom = _custom(config_maps)
    except NotCollected:
        signs = told_without(_errors(logs, None), own)
        if signs is None:
            raise
        yield _hit(None, signs)
        return
    if config_maps is None or custom is None or not custom.data:
        return
    corefile = _corefile(config_maps)
    text = corefile.data.get("Corefile") if corefile is not None else None
    errors = _errors(logs, custom)
    found = (*problems(custom.data, text), *told(custom.data, errors))
    crashing = tuple(pod for pod in own if crashes(pod))
    signs = Signs(found, errors, crashing, own)
    blamed = found or any(names_custom(match) for match in errors)
    if blamed or (signs.rejected and _untouched(corefile)):
        yield _hit(custom, signs)
    pods.of(SYSTEM)


def _custom(config_maps: ConfigMaps | None) -> ConfigMap | None:
    if config_maps is None:
        path = f"cluster/resources/core/configmaps/{SYSTEM}.json"
        raise NotCollected(Gap(path=path, reason=Presence.NOT_ASKED))
    return config_maps.get(SYSTEM, CUSTOM.name)


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


def _changed_at(custom: ConfigMap | None) -> datetime | None:
    fields = (custom.metadata.managed_fields or ()) if custom is not None else ()
    return max((entry.time for entry in fields if entry.time), default=None)


def _errors(logs: Logs | None, custom: ConfigMap | None) -> tuple[Match, ...]:
    """Errors in CoreDNS's log that no later change of the content has mended."""
    try:
        matches = logs.any_of(_LANDMARKS) if logs is not None else ()
    except NotCollected:
        matches = ()
    changed = _changed_at(custom)
    return tuple(
        match
        for match in matches
        if (match.pod or "").startswith("coredns-")
        and (changed is None or match.last_seen is None or match.last_seen >= changed)
    )


def _hit(custom: ConfigMap | None, signs: Signs) -> Hit:
    effects = {"component-changed"} | ({"no-dns"} if signs.variant == "down" else set())
    return Hit(
        subject=CUSTOM,
        saw=signs.sentence,
        expected="Content that CoreDNS can load together with its default configuration.",
        evidence=_evidence(custom, signs),
        variant=signs.variant,
        affects=tuple(pod_subject(pod) for pod in signs.crashing),
        first_seen=_onset(custom, signs),
        produces=frozenset(effects),
    )


def _onset(custom: ConfigMap | None, signs: Signs) -> datetime | None:
    """The change; where none is shown, the first that came of it."""
    changed = _changed_at(custom)
    times = [match.first_seen for match in signs.errors] + [changed]
    if changed is None:
        times += [not_ready_since(pod) for pod in signs.crashing]
    return min((time for time in times if time is not None), default=None)


def _evidence(custom: ConfigMap | None, signs: Signs) -> tuple[EvidenceRef, ...]:
    shown: list[EvidenceRef] = []
    if custom is not None:
        shown = [custom.where(problem.key, what=problem.key) for problem in signs.problems[:2]]
        shown = shown or [custom.where("data")]
    lines = sorted(signs.errors, key=lambda match: not names_custom(match))
    samples = [sample for match in lines[:2] for sample in match.samples[:1]]
    pods = [pod.where("reason: CrashLoopBackOff") for pod in signs.crashing[:1]]
    return (*shown, *samples, *pods)
