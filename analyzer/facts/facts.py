"""All facts of one bundle, by type: what the engine hands to rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from analyzer.facts.azure import AzureExports
from analyzer.facts.identity import Identity
from analyzer.facts.listings import KnownNodes, Nodes, Objects
from analyzer.facts.logs import Logs
from analyzer.facts.node_files import NodeArchives, TextFile
from analyzer.facts.parse.api_health import (
    FeatureGate,
    HealthCheck,
    parse_feature_gates,
    parse_health,
)
from analyzer.facts.usage import Usage
from analyzer.model.gap import Gap, NotCollected, Presence

L = TypeVar("L", bound=Objects[Any])


@dataclass(frozen=True)
class ApiServer:
    """What the API server says of itself; each answer may be missing on its own."""

    files: Mapping[str, TextFile] = field(default_factory=dict)
    gaps: Mapping[str, Gap] = field(default_factory=dict)

    @property
    def readable(self) -> bool:
        """True if any of its answers was collected."""
        return bool(self.files)

    def _file(self, name: str) -> TextFile:
        if name in self.files:
            return self.files[name]
        path = f"cluster/{name}"
        raise NotCollected(self.gaps.get(name) or Gap(path=path, reason=Presence.NOT_ASKED))

    def health(self, which: str) -> tuple[HealthCheck, ...]:
        """The checks of ``livez`` or ``readyz``.

        Raises:
            NotCollected: the answer is not in the bundle.
        """
        return parse_health(self._file(f"{which}.txt"))

    def feature_gates(self) -> tuple[FeatureGate, ...]:
        """The feature gates that the API server reports.

        Raises:
            NotCollected: its metrics are not in the bundle.
        """
        return parse_feature_gates(self._file("feature-gates.txt"))


@dataclass(frozen=True)
class Facts:
    """One bundle, read. Listings are by their type; all the rest by name."""

    identity: Identity
    listings: Mapping[type[Objects[Any]], Objects[Any]]
    archives: NodeArchives
    api_server: ApiServer
    azure: AzureExports
    logs: Logs
    usage: Usage = field(default_factory=Usage)
    gaps: tuple[Gap, ...] = ()

    def of(self, kind: type[L]) -> L:
        """The listing of that type (empty, with nothing readable, if it was never asked for)."""
        return cast(L, self.listings.get(kind) or kind())

    def supply(self) -> dict[type[Any], Any]:
        """What rules may ask for, by type."""
        return {
            Identity: self.identity,
            NodeArchives: self.archives,
            ApiServer: self.api_server,
            AzureExports: self.azure,
            Logs: self.logs,
            Usage: self.usage,
            KnownNodes: KnownNodes(self.of(Nodes), self.archives.nodes),
            **self.listings,
        }
