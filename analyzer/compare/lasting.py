"""Names that outlive restarts, roll-outs and scaling: what is left when the drawn part is gone.

Kubernetes draws suffixes from an alphabet without vowels (``k8s.io/apimachinery/pkg/util/rand``);
AKS numbers the machines of a scale set in base 36
(https://learn.microsoft.com/azure/virtual-machine-scale-sets/virtual-machine-scale-sets-instance-ids).
"""

from __future__ import annotations

import re

from analyzer.model.subject import Subject

_DRAWN = "[bcdfghjklmnpqrstvwxz2456789]"
_POD = re.compile(rf"^(?P<base>.+?)(?:-{_DRAWN}{{6,10}})?-{_DRAWN}{{5}}$")
_REPLICA_SET = re.compile(rf"^(?P<base>.+)-{_DRAWN}{{6,10}}$")
_SLICE = re.compile(rf"^(?P<base>.+)-{_DRAWN}{{5}}$")
_JOB = re.compile(r"^(?P<base>.+)-\d{8,10}$")
_MACHINE = re.compile(r"^(?P<base>aks-?.+?)(?:vmss[0-9a-z]{6}|-\d{1,4}|[0-9a-z]{6})$")
_BY_KIND = {
    "Pod": _POD,
    "ReplicaSet": _REPLICA_SET,
    "EndpointSlice": _SLICE,
    "Job": _JOB,
    "Node": _MACHINE,
}


def lasting_name(kind: str, name: str) -> str:
    """``coredns-vlrj8kqkqn-5h2ln`` (a Pod) as ``coredns``; other kinds keep their name."""
    pattern = _BY_KIND.get(kind)
    match = pattern.match(name) if pattern is not None else None
    base = match["base"] if match else name
    if kind == "Pod":  # a pod of a CronJob's Job
        job = _JOB.match(base)
        base = job["base"] if job else base
    return base


def lasting_key(subject: Subject) -> str:
    """The subject without what a restart or a new machine changes."""
    return f"{subject.kind}/{subject.namespace or ''}/{lasting_name(subject.kind, subject.name)}"
