"""A status condition, as nodes, pods and workloads have them."""

from __future__ import annotations

from analyzer.facts.kube import Slim, Time


class Condition(Slim):
    """A status condition; ``status`` is ``True``, ``False`` or ``Unknown``."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_heartbeat_time: Time | None = None
    last_transition_time: Time | None = None
