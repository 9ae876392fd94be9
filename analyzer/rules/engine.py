"""Run the rules: five outcomes, none of them silent."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.bundle.limits import DEFAULT_LIMITS, told
from analyzer.model.gap import Gap, NotCollected, Presence
from analyzer.model.hit import Hit, Outcome, RuleResult
from analyzer.rules.api import NotApplicable
from analyzer.rules.registry import Registered
from analyzer.rules.stopwatch import OutOfTime, stopped_after

#: Hits that one rule may yield; a rule that finds more has found its own bug.
MAX_HITS = 20_000


_NOT_TOLD = Gap(
    path="cluster/resources/core/nodes.json",
    reason=Presence.NOT_ASKED,
    detail="nothing tells whether this is an AKS cluster",
)


def run_rules(
    rules: Iterable[Registered],
    supply: Mapping[type[Any], Any],
    *,
    aks: bool | None,
    seconds: float = DEFAULT_LIMITS.max_rule_seconds,
) -> tuple[RuleResult, ...]:
    """Run every rule on the facts that it asks for, in the order given, each for ``seconds``."""
    return tuple(run_rule(registered, supply, aks=aks, seconds=seconds) for registered in rules)


def run_rule(
    registered: Registered,
    supply: Mapping[type[Any], Any],
    *,
    aks: bool | None,
    seconds: float = DEFAULT_LIMITS.max_rule_seconds,
) -> RuleResult:
    """Run one rule; one that saw a hit and then missed an input keeps the hit and tells the gap.

    One that is not done within ``seconds`` ends there, in the same way. ``aks`` is None where
    nothing tells whether the cluster is AKS: then no rule that needs it can say anything.
    """
    rule = registered.rule
    if aks is None and not rule.not_aks:
        return RuleResult(rule_id=rule.id, outcome=Outcome.UNKNOWN, gaps=(_NOT_TOLD,))
    if not aks and not rule.not_aks:
        reason = "not an AKS cluster: the AKS support policy has no say"
        return RuleResult(rule_id=rule.id, outcome=Outcome.NOT_APPLICABLE, reason=reason)
    arguments, missing = _arguments(registered, supply)
    if missing:
        return RuleResult(rule_id=rule.id, outcome=Outcome.UNKNOWN, gaps=missing)
    hits: list[Hit] = []
    gaps: tuple[Gap, ...] = ()
    try:
        with stopped_after(seconds):
            for hit in registered.check(**arguments):
                hits.append(hit)
                if len(hits) >= MAX_HITS:
                    break
    except OutOfTime:
        detail = told(f"stopped after {seconds:g} seconds", "rule-seconds")
        gaps = (Gap(path=f"check {rule.id}", reason=Presence.FAILED, detail=detail),)
    except NotCollected as not_collected:
        gaps = not_collected.gaps
    except NotApplicable as no:
        if not hits:
            return RuleResult(rule_id=rule.id, outcome=Outcome.NOT_APPLICABLE, reason=str(no))
    except Exception:
        return RuleResult(
            rule_id=rule.id, outcome=Outcome.CRASHED, hits=tuple(hits), reason=_traceback()
        )
    outcome = Outcome.HIT if hits else (Outcome.UNKNOWN if gaps else Outcome.CLEAR)
    return RuleResult(rule_id=rule.id, outcome=outcome, hits=tuple(hits), gaps=gaps)


def _arguments(
    registered: Registered, supply: Mapping[type[Any], Any]
) -> tuple[dict[str, Any], tuple[Gap, ...]]:
    arguments: dict[str, Any] = {}
    missing: list[Gap] = []
    for need in registered.needs:
        value = supply.get(need.kind)
        readable = value is not None and getattr(value, "readable", True)
        if readable or need.optional:
            arguments[need.name] = value if readable else None
        else:
            missing.extend(_gaps_of(need.kind, value))
    return arguments, tuple(missing)


def _gaps_of(kind: type[Any], value: Any) -> tuple[Gap, ...]:
    """What is missing where a need cannot be met, in the words of the bundle."""
    try:
        value.require()
    except NotCollected as missing:
        return missing.gaps
    except AttributeError:
        pass
    return (Gap(path=f"facts: {kind.__name__}", reason=Presence.NOT_ASKED),)


def _traceback() -> str:
    """The traceback without this machine's folders: same input, same bytes."""
    lines = traceback.format_exc().splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("File "))
