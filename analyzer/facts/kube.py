"""The base of all slim Kubernetes models: metadata, managed fields, and the way to the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PrivateAttr
from pydantic.alias_generators import to_camel

from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _no_null(value: Any) -> Any:
    return () if value is None else value


def _no_null_map(value: Any) -> Any:
    return {} if value is None else value


#: An aware UTC time; the API server always writes RFC 3339.
Time = Annotated[datetime, AfterValidator(_utc)]
T = TypeVar("T")
#: A list that may be null or left out; an empty tuple then.
Many = Annotated[tuple[T, ...], BeforeValidator(_no_null)]
StrMap = Annotated[dict[str, str], BeforeValidator(_no_null_map)]


class Slim(BaseModel):
    """A part of a Kubernetes object: camelCase in JSON, unknown fields ignored, frozen."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class OwnerReference(Slim):
    """Who created an object."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


class ManagedField(Slim):
    """One entry of ``metadata.managedFields``: who wrote which fields, and when."""

    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: Time | None = None
    fields_v1: dict[str, Any] | None = None


class Meta(Slim):
    """Object metadata without managed fields (pods and events: nobody asks, and they are large)."""

    name: str = ""
    namespace: str | None = None
    uid: str = ""
    labels: StrMap = {}
    annotations: StrMap = {}
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    generation: int | None = None
    owner_references: Many[OwnerReference] = ()
    finalizers: Many[str] = ()


class MetaWithManagers(Meta):
    """Object metadata with its managed fields; None where the listing did not show them."""

    managed_fields: tuple[ManagedField, ...] | None = None


class KubeObject(Slim):
    """An object of a listing. It knows the member in which it was found."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    _path: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """``metadata.name``."""
        return self.metadata.name

    @property
    def namespace(self) -> str | None:
        """``metadata.namespace``; None for a cluster-scoped object."""
        return self.metadata.namespace

    @property
    def path(self) -> str:
        """The member in which the object was found."""
        return self._path

    @property
    def subject(self) -> Subject:
        """The object as the subject of a finding."""
        return Subject(
            kind=self.kind or type(self).__name__, name=self.name, namespace=self.namespace
        )

    def found_in(self, path: str, kind: str = "") -> None:
        """Note the member; called once, by the loader.

        The API server leaves ``kind`` out of the items of a typed list: the listing tells it then.
        """
        self._path = path
        if kind and not self.kind:
            object.__setattr__(self, "kind", kind)

    def where(self, *anchors: str, what: str = "") -> EvidenceRef:
        """Point at this object in its member.

        ``anchors`` are ``field: value`` texts (or bare values) that follow the object's uid in the
        file, one after the other; the last one found is what the excerpt shows.
        """
        identity = f"uid: {self.metadata.uid}" if self.metadata.uid else f"name: {self.name}"
        return EvidenceRef(
            path=self._path, what=what or str(self.subject), anchors=(identity, *anchors)
        )


def quantity(text: str | None) -> float | None:
    """Read a Kubernetes quantity: ``500m`` → 0.5, ``16374292Ki`` → bytes; None if it is none.

    Source: the suffixes of ``k8s.io/apimachinery/pkg/api/resource`` (kubernetes.io, "Quantity").
    """
    if not text:
        return None
    for suffix, factor in _SUFFIXES:
        if text.endswith(suffix):
            return _number(text[: -len(suffix)], factor)
    return _number(text, 1.0)


_SUFFIXES: Iterable[tuple[str, float]] = (
    *((f"{p}i", 1024.0**n) for n, p in enumerate("KMGTPE", start=1)),
    ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12),
    ("P", 1e15), ("E", 1e18),
)  # fmt: skip
_SUFFIXES = tuple(_SUFFIXES)


def _number(text: str, factor: float) -> float | None:
    try:
        return float(text) * factor
    except ValueError:
        return None
