"""The rows of a fleet's tables. A model is a table, and its fields are the columns.

Every table begins with the columns of :class:`Row`. Times are UTC, without a zone. Texts come from
clusters: they are masked, and free of unseen characters, before they get here.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict

#: Changes with the columns: results of another number are made anew.
ROWS_VERSION = 1
#: Python type of a field → column type of DuckDB (https://duckdb.org/docs/sql/data_types/overview).
_COLUMN_TYPES: dict[Any, str] = {
    str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", datetime: "TIMESTAMP", date: "DATE",
    tuple[str, ...]: "VARCHAR[]",
}  # fmt: skip


class Row(BaseModel):
    """What every row tells: bundle (SHA-256), cluster, when it was collected.

    ``cluster_id`` tells clusters of one name apart: the UID of ``kube-system`` where the bundle
    has it, else the name. ``latest`` marks the newest bundle of a cluster.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: str
    cluster: str
    cluster_id: str
    collected_at: datetime | None = None
    latest: bool = False


class ClusterRow(Row):
    """A cluster as one bundle shows it. Counts of owners and severities are of all findings.

    ``roots_*`` count findings that no other finding explains, by owner. ``missing`` counts inputs
    that the bundle lacks.
    """

    aks: str
    kubernetes_version: str
    cloud: str
    location: str
    network_mode: str
    network_plugin: str
    dataplane: str
    network_policy: str
    byocni: bool | None
    pools: int
    nodes: int
    nodes_ready: int
    nodes_with_archive: int
    findings: int
    roots: int
    roots_microsoft: int
    roots_customer: int
    roots_upstream: int
    roots_byocni_excluded: int
    roots_undetermined: int
    critical: int
    high: int
    medium: int
    low: int
    info: int
    cluster_unsupported: bool
    complete: bool
    missing: int
    layout: str
    size_bytes: int
    demarc_version: str
    policy_date: str
    baselines_date: str
    bugs_date: str


class FindingRow(Row):
    """A finding; ``clause`` is the policy clause that decided, ``bug`` a known bug's id."""

    finding: str
    rule: str
    title: str
    severity: str
    component: str
    subject_kind: str
    subject_namespace: str
    subject_name: str
    node: str
    owner: str
    decided_by: str
    clause: str
    stance: str
    confidence: str
    act_next: str
    next_step: str
    saw: str
    root: bool
    explained_by: tuple[str, ...]
    first_seen: datetime | None
    last_seen: datetime | None
    sightings: int
    affects: int
    bug: str


class NodeRow(Row):
    """A node; ``ready`` is null where its condition was not shown.

    ``image_built`` is the date in the image's version, ``image_age_days`` its age at collection.
    """

    node: str
    pool: str
    ready: bool | None
    has_archive: bool
    image: str
    image_family: str
    image_built: date | None
    image_age_days: int | None
    kubelet: str
    kernel: str
    container_runtime: str
    os: str
    architecture: str
    vm_size: str


class DriftRow(Row):
    """One value that differs from the expected state, and who changed it where that is told."""

    finding: str
    component: str
    owner: str
    subject_kind: str
    subject_namespace: str
    subject_name: str
    path: str
    expected: str
    actual: str
    changed_by: str
    changed_at: datetime | None


class BugRow(Row):
    """A known bug: ``hit`` (seen, with its finding), ``affected``, ``possible``, ``fixed-here``."""

    bug: str
    title: str
    status: str
    component: str
    subject_kind: str
    subject_namespace: str
    subject_name: str
    sightings: int
    fixed_in: str
    finding: str
    owner: str


class BundleRow(BaseModel):
    """A place that was looked at: ``analysed``, ``unreadable`` or ``failed``, with the error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    place: str
    state: str
    error: str
    bundle: str


class BundleRows(BaseModel):
    """All that one bundle adds to the tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows_version: int = ROWS_VERSION
    clusters: tuple[ClusterRow, ...]
    findings: tuple[FindingRow, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    drift: tuple[DriftRow, ...] = ()
    bugs: tuple[BugRow, ...] = ()


#: Table → model, in the order in which people need them.
TABLES: dict[str, type[BaseModel]] = {
    "clusters": ClusterRow,
    "findings": FindingRow,
    "nodes": NodeRow,
    "drift": DriftRow,
    "bugs": BugRow,
    "bundles": BundleRow,
}


def columns(model: type[BaseModel]) -> dict[str, str]:
    """Column → type of DuckDB, in the order of the fields; a null may stand anywhere."""
    return {name: _column_type(field.annotation) for name, field in model.model_fields.items()}


def _column_type(annotation: Any) -> str:
    if annotation in _COLUMN_TYPES:
        return _COLUMN_TYPES[annotation]
    (kind,) = (arg for arg in get_args(annotation) if arg is not type(None))
    return _COLUMN_TYPES[kind]
