"""The base of all slim Kubernetes models: metadata, managed fields, and the way to the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from datetime import UTC, datetime
from typing import Annotated, Any, Self, TypeVar, dataclass_transform

from pydantic import ConfigDict, Field, TypeAdapter, WrapValidator
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from analyzer.facts.shared import Many, Shared, StrMap, Word, empty_map, new_memo, remember
from analyzer.model.evidence import EvidenceRef
from analyzer.model.subject import Subject


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _time(value: Any, parse: Callable[[Any], datetime]) -> datetime:
    """Read a time; the times of one object are often the same second, and are kept once then."""
    if not isinstance(value, str):
        return _utc(parse(value))
    found: datetime | None = _TIMES.get(value)
    return remember(_TIMES, value, _utc(parse(value))) if found is None else found


_TIMES = new_memo()
#: An aware UTC time; the API server always writes RFC 3339.
Time = Annotated[datetime, WrapValidator(_time)]
C = TypeVar("C")


@dataclass_transform(frozen_default=True, field_specifiers=(Field,))
def slim(cls: type[C]) -> type[C]:
    """Make a class with annotated fields a part of a Kubernetes object.

    A dataclass with slots and not a pydantic model: of pods there may be 100,000, with some thirty
    parts each, and a model takes ten times the memory.
    """
    config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)
    made: Any = dataclass(frozen=True, slots=True, config=config)
    checked: type[C] = made(cls)
    return checked


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(cls: type[Any]) -> TypeAdapter[Any]:
    if cls not in _ADAPTERS:
        _ADAPTERS[cls] = TypeAdapter(cls)
    return _ADAPTERS[cls]


class _Found:
    """The member in which an object was found: no field of it."""

    __slots__ = ("_path",)

    @property
    def path(self) -> str:
        """The member in which the object was found; empty for one that was made."""
        return getattr(self, "_path", "")


class Slim:
    """A part of a Kubernetes object: camelCase in JSON, unknown fields ignored, frozen.

    Each class below carries :func:`slim`. Its methods have the names that pydantic gives those of
    its models, and do the same.
    """

    __slots__ = ()

    @classmethod
    def model_validate(cls, value: Any) -> Self:
        """Read it from Python objects, as JSON gives them.

        Raises:
            pydantic.ValidationError: a field has a value of another type.
        """
        checked: Self = _adapter(cls).validate_python(value)
        return checked

    def model_dump(self, **options: Any) -> dict[str, Any]:
        """Write it as a mapping; ``options`` as pydantic's ``model_dump`` takes them."""
        dumped: dict[str, Any] = _adapter(type(self)).dump_python(self, **options)
        return dumped

    def model_copy(self, *, update: dict[str, Any]) -> Self:
        """Copy it with some fields changed; nothing is checked."""
        other = copy(self)
        if isinstance(self, _Found):  # no field, so the copy lacks it
            update = {"_path": self.path, **update}
        for name, value in update.items():
            object.__setattr__(other, name, value)
        return other


@slim
class OwnerReference(Slim):
    """Who created an object."""

    kind: Word = ""
    name: Word = ""
    controller: bool | None = None


@slim
class ManagedField(Slim):
    """One entry of ``metadata.managedFields``: who wrote which fields, and when."""

    manager: Word = ""
    operation: Word = ""
    subresource: Word = ""
    time: Time | None = None
    fields_v1: Shared[dict[str, Any] | None] = None


@slim
class Meta(Slim):
    """Object metadata without managed fields (pods and events: nobody asks, and they are large)."""

    name: str = ""
    namespace: Word | None = None
    uid: str = ""
    labels: StrMap = Field(default_factory=empty_map)
    annotations: StrMap = Field(default_factory=empty_map)
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    generation: int | None = None
    owner_references: Shared[Many[OwnerReference]] = ()
    finalizers: Shared[Many[str]] = ()


class _Referable:
    """Something that a cache may point at without keeping it."""

    __slots__ = ("__weakref__",)


@slim
class MetaWithManagers(Meta, _Referable):
    """Object metadata with its managed fields; None where the listing did not show them."""

    managed_fields: tuple[ManagedField, ...] | None = None


@slim
class KubeObject(Slim, _Found):
    """An object of a listing. It knows the member in which it was found."""

    api_version: Word = ""
    kind: Word = ""
    metadata: Meta = Meta()

    @property
    def name(self) -> str:
        """``metadata.name``."""
        return self.metadata.name

    @property
    def namespace(self) -> str | None:
        """``metadata.namespace``; None for a cluster-scoped object."""
        return self.metadata.namespace

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
        object.__setattr__(self, "_path", path)
        if kind and not self.kind:
            object.__setattr__(self, "kind", kind)

    def where(self, *anchors: str, what: str = "") -> EvidenceRef:
        """Point at this object in its member.

        ``anchors`` are ``field: value`` texts (or bare values) that follow the object's uid in the
        file, one after the other; the last one found is what the excerpt shows.
        """
        identity = f"uid: {self.metadata.uid}" if self.metadata.uid else f"name: {self.name}"
        return EvidenceRef(
            path=self.path, what=what or str(self.subject), anchors=(identity, *anchors)
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
