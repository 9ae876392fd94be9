"""A ticket: from an analysis and its reports to archives that can be attached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analyzer.bundle import Bundle
from analyzer.model.diagnosis import Diagnosis
from analyzer.model.evidence import EvidenceRef
from analyzer.ticket.cited import cited_members
from analyzer.ticket.evidence import EvidenceFile, evidence_files
from analyzer.ticket.pack import PORTAL_FILES, Plan, TicketFile, pack, plan
from analyzer.ticket.readme import Listed, readme


@dataclass(frozen=True)
class Reports:
    """The rendered reports: the HTML with its name, the JSON, the long text, and the short one.

    The short one fits into the description of a support case.
    """

    html_name: str
    html: str
    json: str
    markdown: str
    summary: str


@dataclass(frozen=True)
class Archive:
    """One archive to attach."""

    name: str
    data: bytes
    files: int


@dataclass(frozen=True)
class Ticket:
    """The archives, and names of evidence that found no room in them."""

    archives: tuple[Archive, ...]
    left_out: tuple[str, ...]


def build_ticket(
    diagnosis: Diagnosis,
    reports: Reports,
    evidence: Iterable[EvidenceFile],
    *,
    stem: str,
    max_bytes: int,
) -> Ticket:
    """Pack everything into archives of at most ``max_bytes`` each, called after ``stem``.

    One archive is ``<stem>.zip``; several are ``<stem>-1of3.zip`` … The first has the report.
    """
    kept = tuple(evidence)
    files = [
        TicketFile(reports.html_name, reports.html.encode("utf-8")),
        TicketFile("summary.txt", reports.summary.encode("utf-8")),
        TicketFile("ticket.md", reports.markdown.encode("utf-8")),
        TicketFile("findings.json", reports.json.encode("utf-8")),
        *(TicketFile(file.name, file.data) for file in kept),
    ]
    planned = plan(files, max_bytes, PORTAL_FILES)
    names = _names(stem, len(planned.parts))
    left_out = tuple(file.name for file in planned.left_out)
    text = readme(diagnosis, _listed(planned, names, kept, reports.html_name))
    first = TicketFile("README.txt", text.encode("utf-8"))
    collected = diagnosis.bundle.collected_at
    archives = tuple(
        Archive(name, pack((first, *part), collected), len(part) + 1)
        for name, part in zip(names, planned.parts, strict=True)
    )
    return Ticket(archives, left_out)


def _listed(
    planned: Plan, names: tuple[str, ...], evidence: tuple[EvidenceFile, ...], report: str
) -> Listed:
    left_out = tuple(file.name for file in planned.left_out)
    return Listed(
        archives=tuple(
            (name, tuple(file.name for file in part))
            for name, part in zip(names, planned.parts, strict=True)
        ),
        evidence=tuple(file for file in evidence if file.name not in left_out),
        left_out=left_out,
        report=report,
    )


def _names(stem: str, parts: int) -> tuple[str, ...]:
    if parts == 1:
        return (f"{stem}.zip",)
    return tuple(f"{stem}-{number}of{parts}.zip" for number in range(1, parts + 1))


def collect_evidence(
    bundle: Bundle, diagnosis: Diagnosis, refs: Mapping[str, Iterable[EvidenceRef]]
) -> tuple[EvidenceFile, ...]:
    """The members that the diagnosis cites, masked and cut, those of the worst findings first.

    ``refs``: see :func:`analyzer.ticket.cited.cited_members`.
    """
    return tuple(evidence_files(bundle, cited_members(diagnosis, refs)))
