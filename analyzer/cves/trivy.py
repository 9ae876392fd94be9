"""Trivy's JSON: schema 2, the older bare list, and the operator's VulnerabilityReport.

Sources: https://trivy.dev/docs/latest/configuration/reporting/ (JSON),
https://github.com/aquasecurity/trivy pkg/types/report.go,
https://github.com/aquasecurity/trivy-operator (docs/docs/crds/vulnerability-report.md). Trivy tells
when a CVE was published, never since when there is a fix: its reports carry no fix dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.cves import cells
from analyzer.cves.scan import Scan, Scanned, Vulnerability

_KINDS = {
    "container_image": Scanned.IMAGE,
    "filesystem": Scanned.MACHINE,
    "rootfs": Scanned.MACHINE,
    "vm": Scanned.MACHINE,
}


def recognises(document: Any) -> bool:
    """True for a document of one of the three forms."""
    if isinstance(document, list):
        return all("Target" in cells.mapping(one) for one in document) and bool(document)
    found = cells.mapping(document)
    return "Results" in found or "ArtifactName" in found or _is_object(found)


def scans(document: Any, file: str, sha256: str) -> Iterator[Scan]:
    """The scans of a document; a list of the operator's objects holds several."""
    if isinstance(document, list):
        yield _report({"Results": document}, file, sha256)
    elif _is_object(document):
        listed = document.get("items") if "items" in document else [document]
        for one in cells.items(listed):
            yield _object(cells.mapping(one), file, sha256)
    else:
        yield _report(document, file, sha256)


def _is_object(document: dict[str, Any]) -> bool:
    kinds = {"VulnerabilityReport", "VulnerabilityReportList", "ClusterVulnerabilityReport"}
    if document.get("kind") in kinds:
        return True
    inner = [cells.mapping(one).get("kind") for one in cells.items(document.get("items"))]
    return document.get("kind") == "List" and bool(inner) and set(inner) <= kinds


def _report(document: dict[str, Any], file: str, sha256: str) -> Scan:
    meta = cells.mapping(document.get("Metadata"))
    results = [cells.mapping(one) for one in cells.items(document.get("Results"))]
    artifact = cells.text(document.get("ArtifactName"))
    if not artifact and results:
        artifact = cells.text(results[0].get("Target")).partition(" (")[0]
    named = cells.text(document.get("ArtifactType"))
    # The bare list of old versions came from images; its first target is the image's name.
    kind = _KINDS.get(named, Scanned.OTHER) if named else Scanned.IMAGE
    references = (
        artifact,
        *cells.texts(meta.get("RepoTags")),
        *cells.texts(meta.get("RepoDigests")),
    )
    found = [(one, row) for one in results for row in cells.items(one.get("Vulnerabilities"))]
    rows = [_row(cells.mapping(row), result) for result, row in found]
    return Scan(
        file=file,
        sha256=sha256,
        scanner="Trivy",
        kind=kind,
        artifact=artifact,
        references=tuple(dict.fromkeys(references)) if kind is Scanned.IMAGE else (),
        created=cells.moment(document.get("CreatedAt")),
        rows=tuple(row for row in rows if row is not None),
        unreadable=rows.count(None),
    )


def _row(row: dict[str, Any], result: dict[str, Any]) -> Vulnerability | None:
    identity, package = cells.text(row.get("VulnerabilityID")), cells.text(row.get("PkgName"))
    if not identity or not package:
        return None
    fixed = [part.strip() for part in cells.text(row.get("FixedVersion")).split(",")]
    return Vulnerability(
        id=identity,
        package=package,
        installed=cells.text(row.get("InstalledVersion")),
        fixed=tuple(part for part in fixed if part),
        aliases=cells.texts(row.get("VendorIDs")),
        severity=cells.text(row.get("Severity")).lower() or "unknown",
        title=cells.text(row.get("Title")),
        link=cells.web_link(row.get("PrimaryURL")),
        place=cells.text(row.get("PkgPath")) or cells.text(result.get("Target")),
        of_system=result.get("Class") == "os-pkgs",
    )


def _object(item: dict[str, Any], file: str, sha256: str) -> Scan:
    report = cells.mapping(item.get("report"))
    artifact = cells.mapping(report.get("artifact"))
    server = cells.text(cells.mapping(report.get("registry")).get("server"))
    name = "/".join(part for part in (server, cells.text(artifact.get("repository"))) if part)
    tag, digest = cells.text(artifact.get("tag")), cells.text(artifact.get("digest"))
    references = [f"{name}:{tag}"] if tag else []
    references += [f"{name}@{digest}"] if digest else []
    rows = [_operator_row(cells.mapping(row)) for row in cells.items(report.get("vulnerabilities"))]
    return Scan(
        file=file,
        sha256=sha256,
        scanner="Trivy operator",
        kind=Scanned.IMAGE,
        artifact=references[0] if references else name,
        references=tuple(references),
        created=cells.moment(report.get("updateTimestamp")),
        rows=tuple(row for row in rows if row is not None),
        unreadable=rows.count(None),
    )


def _operator_row(row: dict[str, Any]) -> Vulnerability | None:
    identity, package = cells.text(row.get("vulnerabilityID")), cells.text(row.get("resource"))
    if not identity or not package:
        return None
    fixed = [part.strip() for part in cells.text(row.get("fixedVersion")).split(",")]
    return Vulnerability(
        id=identity,
        package=package,
        installed=cells.text(row.get("installedVersion")),
        fixed=tuple(part for part in fixed if part),
        severity=cells.text(row.get("severity")).lower() or "unknown",
        title=cells.text(row.get("title")),
        link=cells.web_link(row.get("primaryLink")),
        place=cells.text(row.get("pkgPath")) or cells.text(row.get("target")),
        of_system=cells.text(row.get("class")) == "os-pkgs",
    )
