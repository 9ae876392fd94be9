"""``make sbom``: what demarc brings along when it runs, as CycloneDX 1.6 JSON.

Without a serial number and a time: the same packages give the same bytes.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = "aks-demarc"
#: Extras that users install; those of developers ship to nobody.
EXTRAS = ("", "seal")


def component(found: Distribution, kind: ComponentType) -> Component:
    """One package: name, version, licence as it says itself, package URL."""
    name = canonicalize_name(found.name)
    licence = found.metadata.get("License-Expression") or found.metadata.get("License") or ""
    named = [DisjunctiveLicense(name=licence.splitlines()[0][:80])] if licence.strip() else []
    purl = PackageURL("pypi", None, name, found.version)
    return Component(
        type=kind, name=name, version=found.version, purl=purl, bom_ref=str(purl), licenses=named
    )


def needs(found: Distribution, extras: tuple[str, ...]) -> list[str]:
    """The packages that one package needs on this system."""
    wanted = [Requirement(text) for text in found.requires or []]
    return sorted(
        {
            canonicalize_name(need.name)
            for need in wanted
            if need.marker is None
            or any(need.marker.evaluate({"extra": extra}) for extra in extras)
        }
    )


def build() -> Bom:
    """Walk from the project over all that it needs.

    Raises:
        PackageNotFoundError: a package is not installed; ``make sbom`` installs them.
    """
    root = distribution(PROJECT)
    bom = Bom()
    made = {PROJECT: component(root, ComponentType.APPLICATION)}
    edges: dict[str, list[str]] = {PROJECT: needs(root, EXTRAS)}
    waiting = list(edges[PROJECT])
    while waiting:
        name = waiting.pop()
        if name not in made:
            found = distribution(name)
            made[name] = component(found, ComponentType.LIBRARY)
            edges[name] = needs(found, ("",))
            waiting += edges[name]
    bom.metadata.component = made[PROJECT]
    for name in sorted(made):
        if name != PROJECT:
            bom.components.add(made[name])
        bom.register_dependency(made[name], [made[other] for other in edges[name]])
    return bom


def text_of(bom: Bom) -> str:
    """The document without what differs from run to run."""
    import json

    document = json.loads(JsonV1Dot6(bom).output_as_string())
    document.pop("serialNumber", None)
    document.get("metadata", {}).pop("timestamp", None)
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    try:
        target = Path(sys.argv[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text_of(build()), encoding="utf-8")
    except PackageNotFoundError as error:
        sys.exit(f"{error} (run: make sbom)")
    print(target)
