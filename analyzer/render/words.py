"""The words, marks and orders that all formats share for the values of the model."""

from __future__ import annotations

from analyzer.model.gap import Presence
from analyzer.model.owner import Actor, Confidence, Owner, Stance
from analyzer.model.severity import Severity

OWNER_NAMES = {
    Owner.MICROSOFT: "Microsoft",
    Owner.CUSTOMER: "Customer",
    Owner.UPSTREAM: "Upstream bug",
    Owner.BYOCNI_EXCLUDED: "BYOCNI-excluded",
    Owner.UNDETERMINED: "Undetermined",
}
#: One mark per owner, so that no meaning hangs on a colour.
OWNER_GLYPHS = {
    Owner.MICROSOFT: "■",
    Owner.CUSTOMER: "●",
    Owner.UPSTREAM: "◆",
    Owner.BYOCNI_EXCLUDED: "○",
    Owner.UNDETERMINED: "?",
}
OWNER_ASCII = {
    Owner.MICROSOFT: "#",
    Owner.CUSTOMER: "*",
    Owner.UPSTREAM: "<>",
    Owner.BYOCNI_EXCLUDED: "o",
    Owner.UNDETERMINED: "?",
}
SEVERITY_NAMES = {
    Severity.CRITICAL: "Critical",
    Severity.HIGH: "High",
    Severity.MEDIUM: "Medium",
    Severity.LOW: "Low",
    Severity.INFO: "Info",
}
#: What support does for it; a sentence after the reason for the owner.
STANCE_NAMES = {
    Stance.SUPPORTED: "Support: covered.",
    Stance.BEST_EFFORT: "Support: best effort.",
    Stance.NOT_SUPPORTED: "Support: not covered.",
    Stance.CLUSTER_UNSUPPORTED: "Support: this puts the whole cluster outside support.",
}
CONFIDENCE_NAMES = {
    Confidence.HIGH: "high confidence",
    Confidence.MEDIUM: "medium confidence",
    Confidence.LOW: "low confidence",
}
ACTOR_NAMES = {
    Actor.MICROSOFT: "Microsoft",
    Actor.CUSTOMER: "Customer",
    Actor.CNI_VENDOR: "CNI vendor",
    Actor.UPSTREAM: "Upstream project",
}
PRESENCE_NAMES = {
    Presence.PRESENT: "there, but one object could not be used",
    Presence.ABSENT: "does not exist in the cluster",
    Presence.EMPTY: "collected, and empty",
    Presence.TRUNCATED: "cut short",
    Presence.FORBIDDEN: "access was refused",
    Presence.FAILED: "could not be collected or read",
    Presence.NOT_ASKED: "not collected",
}
OWNER_ORDER = {owner: position for position, owner in enumerate(Owner)}
