"""A bundle in, a redacted bundle out: format 1, with sums made anew, in one pass over the members.

What is no text cannot be looked into and is left out, with a note in the part's table. Nothing of
the output is there before it is whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from analyzer.bundle import Bundle, Member, read_part
from analyzer.bundle.items import part_of
from analyzer.bundle.limits import Limits
from analyzer.redact.addresses import AddressMap
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.key import Key
from analyzer.redact.parts import PartWriter, Written, spooled, tar_header
from analyzer.redact.pieces import is_binary, pieces
from analyzer.redact.stand_ins import StandIns

OnStep = Callable[[str, int, int], None]

#: Members that names are learned from; those of nodes say the same on each, so a few will do.
_TELLING = ("cluster/resources/core/nodes", "cluster/resources/core/namespaces",
            "cluster/resources/rbac.authorization.k8s.io/", "azure/")  # fmt: skip
_NODES_ASKED = 3
_INSTANCE = "/azure/instance.json"
_PODS = "cluster/resources/core/pods"
#: Our collector never reads Secrets; bundles of other tools may hold some.
_SECRETS = ("resources/core/secrets/", "resources/core/secrets.")
#: Members up to so many bytes need no file to wait in.
_SMALL = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Summary:
    """What a redaction came to. ``left_out`` are paths (redacted) of members that are no text."""

    key: Key
    size_bytes: int
    sha256: str
    text_bytes: int
    masked: dict[str, int]
    replaced: int
    left_out: tuple[str, ...] = ()


@dataclass(slots=True)
class _Run:
    """The state of one pass."""

    redactor: Redactor
    folder: Path
    mtime: int
    writers: dict[str, PartWriter] = field(default_factory=dict)
    text_bytes: int = 0
    left_out: list[str] = field(default_factory=list)
    _paths: dict[str, str] = field(default_factory=dict)

    def path(self, rel: str) -> str:
        """The redacted form of a path within its part: most are the same on every node."""
        made = self._paths.get(rel)
        if made is None:
            # Some places that tell what a word is begin with the slash.
            made = self._paths[rel] = self.redactor.redact_text(f"/{rel}").removeprefix("/")
        return made


def learn(bundle: Bundle, limits: Limits, on_request: Collection[str] = ()) -> Identities:
    """Learn the names of a bundle from its manifest and its small members.

    ``on_request`` may hold ``namespaces`` and ``images``: those of the customer are replaced too.
    """
    learned = Identities()
    manifest = bundle.manifest
    if manifest is not None:
        learned.add("hosts", manifest.cluster.name)
        if manifest.cluster.id:
            learned.guids.add(manifest.cluster.id)
        for missing in manifest.nodes.missing:
            learned.add("hosts", missing.node)
    for part in bundle.parts():
        if part.name.startswith("nodes/"):
            learned.add("hosts", part.name.removeprefix("nodes/"))
    for member in _telling_members(bundle, limits):
        path = member.path
        wanted = path.startswith(_TELLING) or path.endswith(_INSTANCE)
        if wanted or ("images" in on_request and path.startswith(_PODS)):
            learned.learn(path, member.read(), on_request=on_request)
    return learned


def _telling_members(bundle: Bundle, limits: Limits) -> Iterator[Member]:
    parts = bundle.parts()
    if not parts:
        yield from (member for _, member in bundle.members())
        return
    nodes = [part for part in parts if part.name.startswith("nodes/")][:_NODES_ASKED]
    for part in parts:
        if part.name in ("cluster", "azure"):
            yield from read_part(part, limits)
    for part in nodes:
        for member in read_part(part, limits):
            yield member
            if member.path.endswith(_INSTANCE):
                break


def redact_bundle(
    bundle: Bundle,
    output: Path,
    key: Key,
    *,
    limits: Limits,
    on_request: Collection[str] = (),
    on_step: OnStep | None = None,
) -> Summary:
    """Write a redacted copy of a bundle to ``output`` (a plain tar), whole or not at all.

    The same bundle, key and wishes give the same bytes.

    Raises:
        OSError: the output cannot be written.
        analyzer.bundle.BundleError: the bundle holds nothing that can be written.
    """
    step = on_step or (lambda stage, done, total: None)
    step("Collecting names", 0, 1)
    learned = learn(bundle, limits, on_request)
    key = key.with_networks(learned.networks)
    names = StandIns(key.secret_bytes, AddressMap(key.secret_bytes, key.networks), key.names)
    redactor = Redactor(names, learned)
    finished = bundle.manifest.finished if bundle.manifest else None
    mtime = int(finished.timestamp()) if finished is not None else 0
    with tempfile.TemporaryDirectory(prefix=".demarc-", dir=output.parent) as folder:
        run = _Run(redactor, Path(folder), max(0, mtime))
        _write_parts(bundle, run, step)
        step("Writing", 0, 1)
        size, digest = _pack(bundle, run, output)
    return Summary(
        key=key.with_names(names.originals),
        size_bytes=size,
        sha256=digest,
        text_bytes=run.text_bytes,
        masked=dict(sorted(redactor.masked.items())),
        replaced=redactor.replaced,
        left_out=tuple(run.left_out),
    )


def _write_parts(bundle: Bundle, run: _Run, step: OnStep) -> None:
    total = max(1, len(bundle.parts()))
    last = ""
    for part, member in bundle.members():
        if part != last:
            if last in run.writers:
                run.writers[last].pause()
            last = part
            step("Redacting", min(len(run.writers), total - 1), total)
        if part not in run.writers:
            name = run.redactor.redact_text(part)
            number = len(run.writers)
            run.writers[part] = PartWriter(name, run.folder / f"{number}.tar.gz", run.mtime)
        _write_member(run, run.writers[part], member)
    if last in run.writers:
        run.writers[last].pause()


def _write_member(run: _Run, writer: PartWriter, member: Member) -> None:
    rel = run.path(part_of(member.path)[1])
    masked = run.redactor.masked.total()
    if rel.startswith(_SECRETS):
        run.left_out.append(f"{writer.part}/{rel}")
        writer.written[rel] = Written(member.size, 0, True, "holds Secrets; left out")
        return
    with io.BytesIO() if member.size <= _SMALL else spooled() as content:
        size = 0 if is_binary(member) else _redacted(run, member, content)
        if member.size and not size:
            run.left_out.append(f"{writer.part}/{rel}")
            writer.written[rel] = Written(member.size, 0, False, "is no text; left out")
            return
        writer.add(rel, content, size)
    changed = run.redactor.masked.total() > masked
    writer.written[rel] = Written(member.size, size, changed, truncated=member.truncated)


def _redacted(run: _Run, member: Member, content: IO[bytes]) -> int:
    size = 0
    for piece in pieces(member):
        run.text_bytes += len(piece)
        done = run.redactor.redact(piece)
        content.write(done)
        size += len(done)
    return size


def _pack(bundle: Bundle, run: _Run, output: Path) -> tuple[int, str]:
    """Put manifest and parts into one tar; return its size in bytes and its sum."""
    rows = []
    for writer in run.writers.values():
        size, digest = writer.finish()
        rows.append((f"{writer.part}.tar.gz", size, digest, writer.path))
    rows.sort(key=lambda row: row[0])
    text = json.dumps(_manifest(bundle, run, rows), indent=1, ensure_ascii=False) + "\n"
    manifest = text.encode("utf-8", "surrogatepass")
    half = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with half.open("wb") as file:
            file.write(tar_header("manifest.json", len(manifest), run.mtime))
            file.write(manifest + b"\0" * (-len(manifest) % 512))
            for path, size, _, source in rows:
                file.write(tar_header(path, size, run.mtime))
                with source.open("rb") as packed:
                    shutil.copyfileobj(packed, file, 1024 * 1024)
                file.write(b"\0" * (-size % 512))
            file.write(b"\0" * 1024)
        with half.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        total = half.stat().st_size
        half.replace(output)
    finally:
        half.unlink(missing_ok=True)
    return total, digest


def _manifest(
    bundle: Bundle, run: _Run, rows: Iterable[tuple[str, int, str, Path]]
) -> dict[str, Any]:
    """The manifest of the copy: what the bundle said, redacted, with sums of what is there now."""
    old = bundle.manifest
    masked = Counter(old.masked if old else {})
    masked += run.redactor.masked
    value: dict[str, Any] = {"format": 1}
    if old is not None:
        value |= _redacted_value(
            run.redactor, old.model_dump(mode="json", exclude={"format", "masked", "members"})
        )
        if old.cluster.name:
            value["cluster"]["name"] = run.redactor.names.name(old.cluster.name)
    value["masked"] = dict(sorted(masked.items()))
    value["redacted"] = {"identities": run.redactor.replaced, "left_out": len(run.left_out)}
    value["members"] = [
        {"path": path, "bytes": size, "sha256": digest} for path, size, digest, _ in rows
    ]
    return value


def _redacted_value(redactor: Redactor, value: Any) -> Any:
    if isinstance(value, str):
        return redactor.redact_text(value)
    if isinstance(value, list):
        return [_redacted_value(redactor, item) for item in value]
    if isinstance(value, dict):
        return {key: _redacted_value(redactor, item) for key, item in value.items()}
    return value
