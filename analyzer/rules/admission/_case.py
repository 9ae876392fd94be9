"""One webhook that does not answer: whom it blocked, whom it can block, and how to say it."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.baselines.markers import is_managed_namespace
from analyzer.facts.objects import Webhook, WebhookConfiguration
from analyzer.rules.admission._backends import Dead
from analyzer.rules.admission._refusals import Refusals

#: By this mark a customer keeps AKS from adding its selectors.
_ENFORCER = "admissions.enforcer/disabled"


@dataclass(frozen=True)
class Case:
    """One webhook: is it dead, whom did it block, and can it block kube-system?"""

    configuration: WebhookConfiguration
    webhook: Webhook
    dead: Dead | None
    refused: Refusals
    reaches_system: bool

    @property
    def variant(self) -> str:
        """Which severity it has."""
        if self.refused.events:
            managed = any(is_managed_namespace(name) for name in self.refused.namespaces)
            return "seen-blocking-managed" if managed else "seen-blocking"
        return "default" if self.reaches_system else "own-namespaces"

    @property
    def title(self) -> str:
        """A headline."""
        does = "blocks" if self.refused.events else "can block"
        return (
            f"Webhook {self.configuration.name} does not answer and {does} the creation of objects"
        )

    @property
    def sentence(self) -> str:
        """What was seen."""
        parts = []
        if self.refused.events:
            where = ", ".join(self.refused.namespaces)
            parts.append(f"{self.refused.count} requests failed in {where}: {self.refused.text}")
        if self.dead is not None:
            parts.append(f"webhook {self.webhook.name} has failurePolicy Fail, and {self.dead.why}")
        if self.reaches_system:
            meta = self.configuration.metadata
            marked = _ENFORCER in meta.labels or _ENFORCER in meta.annotations
            why = f" (the configuration carries {_ENFORCER})" if marked else ""
            parts.append(f"its selectors take in kube-system{why}")
        text = "; ".join(parts)
        return text[:1].upper() + text[1:]
