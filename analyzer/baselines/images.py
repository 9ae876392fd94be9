"""Image references: registry, repository, tag and digest, and whether an image is Microsoft's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from analyzer.baselines.data_files import packaged
from analyzer.baselines.schema import Component


@dataclass(frozen=True, slots=True)
class Image:
    """An image reference in its parts; tag and digest are empty where not given."""

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @property
    def name(self) -> str:
        """Registry and repository."""
        return f"{self.registry}/{self.repository}"


def parse_image(text: str) -> Image:
    """Split a reference; a name without registry is one of Docker Hub, as the runtime reads it.

    Source: https://github.com/distribution/reference (the grammar of image references).
    """
    rest, _, digest = text.partition("@")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    registry, slash, repository = head.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, repository = "docker.io", head
    if registry in ("docker.io", "index.docker.io"):
        registry = "docker.io"
        repository = repository if "/" in repository else f"library/{repository}"
    return Image(registry, repository, tag, digest)


@lru_cache(maxsize=1)
def _registries() -> tuple[frozenset[str], str]:
    content = packaged("namespaces.yaml").content
    names = frozenset((*content["registries"], *content["china_registries"]))
    return names, str(content["isolated_prefix"])


def microsoft_registry(image: Image) -> bool:
    """True for Microsoft's registry, its mirrors in China, and the cache of an isolated cluster."""
    names, isolated = _registries()
    if image.registry in names:
        return True
    return image.registry.endswith((".azurecr.io", ".azurecr.cn", ".azurecr.us")) and (
        image.repository.startswith(isolated)
    )


def microsoft_repository(image: Image) -> str:
    """The repository as mcr.microsoft.com names it."""
    return image.repository.removeprefix(_registries()[1])


def belongs_to(image: Image, component: Component) -> bool:
    """True if the repository is one of the component's, or lies below one of them."""
    repository = microsoft_repository(image)
    return any(
        repository == prefix or repository.startswith(f"{prefix}/") for prefix in component.images
    )


def foreign_image(image: str, component: Component | None) -> str | None:
    """Why an image is not one that AKS ships for a component; None where nothing says so.

    Digest pins, mirrors in China and the redirected registry of isolated clusters are all right. An
    unknown repository below Microsoft's registry is not foreign: repositories move (``oss/`` to
    ``oss/v2/``), and images come that the data does not know yet.
    """
    parsed = parse_image(image)
    if microsoft_registry(parsed):
        return _wrong_repository(parsed, component)
    if component is not None and belongs_to(parsed, component):
        return f"{parsed.registry} is not Microsoft's registry (a copy of {parsed.repository})"
    return f"{parsed.registry} is not Microsoft's registry"


def _wrong_repository(image: Image, component: Component | None) -> str | None:
    """A known other component's image is foreign even in Microsoft's registry."""
    if component is None or not component.images or belongs_to(image, component):
        return None
    last = microsoft_repository(image).rsplit("/", 1)[-1]
    known = {prefix.rsplit("/", 1)[-1] for prefix in component.images}
    if last in known or _area(image) in {_area_of(prefix) for prefix in component.images}:
        return None
    return f"{microsoft_repository(image)} is not among the repositories known for {component.id}"


def _area(image: Image) -> str:
    return _area_of(microsoft_repository(image))


def _area_of(repository: str) -> str:
    """The part of the registry that a team owns: ``oss/kubernetes``, ``containernetworking``."""
    parts = [part for part in repository.split("/") if part != "v2"]
    return "/".join(parts[:2] if parts and parts[0] in ("oss", "aks") else parts[:1])
