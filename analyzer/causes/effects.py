"""Effects as data: what findings produce, how far it reaches, and which findings are instances."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator


class Reach(StrEnum):
    """How far an effect spreads from the entity that it starts on."""

    #: Everything in the cluster depends on it.
    CLUSTER = "cluster"
    #: What sits on the same node.
    NODE = "node"
    #: What sits on a node of the same pool.
    POOL = "pool"
    #: What lives in the same namespace.
    NAMESPACE = "namespace"
    #: The same entity only (an object, a claim, a component).
    ENTITY = "entity"


class Effect(BaseModel):
    """One effect; ``says`` completes "… and so" in the report's graph."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reach: Reach
    says: str


class RuleLinks(BaseModel):
    """What a rule's findings produce, and what they are an instance of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    produces: frozenset[str] = frozenset()
    instance_of: frozenset[str] = frozenset()


class CauseLinks(BaseModel):
    """The effects and the links of all rules; no rule may name an effect that is not defined."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    effects: Mapping[str, Effect]
    rules: Mapping[str, RuleLinks]
    #: Managed component → what its loss produces, for findings that say it does not run.
    components: Mapping[str, frozenset[str]] = {}
    #: Component with a known bug → what that bug produces.
    bugs: Mapping[str, frozenset[str]] = {}

    @model_validator(mode="after")
    def _known_effects(self) -> CauseLinks:
        named = {rule: links.produces | links.instance_of for rule, links in self.rules.items()}
        for name, effects in (named | dict(self.components) | dict(self.bugs)).items():
            unknown = effects - set(self.effects)
            if unknown:
                raise ValueError(f"{name} names unknown effects: {', '.join(sorted(unknown))}")
        return self


@cache
def cause_links() -> CauseLinks:
    """Read ``data/effects.yaml`` and the families' files in ``data/links.d``, once."""
    folder = files("analyzer.causes").joinpath("data")
    document = _read(folder.joinpath("effects.yaml"))
    rules: dict[str, Any] = {}
    for file in sorted(folder.joinpath("links.d").iterdir(), key=lambda entry: entry.name):
        rules |= _read(file)
    return CauseLinks.model_validate(document | {"rules": rules})


def _read(file: Traversable) -> dict[str, Any]:
    loaded = yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded if isinstance(loaded, dict) else {}
