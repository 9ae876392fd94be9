"""The README of a ticket: what is in it, how to attach it, and what to check before."""

from __future__ import annotations

from dataclasses import dataclass

from analyzer.model.diagnosis import Diagnosis
from analyzer.redact.mask import mask_text
from analyzer.render.text import clean, one_line, size, when
from analyzer.ticket.evidence import EvidenceFile

#: Evidence files that are listed one by one.
LISTED_MAX = 200


@dataclass(frozen=True)
class Listed:
    """What the README tells of: archives by name with their files, and what was left out."""

    archives: tuple[tuple[str, tuple[str, ...]], ...]
    evidence: tuple[EvidenceFile, ...]
    left_out: tuple[str, ...]
    report: str


def readme(diagnosis: Diagnosis, listed: Listed) -> str:
    """Plain text, at most 100 columns but for names; masked and cleaned."""
    parts = [
        _head(diagnosis),
        _files(listed),
        _attach(listed),
        _before_sending(diagnosis),
        _evidence(listed),
    ]
    text = "\n".join("\n".join(part) + "\n" for part in parts if part)
    return clean(mask_text(text))


def _head(d: Diagnosis) -> list[str]:
    collected = when(d.bundle.collected_at) if d.bundle.collected_at else "a time that is not known"
    return [
        f"Diagnostics of the AKS cluster {one_line(d.cluster.name)}",
        "",
        f"Collected at {collected}; Kubernetes {one_line(d.cluster.kubernetes_version)}; "
        f"{d.cluster.nodes.total:,} nodes.",
        f"Bundle {one_line(d.bundle.name)}, {size(d.bundle.size_bytes)}, sha256 {d.bundle.sha256}.",
        f"Made by {d.tool.name} {d.tool.version}; support policy of {d.tool.policy}, baselines "
        f"{d.tool.baselines}, known bugs {d.tool.bugs}.",
    ]


def _files(listed: Listed) -> list[str]:
    lines = [
        "What is here",
        "",
        f"  {listed.report}",
        "      The report: open it in a browser. It is one file and asks for nothing.",
        "  summary.txt",
        "      The text for the description of the support case, under 2,000 characters.",
        "  ticket.md",
        "      The long form: every root cause with owner, reasons and evidence.",
        "  findings.json",
        "      The same findings for programs ('demarc schema' describes it).",
        "  evidence/",
        "      The files of the bundle that the findings cite, under their paths in the bundle.",
        "      Small ones are whole; of lists the cited objects, of long files the cited lines.",
    ]
    if len(listed.archives) > 1:
        lines += ["", f"It comes in {len(listed.archives)} archives; each opens by itself:"]
        lines += [f"  {name}: {len(files):,} files" for name, files in listed.archives]
    if listed.left_out:
        lines += ["", "Left out, because the archives have no room (they are in the bundle):"]
        lines += [f"  {name}" for name in listed.left_out[:LISTED_MAX]]
        if len(listed.left_out) > LISTED_MAX:
            lines.append(f"  and {len(listed.left_out) - LISTED_MAX:,} more")
    return lines


def _attach(listed: Listed) -> list[str]:
    lines = [
        "How to attach it",
        "",
        "The Azure portal takes files up to 5 MB: one when a case is made, up to five afterwards.",
        "Paste summary.txt into the description.",
    ]
    if len(listed.archives) > 1:
        first = listed.archives[0][0]
        lines.append(f"Attach {first} first; it has the report. Add the others to the case later.")
    else:
        lines.append(f"Attach {listed.archives[0][0]}.")
    lines.append("The bundle itself stays with you; give it only if support asks for it.")
    return lines


def _before_sending(d: Diagnosis) -> list[str]:
    masked = sum(d.bundle.masked.values())
    done = f"the collector replaced {masked:,} already; " if masked else ""
    return [
        "Check it before you send it",
        "",
        "What looks like a token, key, password, connection string or certificate reads <masked>:",
        f"{done}this archive was searched once more.",
        "Kept on purpose: names of nodes, namespaces, workloads and images, private addresses,",
        "messages of logs. A pattern can miss a secret: look through it.",
    ]


def _evidence(listed: Listed) -> list[str]:
    if not listed.evidence:
        return []
    lines = ["Evidence, that of the worst findings first", ""]
    for file in listed.evidence[:LISTED_MAX]:
        lines += [f"  {file.name}", f"      {file.how}; cited by {file.cited_by}"]
    if len(listed.evidence) > LISTED_MAX:
        lines.append(f"  and {len(listed.evidence) - LISTED_MAX:,} more")
    return lines
