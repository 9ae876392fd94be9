"""The cluster as CVE lists need it: who runs which image, and how old the nodes' images are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from analyzer.baselines.catalogue import Catalogue
from analyzer.baselines.images import Image, microsoft_registry, parse_image
from analyzer.baselines.markers import component_of, whose
from analyzer.baselines.node_images import (
    LABEL,
    NodeImage,
    age_days,
    newest,
    packaged_date,
    parse_node_image,
)
from analyzer.facts.facts import Facts
from analyzer.facts.listings import Nodes, Pods
from analyzer.facts.objects import Node, Pod
from analyzer.model.gap import Presence

#: A release of node images needs up to two weeks to reach every region
#: (https://releases.aks.azure.com shows each region's), so a newer one counts after that time.
ROLL_OUT = timedelta(days=14)
#: Where the data ends before the roll-out time, an image of the last three weekly releases passes.
RECENT_DAYS = 21


class Currency(StrEnum):
    """Whether a node runs the newest image that it could have."""

    CURRENT = "current"
    OUTDATED = "outdated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ImageUse:
    """An image that pods run. ``components`` are ids of the catalogue, ``nodes`` names."""

    image: Image
    managed: bool
    components: frozenset[str]
    namespaces: frozenset[str]
    nodes: frozenset[str]


@dataclass(frozen=True)
class ClusterView:
    """The cluster as far as CVE lists need it. ``pods_missing`` says why a search may miss."""

    name: str
    collected_at: datetime
    uses: tuple[ImageUse, ...]
    nodes: dict[str, Node]
    pods_missing: str = ""
    nodes_missing: str = ""
    #: Digest → uses, ``registry/repository:tag`` → uses, ``registry/repository`` → tags that run.
    by_digest: dict[str, list[ImageUse]] = field(default_factory=dict)
    by_name: dict[str, list[ImageUse]] = field(default_factory=dict)
    tags: dict[str, set[str]] = field(default_factory=dict)

    def running(self, references: tuple[str, ...]) -> list[ImageUse]:
        """The uses of an image that has any of these names or digests."""
        found: dict[tuple[str, bool], ImageUse] = {}
        for reference in references:
            image = parse_image(reference)
            uses = self.by_digest.get(image.digest, []) if image.digest else []
            for use in uses or self.by_name.get(f"{image.name}:{image.tag or 'latest'}", []):
                found[(f"{use.image.name}:{use.image.tag}@{use.image.digest}", use.managed)] = use
        return [found[key] for key in sorted(found)]

    def other_tags(self, references: tuple[str, ...]) -> tuple[str, ...]:
        """Tags of the same repository that do run."""
        names = {parse_image(reference).name for reference in references}
        return tuple(sorted({tag for name in names for tag in self.tags.get(name, ())}))

    def currency(self, names: frozenset[str]) -> tuple[Currency, str]:
        """The worst of these nodes (all where none is named), and the sentence that tells why."""
        chosen = [self.nodes[n] for n in sorted(names) if n in self.nodes] or [
            self.nodes[n] for n in sorted(self.nodes)
        ]
        if not chosen:
            return Currency.UNKNOWN, f"no node is shown ({self.nodes_missing or 'none listed'})"
        rows = [currency_of(node, self.collected_at) for node in chosen]
        for wanted in (Currency.OUTDATED, Currency.UNKNOWN):
            for state, why in rows:
                if state is wanted:
                    return state, why
        return rows[0]


def view_of(facts: Facts, catalogue: Catalogue, collected_at: datetime) -> ClusterView:
    """Read the pods and nodes of a bundle."""
    pods, nodes = facts.of(Pods), facts.of(Nodes)
    grouped: dict[tuple[Image, bool], list[tuple[Pod, str]]] = defaultdict(list)
    for pod in pods.items:
        verdict = whose(pod, catalogue, facts.identity)
        component = component_of(pod, catalogue)
        for image in _images(pod):
            ours = verdict.managed and microsoft_registry(image)
            grouped[(image, ours)].append((pod, component.id if component and ours else ""))
    uses = [_use(image, ours, rows) for (image, ours), rows in grouped.items()]
    uses.sort(key=lambda u: (u.image.name, u.image.tag, u.image.digest, u.managed))
    view = ClusterView(
        name=facts.identity.name,
        collected_at=collected_at,
        uses=tuple(uses),
        nodes={node.name: node for node in nodes.items},
        pods_missing="; ".join(sorted(str(gap) for gap in pods.gaps))
        or ("" if pods.readable else Presence.NOT_ASKED.value),
        nodes_missing="; ".join(sorted(str(gap) for gap in nodes.gaps)),
    )
    for use in uses:
        view.by_digest.setdefault(use.image.digest, []).append(use)
        view.by_name.setdefault(f"{use.image.name}:{use.image.tag or 'latest'}", []).append(use)
        view.tags.setdefault(use.image.name, set()).add(use.image.tag or "latest")
    return view


def _images(pod: Pod) -> list[Image]:
    """Each container's image by the name in the spec, with the digest that runs where shown."""
    digests = {s.name: parse_image(s.image_id).digest for s in pod.statuses if "@" in s.image_id}
    made = []
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        image = parse_image(container.image)
        digest = image.digest or digests.get(container.name, "")
        made.append(Image(image.registry, image.repository, image.tag, digest))
    return made


def _use(image: Image, ours: bool, rows: list[tuple[Pod, str]]) -> ImageUse:
    return ImageUse(
        image=image,
        managed=ours,
        components=frozenset(component for _, component in rows if component),
        namespaces=frozenset(pod.namespace or "" for pod, _ in rows),
        nodes=frozenset(pod.spec.node_name for pod, _ in rows if pod.spec.node_name),
    )


def currency_of(node: Node, now: datetime) -> tuple[Currency, str]:
    """Whether a node had the newest image that it could have at ``now``, and why."""
    label = node.metadata.labels.get(LABEL)
    image = parse_node_image(label)
    if image is None or (built := _built(image)) is None:
        told = f"has the label {label}" if label else "shows no node image"
        return Currency.UNKNOWN, f"{node.name} {told}, which tells no date"
    reachable = newest(image.sku, now - ROLL_OUT)
    if reachable is not None and reachable.built is not None and reachable.built > built:
        return Currency.OUTDATED, (
            f"{node.name} runs {image.label}; {reachable.version} was out since {reachable.built}"
        )
    age = age_days(image, now) or 0
    decided = date.fromisoformat(packaged_date()) >= (now - ROLL_OUT).date()
    if age <= RECENT_DAYS or (decided and reachable is not None):
        return Currency.CURRENT, f"{node.name} runs {image.label}, {age} days old"
    return Currency.UNKNOWN, (
        f"{node.name} runs {image.label}, {age} days old, and the table of node images ends on "
        f"{packaged_date()}"
    )


def _built(image: NodeImage) -> date | None:
    days = [day for day in (image.built, image.security_patch) if day is not None]
    return max(days, default=None)
