"""What the model of a scale set and its instances show of changes that AKS does not make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.facts.azure import AzureExports
from analyzer.model.evidence import EvidenceRef
from analyzer.model.hit import DriftRow
from analyzer.rules.azure._images import foreign_image, image_of
from analyzer.rules.azure._sets import NodeSet, inside, tag_pool, tags_of

_AKS_TAG = "aks-managed-"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with a sentence, a row for the table and its place."""

    variant: str
    says: str
    row: DriftRow
    where: EvidenceRef
    #: Nodes that run with it already.
    nodes: tuple[str, ...] = ()


def model_differences(
    group: NodeSet,
    tagged: bool,
    own_images: frozenset[str],
    instances: tuple[Mapping[str, Any], ...],
    azure: AzureExports,
) -> Iterator[Difference]:
    """Image, upgrade policy and AKS's own tags. ``tagged``: other scale sets carry those tags."""
    if group.pool not in own_images:
        yield from _images(group, instances, azure)
    if group.row is None:
        return
    mode = str(inside(group.row, "upgradePolicy", "mode") or "Manual")
    if mode.lower() != "manual":
        path = "upgradePolicy.mode"
        yield Difference(
            "settings",
            f"The upgrade policy is {mode}, so that Azure and not AKS replaces nodes.",
            DriftRow(path=path, expected="Manual", actual=mode),
            azure.where("vmss", f"name: {group.name}", "upgradePolicy", f"mode: {mode}"),
        )
    yield from _tags(group, tagged, azure)


def _images(
    group: NodeSet, instances: tuple[Mapping[str, Any], ...], azure: AzureExports
) -> Iterator[Difference]:
    row = group.row or {}
    own_id = str(row.get("id") or "")
    model = image_of(row)
    running: dict[str, list[str]] = {}
    for instance in instances:
        image = image_of(instance)
        if foreign_image(image, own_id or str(instance.get("id") or "")):
            name = inside(instance, "osProfile", "computerName") or instance.get("name")
            running.setdefault(image, []).append(str(name))
    path = "virtualMachineProfile.storageProfile.imageReference"
    expected = "an image of an AKS gallery"
    if foreign_image(model, own_id):
        nodes = tuple(sorted(running.pop(model, [])))
        state = f"{len(nodes)} instances run it." if nodes else "No instance is seen to run it yet."
        yield Difference(
            "image",
            f"New nodes get the image {model}, which is not AKS's. {state}",
            DriftRow(path=path, expected=expected, actual=model),
            azure.where("vmss", f"name: {group.name}", model),
            nodes,
        )
    for image, names in sorted(running.items()):
        yield Difference(
            "image",
            f"{len(names)} instances run the image {image}, which is not AKS's.",
            DriftRow(path=f"instances: {path}", expected=expected, actual=image),
            azure.where("vmss-instances", names[0], image),
            tuple(sorted(names)),
        )


def _tags(group: NodeSet, tagged: bool, azure: AzureExports) -> Iterator[Difference]:
    """A pool tag that is gone while others of AKS are there (or on the other scale sets)."""
    tags = tags_of(group.row)
    own = any(key.lower().startswith(_AKS_TAG) for key in tags)
    if tag_pool(group.row) or not (own or tagged):
        return
    path = "tags[aks-managed-poolName]"
    yield Difference(
        "settings",
        "The tag aks-managed-poolName, which AKS puts on its scale sets, is gone.",
        DriftRow(path=path, expected=group.pool or "the pool's name", actual="absent"),
        azure.where("vmss", f"name: {group.name}", "tags"),
    )
