"""A Helm release as far as a bundle tells of it, and the Secret in which a client expects it.

Form of the record: helm.sh/helm, ``pkg/storage/driver/secrets.go`` and ``util.go`` (a Secret of
type ``helm.sh/release.v1`` whose ``data.release`` is base64 of base64 of gzip of JSON) and
``pkg/release/v1/release.go``.
"""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from analyzer.redact.mask import mask_text

Obj = dict[str, Any]
#: What stands where a bundle does not tell. A real revision is never 0.
NO_REVISION = 0
NO_CHART = "unknown"
NO_VERSION = "0.0.0-unknown"
_OWNER = "helm"
_CHART = re.compile(r"(?P<name>.+?)-(?P<version>v?\d+\.\d+\.\d+.*)")


@dataclass(frozen=True, slots=True)
class Chart:
    """Name and versions of a chart; empty where they are not known."""

    name: str = ""
    version: str = ""
    app_version: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """One revision of a release. ``source`` says what it was put together from, in a sentence."""

    namespace: str
    name: str
    chart: Chart = Chart()
    revision: int = NO_REVISION
    status: str = "deployed"
    first: datetime | None = None
    last: datetime | None = None
    source: str = ""
    #: What is not known of it, as words for a list.
    unknown: tuple[str, ...] = ()
    #: ``Kind namespace/name`` of objects that carry its annotations.
    objects: tuple[str, ...] = field(default=())

    @property
    def description(self) -> str:
        """What ``helm status`` and ``helm history`` print: the source, and what is not known."""
        lacks = f" Not known: {', '.join(self.unknown)}." if self.unknown else ""
        return f"{self.source}{lacks}"


def chart_of(label: str) -> Chart:
    """Take ``helm.sh/chart`` apart: ``traefik-10.19.300``; ``_`` stands for ``+`` in it.

    Source: helm.sh/docs/chart_best_practices/labels.
    """
    match = _CHART.fullmatch(label)
    if match is None:
        return Chart(label)
    return Chart(match["name"], match["version"].replace("_", "+"))


def secret_of(release: Release) -> Obj:
    """Return the Secret that a Helm client reads."""
    text = mask_text(orjson.dumps(_record(release)).decode())
    # no time stamp in the gzip header: the same bundle gives the same bytes
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0))
    labels = {
        "name": release.name,
        "owner": _OWNER,
        "status": release.status,
        "version": str(release.revision),
    }
    if release.last:
        labels["modifiedAt"] = str(int(release.last.timestamp()))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"sh.helm.release.v1.{release.name}.v{release.revision}",
            "namespace": release.namespace,
            "creationTimestamp": _stamp(release.last or release.first),
            "labels": labels,
            "annotations": {"demarc/description": mask_text(release.description)},
        },
        "type": "helm.sh/release.v1",
        "data": {"release": base64.b64encode(packed).decode()},
    }


def _record(release: Release) -> Obj:
    chart = release.chart
    info: Obj = {
        "description": release.description,
        "status": release.status,
        "notes": _notes(release),
    }
    times = {"first_deployed": release.first, "last_deployed": release.last}
    info |= {name: _stamp(when) for name, when in times.items() if when}
    metadata = {
        "name": chart.name or NO_CHART,
        "version": chart.version or NO_VERSION,
        "apiVersion": "v2",
        "description": release.description,
    }
    if chart.app_version:
        metadata["appVersion"] = chart.app_version
    return {
        "name": release.name,
        "namespace": release.namespace,
        "version": release.revision,
        "info": info,
        "chart": {
            "metadata": metadata,
            "lock": None,
            "templates": [],
            "values": {},
            "schema": None,
            "files": [],
        },
        "config": {},
        "manifest": _manifest(release),
    }


def _notes(release: Release) -> str:
    return (
        f"{release.description}\n"
        "Helm keeps its records in Secrets, and Secrets are never collected. Values, hooks, the\n"
        "manifest and former revisions cannot be shown.\n"
    )


def _manifest(release: Release) -> str:
    """Return comments alone: YAML that means nothing, with the names of the objects."""
    lines = ["# The manifest is not in the bundle. Objects that name this release:"]
    lines += [f"# {name}" for name in release.objects]
    return "\n".join(lines) + "\n"


def _stamp(when: datetime | None) -> str | None:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ") if when else None
