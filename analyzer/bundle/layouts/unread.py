"""Texts that people keep and that cannot be read: what they are, and what to collect instead."""

from __future__ import annotations

import re

#: Columns of a table of ``kubectl get``, and the resource that has them.
_TABLES = (
    ((b"STATUS", b"ROLES", b"VERSION"), "nodes"),
    ((b"READY", b"STATUS", b"RESTARTS"), "pods -A"),
    ((b"LAST SEEN", b"REASON", b"OBJECT"), "events -A"),
    ((b"TYPE", b"CLUSTER-IP"), "services -A"),
    ((b"DESIRED", b"NODE SELECTOR"), "daemonsets -A"),
    ((b"READY", b"UP-TO-DATE"), "deployments -A"),
)
_HEADER = re.compile(rb"(?:NAMESPACE +)?(?:NAME|LAST SEEN) {2,}[A-Z]")
_DESCRIBED = re.compile(rb"Name: {2,}\S+\s*\n(?:[A-Z][\w ]*:.*\n)*?(?:Namespace|Labels|Roles):")
_AZ_YAML = re.compile(rb"(?mi)^(?:- )? *type: Microsoft\.\w+/|^(?:- )? *nodeResourceGroup: \S")
_AZ_TABLE = re.compile(rb"[A-Z]\w*(?: {2,}[A-Z]\w*)+ *\r?\n-{3,}(?: {2}-{3,})+ *\r?\n")
_ADDRESS = re.compile(rb"(?:\x1b\[[\d;]*m)?Kubernetes (?:control plane|master)")


def unread_text(head: bytes) -> tuple[str, str]:
    """Return what a text is and what to collect instead; both empty where nobody can tell.

    ``head`` is its beginning.
    """
    start = head.lstrip()
    line = start.split(b"\n", 1)[0]
    if _HEADER.match(line):
        kind = next((name for row, name in _TABLES if all(c in line for c in row)), "KIND -A")
        return "is a table of kubectl get", f"collect: kubectl get {kind} -o json"
    if _DESCRIBED.match(start):
        return "is a description by kubectl", "collect: kubectl get KIND NAME -n NAMESPACE -o json"
    if _ADDRESS.match(start):
        command = "kubectl cluster-info dump -A --output-directory=dump"
        return "is the output of kubectl cluster-info", f"collect: {command}"
    if _AZ_YAML.search(head):
        return "looks like output of az in YAML", "run the same az command with -o json"
    if _AZ_TABLE.match(start):
        return "looks like a table of az", "run the same az command with -o json"
    return "", ""
