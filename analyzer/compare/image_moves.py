"""Images of workloads that moved from one version to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.baselines.images import Image, parse_image
from analyzer.compare.difference import VersionMove
from analyzer.compare.snapshot import ObjectsSeen


def same_image(old: str, new: str) -> bool:
    """True where two references name one image in two versions.

    Its folder in the registry may change: Microsoft moved many from ``oss/`` to ``oss/v2/``.
    """
    a, b = parse_image(old), parse_image(new)
    return (a.registry, _last(a)) == (b.registry, _last(b))


def image_moves(before: ObjectsSeen, after: ObjectsSeen) -> tuple[VersionMove, ...]:
    """One move for each image, with the workloads that run it; by the image's name."""
    tags: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    workloads: dict[str, set[str]] = defaultdict(set)
    for key in sorted(before.objects.keys() & after.objects.keys()):
        old = dict(_images(before.objects[key].content))
        for container, image in _images(after.objects[key].content):
            if container not in old or not same_image(old[container], image):
                continue
            left, right = parse_image(old[container]), parse_image(image)
            if left == right:
                continue
            tags[right.name][0].add(_version(left, right))
            tags[right.name][1].add(_version(right, right))
            workloads[right.name].add(str(after.objects[key].subject))
    return tuple(
        VersionMove(
            what="image",
            where=name,
            before=tuple(sorted(tags[name][0])),
            after=tuple(sorted(tags[name][1])),
            workloads=tuple(sorted(workloads[name])),
        )
        for name in sorted(tags)
    )


def _version(image: Image, new: Image) -> str:
    version = image.tag or image.digest or "no tag"
    return version if image.name == new.name else f"{version} (as {image.repository})"


def _last(image: Image) -> str:
    return image.repository.rsplit("/", 1)[-1]


def _images(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    spec = content.get("spec")
    template = spec.get("template") if isinstance(spec, Mapping) else None
    pod = template.get("spec") if isinstance(template, Mapping) else None
    if not isinstance(pod, Mapping):
        return
    for part in ("initContainers", "containers"):
        for container in pod.get(part) or ():
            image = container.get("image") if isinstance(container, Mapping) else None
            if isinstance(image, str):
                yield f"{part}/{container.get('name')}", image
