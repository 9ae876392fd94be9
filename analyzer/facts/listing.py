"""A listing: the objects of one resource, and what is known about what is not shown.

An empty tuple always means "listed, and there are none". A listing that was not collected, was
refused, or shows a selection only raises :class:`NotCollected` where its silence would be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Self, TypeVar

from analyzer.facts.kube import KubeObject
from analyzer.model.evidence import EvidenceRef
from analyzer.model.gap import Gap, NotCollected, Presence

K = TypeVar("K", bound=KubeObject)

#: The key of a listing that covers the whole cluster.
WHOLE = ""


@dataclass(frozen=True, slots=True)
class ListingState:
    """One listing: its member, whether it could be read, whether it shows everything."""

    path: str
    presence: Presence
    detail: str = ""
    selection: bool = False

    @property
    def gap(self) -> Gap:
        """The listing as a missing input."""
        if self.presence is Presence.PRESENT and self.selection:
            return Gap(path=self.path, reason=Presence.NOT_ASKED, detail="a filtered list")
        return Gap(path=self.path, reason=self.presence, detail=self.detail)


@dataclass(frozen=True)
class Objects(Generic[K]):
    """All objects of one resource that the bundle shows, in the order of namespace and name."""

    resource: ClassVar[str] = ""
    model: ClassVar[type[KubeObject]] = KubeObject
    kind: ClassVar[str] = ""

    items: tuple[K, ...] = ()
    states: Mapping[str, ListingState] = field(default_factory=dict)

    @classmethod
    def of_items(cls, items: Iterable[K], states: Mapping[str, ListingState]) -> Self:
        """Build from what was read; sorted, so that every later step is in a fixed order."""
        ordered = sorted(items, key=lambda k: (k.namespace or "", k.name, k.metadata.uid))
        return cls(items=tuple(ordered), states=dict(sorted(states.items())))

    @property
    def readable(self) -> bool:
        """True if at least one listing could be read."""
        return any(state.presence.readable for state in self.states.values())

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Listings that were expected and could not be read whole."""
        return tuple(
            s.gap for s in self.states.values() if s.presence is not Presence.PRESENT or s.selection
        )

    def require(self) -> Self:
        """Return itself, or say that nothing was read.

        Raises:
            NotCollected: no listing of this resource could be read.
        """
        if not self.readable:
            raise NotCollected(*(self.gaps or (self.never_asked(),)))
        return self

    def of(self, namespace: str) -> tuple[K, ...]:
        """The objects of one namespace.

        Raises:
            NotCollected: that namespace's listing could not be read.
        """
        state = self._state(namespace)
        if not state.presence.readable:
            raise NotCollected(state.gap)
        return tuple(item for item in self.items if item.namespace == namespace)

    def get(self, namespace: str | None, name: str) -> K | None:
        """The object of that name, or None where a complete listing does not show it.

        Raises:
            NotCollected: it is not shown, and the listing is missing, torn or a selection.
        """
        for item in self.items:
            if item.name == name and (item.namespace or None) == (namespace or None):
                return item
        state = self._state(namespace or WHOLE)
        if state.presence is not Presence.PRESENT or state.selection:
            raise NotCollected(state.gap)
        return None

    def listing(self, namespace: str | None = None, what: str = "") -> EvidenceRef:
        """Point at a listing itself: the evidence for "is not there"."""
        state = self._state(namespace or WHOLE)
        # A list without any object has no member: the collection's row about it is what there is.
        anchor = "kind" if state.path.endswith(".json") else f"resources/{self.resource}"
        return EvidenceRef(path=state.path, what=what, anchors=(anchor,))

    def _state(self, namespace: str) -> ListingState:
        state = self.states.get(namespace) or self.states.get(WHOLE)
        if state is not None:
            return state
        suffix = f"/{namespace}.json" if namespace else ".json"
        return ListingState(f"cluster/resources/{self.resource}{suffix}", Presence.NOT_ASKED)

    def never_asked(self) -> Gap:
        """The gap of a resource that nobody asked for."""
        return Gap(path=f"cluster/resources/{self.resource}", reason=Presence.NOT_ASKED)
