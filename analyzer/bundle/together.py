"""Several inputs as one bundle: a dump, archives of some nodes, an export of ARM, read together.

Each is recognised on its own. Where two hold the same file or listing, the one that is named first
is used, and a gap tells of the other. Paths to show begin with the input's name, those of our own
layouts excepted, which are canonical.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from analyzer.bundle.errors import BundleError
from analyzer.bundle.inventory import Inventory
from analyzer.bundle.limits import Budget, Limits
from analyzer.bundle.manifest import Manifest
from analyzer.bundle.member import Member
from analyzer.bundle.opening import STDIN_NAME, open_shell
from analyzer.bundle.parts import PartRef, read_within
from analyzer.bundle.reader import Bundle, Source
from analyzer.bundle.recorder import PartInventory
from analyzer.bundle.sealed import refuse_sealed
from analyzer.bundle.shells import StreamShell
from analyzer.bundle.stamps import Stamp, best
from analyzer.bundle.unfold import Unfolder

_NAMESPACES = tuple(f"cluster/resources/core/namespaces.{end}" for end in ("json", "yaml", "yml"))
#: One namespace a file, where a tool writes them so.
_PAGES = "resources/core/namespaces."
#: The id of kube-system is that of the cluster. Names come in front of ids, whoever writes them.
_SYSTEM = re.compile(
    rb'"?name"?: *"?kube-system"?,?\s+'
    rb'(?:"?(?:resourceVersion|selfLink)"?: *\S+\s+)*"?uid"?: *"?(?P<id>[0-9a-f-]{36})'
)


class Together(Bundle):
    """Several bundles behind the interface of one."""

    def __init__(self, bundles: Sequence[Bundle], limits: Limits) -> None:
        first = bundles[0]
        super().__init__(" + ".join(one.name for one in bundles), first._source, first._shell)
        self._bundles = tuple(bundles)
        self._limits = limits

    @property
    def inputs(self) -> tuple[Bundle, ...]:
        """The bundles, in the order in which they were named."""
        return self._bundles

    @property
    def layout(self) -> str:
        """The layouts, each once, in the order of the inputs."""
        return " + ".join(dict.fromkeys(one.layout for one in self._bundles))

    @property
    def format(self) -> int:
        """1 where all inputs are our own."""
        return min(one.format for one in self._bundles)

    @property
    def size_bytes(self) -> int:
        """Size of all inputs."""
        return sum(one.size_bytes for one in self._bundles)

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the first input that has one."""
        return next((one.manifest for one in self._bundles if one.manifest), None)

    @property
    def told(self) -> Stamp | None:
        """The most exact time that an input tells; of equally exact ones the latest."""
        return best(one.told for one in self._bundles)

    @property
    def partitioned(self) -> bool:
        """True where the parts of all inputs can be read independently."""
        return all(one.partitioned for one in self._bundles)

    def parts(self) -> list[PartRef]:
        """Return the parts, sorted by name; the same part of several inputs is one."""
        found: dict[str, list[PartRef]] = {}
        for one in self._bundles:
            for part in one.parts():
                found.setdefault(part.name, []).append(replace(part, source=one.name))
        return [replace(found[name][0], more=tuple(found[name][1:])) for name in sorted(found)]

    def members(self) -> Iterator[tuple[str, Member]]:
        """Yield (part name, member) of one input after the other."""
        self._recorders = {}
        budget = Budget(self._limits)
        unfolder = Unfolder(budget, self._recorder)
        for one in self._bundles:
            shell = one._shell
            unfolder.source = one.name
            if isinstance(shell, StreamShell):
                yield from shell.members(unfolder, budget)
                continue
            for part in shell.parts:
                named = replace(part, source=one.name)
                for member in read_within(named, unfolder, budget, self._recorder(part.name)):
                    yield part.name, member

    def finish(self, parts: Iterable[PartInventory] = ()) -> Inventory:
        """Return what was there in all inputs together."""
        found = {part.part: part for part in (*self.recorded(), *parts)}
        outer = PartInventory("")
        for one in self._bundles:
            outer = outer.joined(one._shell.recorder.result())
        return Inventory(
            found.values(),
            manifest=self.manifest,
            layout=self.layout,
            format=self.format,
            outer=outer,
            sha256=self.sha256(),
            told=self.told,
        )

    def sums(self) -> dict[str, tuple[int, str]]:
        """Return size and sum of the parts' archives; the first input that has one counts."""
        found: dict[str, tuple[int, str]] = {}
        for one in reversed(self._bundles):
            found |= one.sums()
        return found

    def loose_files(self) -> list[tuple[str, int]]:
        """Return path and size of the files that lie in no part's archive."""
        return sorted(file for one in self._bundles for file in one.loose_files())

    def sha256(self) -> str:
        """Return the sum over name, zero byte, sum and line feed of each input, in their order."""
        lines = "".join(f"{one.name}\0{one.sha256()}\n" for one in self._bundles)
        return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

    def reread(self, paths: Collection[str]) -> Iterator[Member]:
        """Yield the members among ``paths`` once more, each from the input that it was taken of."""
        seen: set[str] = set()
        for one in self._bundles:
            for member in one.reread(paths):
                if member.path not in seen:
                    seen.add(member.path)
                    yield member


def open_together(sources: Sequence[Source], limits: Limits) -> Bundle:
    """Open one or several inputs as one bundle.

    Raises:
        BundleError: there is none, or one of them cannot be read at all; the text names it.
    """
    if not sources:
        raise BundleError("no input is named")
    opened = []
    for source, label in zip(sources, _labels(sources), strict=True):
        source = refuse_sealed(source, label)
        prefix = f"{label}/" if len(sources) > 1 else ""
        shown, at, shell = open_shell(source, limits, label, prefix)
        opened.append(Bundle(shown, at, shell))
    if len(opened) == 1:
        return opened[0]
    _refuse_strangers(opened)
    return Together(opened, limits)


def _refuse_strangers(bundles: Sequence[Bundle]) -> None:
    """Refuse inputs of which it is certain that they are of different clusters.

    Raises:
        BundleError: the ids of two of them differ.
    """
    ids = {one.name: cluster_id(one) for one in bundles}
    known = {name: value for name, value in ids.items() if value}
    first = next(iter(known), "")
    for name, value in known.items():
        if value != known[first]:
            what = f"{first} and {name} are of different clusters: the ids of kube-system differ"
            raise BundleError(what, hint="analyse them one by one; 'demarc fleet' takes several")


def cluster_id(one: Bundle) -> str:
    """Return the id of a bundle's cluster: its manifest's, else that of its kube-system.

    Empty where neither tells. Reads the list of namespaces.
    """
    if one.manifest is not None and one.manifest.cluster.id:
        return one.manifest.cluster.id
    pages = [
        f"{part.name}/{file.rel}"
        for part in one.parts()
        for file in part.files
        if file.rel.startswith(_PAGES)
    ]
    for member in one.reread([*_NAMESPACES, *pages]):
        if found := _SYSTEM.search(member.read()):
            return found["id"].decode("ascii")
    return ""


def _labels(sources: Sequence[Source]) -> list[str]:
    """Name each input: by its file name, with its folder in front where others are called so."""
    paths = [Path(one).absolute() if isinstance(one, str | Path) else None for one in sources]
    names = [path.name if path else STDIN_NAME for path in paths]
    for at, count in Counter(names).items():
        if count > 1:
            alike = [i for i, name in enumerate(names) if name == at]
            for i in alike:
                path = paths[i]
                names[i] = f"{path.parent.name}/{path.name}" if path else names[i]
    seen: Counter[str] = Counter()
    for i, name in enumerate(names):
        seen[name] += 1
        names[i] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    return names
