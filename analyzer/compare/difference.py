"""What two states of a cluster differ in: the model that every format of ``demarc diff`` shows.

Schema version "1": fields are only ever added. Nothing here says that a state is right or wrong.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analyzer.model.owner import Confidence, Owner, Stance
from analyzer.model.severity import Severity
from analyzer.model.subject import Subject

#: For whom the author of a change works; ``not-shown`` where the bundle does not tell.
Author = Literal["customer", "aks", "kubernetes", "unknown", "not-shown"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Frozen):
    """One of the two inputs. ``kind``: a bundle, or the JSON report of one."""

    kind: Literal["bundle", "report"]
    name: str
    sha256: str
    collected_at: datetime | None
    complete: bool
    cluster: str
    kubernetes_version: str
    nodes: int
    #: Version of demarc and dates of the data that made the diagnosis of this side.
    tool: str
    policy: str
    baselines: str
    bugs: str


class FindingNote(_Frozen):
    """A finding in short. ``doubt``: why its coming or going may not be one; empty where sure."""

    id: str
    rule: str
    title: str
    severity: Severity
    component: str
    subject: Subject
    owner: Owner
    stance: Stance
    confidence: Confidence
    root: bool
    saw: str
    count: int
    next_step: str
    doubt: str = ""


class FieldChange(_Frozen):
    """One property of a finding (``owner``, ``severity`` …) with its value before and after."""

    field: Literal["owner", "severity", "stance", "confidence", "root"]
    before: str
    after: str


class ChangedFinding(_Frozen):
    """A finding that both sides have, with what became different in its verdict."""

    finding: FindingNote
    changes: tuple[FieldChange, ...]


class ValueChange(_Frozen):
    """One value of an object. Of a text with several lines only the lines that differ are kept.

    ``changed_by`` is the field manager; ``certain`` is False where it is the only writer between
    the two collections but does not own this very field. ``changed_at`` is its own time.
    """

    path: str
    before: str
    after: str
    by: Author = "not-shown"
    changed_by: str = ""
    changed_at: datetime | None = None
    certain: bool = True


class ObjectChange(_Frozen):
    """An object that was added, removed or changed, and whose it is by its marks."""

    what: Literal["added", "removed", "changed"]
    subject: Subject
    component: str = ""
    whose: Literal["aks", "customer", "unknown"]
    #: The author who matters most: a customer's change before an unknown one before AKS's.
    by: Author
    values: tuple[ValueChange, ...] = ()


class VersionMove(_Frozen):
    """A version that moved: of Kubernetes, of a pool's nodes, or of an image."""

    what: Literal[
        "kubernetes", "node-image", "kubelet", "kernel", "container-runtime", "os", "image"
    ]
    #: A pool, an image's repository, or empty for the control plane.
    where: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    #: For an image: the workloads that run it.
    workloads: tuple[str, ...] = ()


class PoolMove(_Frozen):
    """A node pool with the nodes that came and went; a count of None: the pool was not there."""

    pool: str
    before: int | None
    after: int | None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    vm_sizes_before: tuple[str, ...] = ()
    vm_sizes_after: tuple[str, ...] = ()


class SettingMove(_Frozen):
    """A property of the cluster that changed: network mode, add-ons, third-party software."""

    what: str
    before: str
    after: str


class Difference(_Frozen):
    """Everything that ``demarc diff`` shows. ``before`` is the older of the two inputs."""

    schema_version: Literal["1"] = "1"
    before: Side
    after: Side
    #: True where the newer input was given first: the older one is ``before`` all the same.
    turned: bool = False
    same_cluster: Literal["yes", "no", "unknown"]
    same_cluster_reason: str
    appeared: tuple[FindingNote, ...] = ()
    gone: tuple[FindingNote, ...] = ()
    changed: tuple[ChangedFinding, ...] = ()
    unchanged: int = 0
    objects: tuple[ObjectChange, ...] = ()
    objects_equal: int = 0
    versions: tuple[VersionMove, ...] = ()
    pools: tuple[PoolMove, ...] = ()
    settings: tuple[SettingMove, ...] = ()
    #: What could not be compared, and why; never read as "equal".
    not_compared: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """True where nothing that was compared differs."""
        return not (
            self.appeared or self.gone or self.changed or self.objects
            or self.versions or self.pools or self.settings
        )  # fmt: skip
