"""Software that AKS does not bring, recognised by what a bundle shows of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from pydantic import Field

from analyzer.baselines.data_files import Data, packaged
from analyzer.baselines.images import microsoft_registry, parse_image
from analyzer.facts.objects import Workload
from analyzer.model.evidence import EvidenceRef
from analyzer.model.owner import Confidence


class Signature(Data):
    """How one product shows itself; globs are allowed everywhere."""

    name: str
    category: str
    closed_source: bool = False
    #: Signals without which it is not recognised, where AKS uses the same names itself.
    needs: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    daemonsets: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    crds: tuple[str, ...] = ()
    conflists: tuple[str, ...] = ()
    confidence: Confidence = Confidence.MEDIUM


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """A product that was recognised: by which signals, where they stand, how firmly.

    ``objects`` are the workloads that showed it, as ``Kind/namespace/name``.
    """

    name: str
    category: str
    closed_source: bool
    confidence: Confidence
    signals: tuple[str, ...]
    objects: tuple[str, ...] = ()
    evidence: tuple[EvidenceRef, ...] = ()


@dataclass(frozen=True, slots=True)
class _Signal:
    kind: str
    text: str
    object: str = ""
    evidence: EvidenceRef | None = None


def recognise(
    *,
    daemon_sets: Iterable[Workload] = (),
    deployments: Iterable[Workload] = (),
    crds: Iterable[str] = (),
    namespaces: Iterable[str] = (),
    conflists: Iterable[str] = (),
) -> tuple[ThirdParty, ...]:
    """The products that the inputs show, sorted by category and name.

    ``deployments`` may hold StatefulSets too; ``crds`` are names of resource definitions,
    ``conflists`` file names in ``/etc/cni/net.d``. A product is recognised by one of its images, or
    by two different weaker signals (a copy of an image in a private registry is one). A CNI
    configuration, a DaemonSet or a resource definition alone gives confidence low, and a namespace
    or a label alone nothing.
    """
    workloads = [*((w, True) for w in daemon_sets), *((w, False) for w in deployments)]
    names = (sorted(set(crds)), sorted(set(namespaces)), sorted(set(conflists)))
    index = [(_image_names(w), w, is_daemon) for w, is_daemon in workloads]
    found = (_judge(s, list(_signals(s, index, *names))) for s in signatures())
    return tuple(sorted((p for p in found if p), key=lambda p: (p.category, p.name)))


@lru_cache(maxsize=1)
def signatures() -> tuple[Signature, ...]:
    """All signatures of ``data/third_party.yaml``."""
    return packaged("third_party.yaml").records("products", Signature)


def _image_names(workload: Workload) -> tuple[str, ...]:
    return tuple(sorted({parse_image(image).name for image in workload.images}))


def _signals(
    signature: Signature,
    workloads: list[tuple[tuple[str, ...], Workload, bool]],
    crds: list[str],
    namespaces: list[str],
    conflists: list[str],
) -> Iterator[_Signal]:
    for images, workload, is_daemon in workloads:
        yield from _workload_signals(signature, images, workload, is_daemon=is_daemon)
    for kind, shown, patterns in (
        ("crd", crds, signature.crds),
        ("namespace", namespaces, signature.namespaces),
        ("conflist", conflists, signature.conflists),
    ):
        for name in shown:
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                yield _Signal(kind, f"{_WORDS[kind]} {name}")


_WORDS = {"crd": "resource definition", "namespace": "namespace", "conflist": "CNI configuration"}


def _workload_signals(
    signature: Signature, images: tuple[str, ...], workload: Workload, *, is_daemon: bool
) -> Iterator[_Signal]:
    kind = workload.kind or ("DaemonSet" if is_daemon else "Deployment")
    key = f"{kind}/{workload.namespace}/{workload.name}"
    for image in images:
        if any(_below(image, prefix) for prefix in signature.images):
            yield _Signal("image", f"image {image}", key, workload.where("image", image))
        elif any(_mirrored(image, prefix) for prefix in signature.images):
            yield _Signal("mirror", f"image {image} (a copy)", key, workload.where("image", image))
    if is_daemon and any(fnmatchcase(workload.name, name) for name in signature.daemonsets):
        yield _Signal("daemonset", f"DaemonSet {workload.name}", key, workload.where())
    pod_labels = workload.spec.template.metadata.labels
    labels = {**workload.metadata.labels, **pod_labels}
    if signature.labels and all(labels.get(k) == v for k, v in signature.labels.items()):
        pair = ", ".join(f"{k}={v}" for k, v in sorted(signature.labels.items()))
        yield _Signal("label", f"label {pair}", key, workload.where())


def _below(image: str, prefix: str) -> bool:
    """True if an image lies at or below a repository; a prefix without registry is Docker Hub's."""
    full = prefix if "." in prefix.partition("/")[0] else f"docker.io/{prefix}"
    if "*" in full:
        return fnmatchcase(image, full) or fnmatchcase(image, f"{full}/*")
    return image == full or image.startswith((f"{full}/", f"{full}-"))


def _mirrored(image: str, prefix: str) -> bool:
    """True for a copy in a private registry: ``acr.azurecr.io/calico/node`` of ``calico``."""
    parsed = parse_image(image)
    path = prefix.partition("/")[2] if "." in prefix.partition("/")[0] else prefix
    if not path or "*" in path or microsoft_registry(parsed) or parsed.registry in _PUBLIC:
        return False
    return f"/{path}/" in f"/{parsed.repository}/"


#: Registries where a repository's name is its owner's: a like-named one elsewhere is no copy.
_PUBLIC = frozenset(
    {"docker.io", "quay.io", "ghcr.io", "gcr.io", "registry.k8s.io", "public.ecr.aws"}
)


def _judge(signature: Signature, signals: list[_Signal]) -> ThirdParty | None:
    kinds = {signal.kind for signal in signals}
    shown = kinds | {"image"} if "mirror" in kinds else kinds
    if any(need not in shown for need in signature.needs):
        return None
    confidence = _confidence(signature, kinds)
    if confidence is None:
        return None
    evidence = [signal.evidence for signal in signals if signal.evidence is not None]
    return ThirdParty(
        name=signature.name,
        category=signature.category,
        closed_source=signature.closed_source,
        confidence=confidence,
        signals=tuple(dict.fromkeys(signal.text for signal in signals)),
        objects=tuple(dict.fromkeys(signal.object for signal in signals if signal.object)),
        evidence=tuple(dict.fromkeys(evidence)),
    )


def _confidence(signature: Signature, kinds: set[str]) -> Confidence | None:
    if "image" in kinds:
        return signature.confidence if len(kinds) > 1 or signature.needs else Confidence.MEDIUM
    if len(kinds) > 1:
        return Confidence.MEDIUM
    return Confidence.LOW if kinds & {"crd", "conflist", "daemonset"} else None
