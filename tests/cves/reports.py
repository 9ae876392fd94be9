"""Reports in the forms that Trivy and Grype write, made for a bundle's own images and nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def trivy(
    artifact: str, rows: list[dict[str, Any]], kind: str = "container_image", **more: Any
) -> dict[str, Any]:
    """Trivy's schema 2; each row is ``{id, pkg, fixed, cls, place}``."""
    results: dict[str, dict[str, Any]] = {}
    for row in rows:
        cls = row.get("cls", "os-pkgs")
        target = f"{artifact} (azurelinux 3.0)" if cls == "os-pkgs" else row.get("place", "app")
        result = results.setdefault(
            target, {"Target": target, "Class": cls, "Type": "azurelinux", "Vulnerabilities": []}
        )
        made = {
            "VulnerabilityID": row["id"],
            "PkgName": row.get("pkg", "openssl"),
            "InstalledVersion": "3.3.2-1",
            "Status": "fixed",
            "SeveritySource": "azure",
            "PrimaryURL": f"https://avd.aquasec.com/nvd/{row['id'].lower()}",
            "Title": row.get("title", "openssl: a flaw"),
            "Severity": row.get("severity", "HIGH"),
            # Published long ago: says nothing of the fix.
            "PublishedDate": "2024-01-01T00:00:00Z",
            "LastModifiedDate": "2024-02-01T00:00:00Z",
        }
        if row.get("fixed", "3.3.3-1"):
            made["FixedVersion"] = row.get("fixed", "3.3.3-1")
        result["Vulnerabilities"].append(made)
    meta = {"OS": {"Family": "azurelinux", "Name": "3.0"}, "RepoTags": [artifact]}
    return {
        "SchemaVersion": 2,
        "ArtifactName": artifact,
        "ArtifactType": kind,
        "Metadata": meta,
        "Results": list(results.values()),
        **more,
    }


def grype(target: str, rows: list[dict[str, Any]], kind: str = "image") -> dict[str, Any]:
    """Grype's document; each row is ``{id, pkg, fixed, on, cve, place}``."""
    matches = []
    for row in rows:
        fixed = row.get("fixed", "3.3.3-1")
        fix: dict[str, Any] = {
            "versions": [fixed] if fixed else [],
            "state": "fixed" if fixed else "not-fixed",
        }
        if "on" in row:
            fix["available"] = [{"version": fixed, "date": row["on"], "kind": "first-observed"}]
        related = [{"id": row["cve"], "namespace": "nvd:cpe"}] if "cve" in row else []
        matches.append(
            {
                "vulnerability": {
                    "id": row["id"],
                    "dataSource": f"https://github.com/advisories/{row['id']}",
                    "severity": row.get("severity", "High"),
                    "fix": fix,
                    "advisories": [],
                },
                "relatedVulnerabilities": related,
                "artifact": {
                    "name": row.get("pkg", "openssl"),
                    "version": "3.3.2-1",
                    "type": row.get("type", "rpm"),
                    "locations": [{"path": row.get("place", "/var/lib/rpm/rpmdb.sqlite")}],
                },
            }
        )
    about: Any = target
    if kind == "image":
        about = {"userInput": target, "tags": [target], "repoDigests": [], "imageID": "sha256:0"}
    return {
        "matches": matches,
        "source": {"type": kind, "target": about},
        "distro": {"name": "azurelinux", "version": "3.0", "idLike": []},
        "descriptor": {"name": "grype", "version": "0.104.1"},
    }


def written(folder: Path, name: str, document: Any) -> Path:
    """The document as a file."""
    path = folder / name
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
