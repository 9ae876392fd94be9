"""From what the user names to an outer shell: or one clear line on why it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from analyzer.bundle.errors import BundleError
from analyzer.bundle.layouts import recognise
from analyzer.bundle.layouts.base import Mapping, archive_stem
from analyzer.bundle.layouts.single import recognise_file
from analyzer.bundle.layouts.unread import unread_text
from analyzer.bundle.limits import MIB, Budget, Limits
from analyzer.bundle.listing import Listed, Listing, list_folder, list_tar
from analyzer.bundle.parts import Blob
from analyzer.bundle.recorder import PartRecorder
from analyzer.bundle.shells import ANSWER, ListedShell, StreamShell, named_by_content
from analyzer.bundle.streams import Reader
from analyzer.bundle.tar import BLOCK, is_header, was_header
from analyzer.bundle.unpack import BZIP2_MAGIC, GZIP_MAGIC, XZ_MAGIC, ZSTD_MAGIC
from analyzer.bundle.zip_listing import list_zip

STDIN_NAME = "standard input"
_TAKEN = "a bundle is a .tar, .tar.gz, .tar.zst, .tar.xz or .zip archive, or a folder"
_UNPACK = "unpack it and name the folder, or pack it as .tar.gz"
#: First bytes of archives that are not read.
_OTHER_ARCHIVES = (
    (b"PK\x05\x06", "an empty .zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a .7z archive"),
    (b"Rar!\x1a\x07", "a .rar archive"),
    (b"\x04\x22\x4d\x18", "an .lz4 archive"),
    (b"\x1f\x9d", "a .Z archive"),
)
_ZIP_MAGIC = b"PK\x03\x04"
#: Names of archives that say nothing of the node.
_NAMELESS = frozenset({"logs", "log", "aks_logs"})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: Bytes of a text that show what command printed it.
_TELLING = 64 * 1024
_NO_LAYOUT = "holds no files of a diagnostics bundle"


def open_shell(
    source: str | Path | BinaryIO, limits: Limits, name: str | None, prefix: str = ""
) -> tuple[str, Blob | Path, ListedShell | StreamShell]:
    """Return name, source and outer shell of a bundle.

    ``prefix`` goes in front of the paths to show of other tools' files.

    Raises:
        BundleError: the source cannot be read as a bundle at all.
    """
    if not isinstance(source, str | Path):
        return _open_stream(source, limits, _Seen(name or STDIN_NAME, name or STDIN_NAME, prefix))
    path = Path(source)
    shown = name or path.name or path.resolve().name
    try:
        is_folder, is_file, exists = path.is_dir(), path.is_file(), path.exists()
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot be read: {error}", str(source)) from error
    seen = _Seen(shown, str(source), prefix, path.absolute().parent.name)
    if is_folder:
        return shown, path, _open_folder(path, limits, seen)
    if not exists:
        raise BundleError("no such file or folder", str(source))
    try:
        with path.open("rb") as file:
            if not is_file:
                return _open_stream(file, limits, seen)
            head = file.read(BLOCK)
        blob = Blob(str(path), 0, path.stat().st_size)
    except OSError as error:
        why = error.strerror or str(error)
        raise BundleError(f"cannot be read: {why}", str(source)) from error
    return shown, blob, _open_archive(blob, head, limits, seen)


@dataclass(frozen=True, slots=True)
class _Seen:
    """How a source is spoken of: its name, where it is, the prefix of its paths to show.

    ``above`` is the folder that it lies in.
    """

    shown: str
    where: str
    prefix: str = ""
    above: str = ""

    @property
    def label(self) -> str:
        """The bundle's name without suffix: it names the node of a single node's files.

        The archive that AKS writes on every node has the same name everywhere; people keep it in a
        folder that is named like the node.
        """
        stem = archive_stem(self.shown) or self.shown
        return self.above if stem.lower() in _NAMELESS and self.above else stem


def _open_stream(
    stream: BinaryIO, limits: Limits, seen: _Seen
) -> tuple[str, Blob, ListedShell | StreamShell]:
    """Take a stream into memory, packed as it is."""
    shown = seen.shown
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := stream.read(1 * MIB):
            pieces.append(piece)
            size += len(piece)
            if size > limits.max_stdin_bytes:
                hint = "write it to a file and name the file"
                raise BundleError(f"more than {limits.max_stdin_bytes} bytes", shown, hint)
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot be read: {error}", shown) from error
    blob = Blob("", 0, size, b"".join(pieces))
    return shown, blob, _open_archive(blob, (blob.data or b"")[:BLOCK], limits, seen)


def _open_folder(path: Path, limits: Limits, seen: _Seen) -> ListedShell:
    recorder = PartRecorder("")
    listing = list_folder(path, Budget(limits), recorder)
    names = [file.name for file in listing.files]
    folder = path.resolve().name
    mapping = recognise(names, archive_stem(folder) or folder)
    if mapping is None:
        hint = _TAKEN
        if archives := [name for name in names if archive_stem(name) and "/" not in name]:
            hint = f"name one of the archives in it, such as {archives[0]}"
        elif any("/" not in name and name.endswith((".json", ".yaml", ".yml")) for name in names):
            hint = "output of kubectl or az is read file by file: name the files, not the folder"
        what = f"the folder {_NO_LAYOUT}" if names else "the folder is empty"
        raise BundleError(what, str(path), hint)
    shell = _arranged(listing, mapping, recorder, limits, seen)
    if not mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the folder {_NO_LAYOUT}", str(path), _TAKEN)
    return shell


def _arranged(
    listing: Listing, mapping: Mapping, recorder: PartRecorder, limits: Limits, seen: _Seen
) -> ListedShell:
    """Return the shell with its files in their places; the node is named if a file tells it."""
    blobs = {file.name: file.blob for file in listing.files}

    def start_of(name: str) -> bytes:
        if name not in blobs:
            return b""
        reader = Reader(blobs[name].open())
        data = reader.read(min(blobs[name].size, ANSWER))
        reader.close()
        return data

    mapping = named_by_content(mapping, start_of)
    shell = ListedShell(listing, mapping, recorder, limits, prefix=seen.prefix)
    shell.arrange()
    return shell


def _open_archive(
    blob: Blob, head: bytes, limits: Limits, seen: _Seen
) -> ListedShell | StreamShell:
    where = seen.where
    if not head:
        raise BundleError("the file is empty", where)
    for magic, what in _OTHER_ARCHIVES:
        if head.startswith(magic):
            raise BundleError(f"is {what}, which is not read", where, _UNPACK)
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC, XZ_MAGIC, BZIP2_MAGIC)):
        return _open_compressed(blob, limits, seen)
    recorder = PartRecorder("")
    if head.startswith(_ZIP_MAGIC):
        listing = list_zip(blob, Budget(limits), recorder, where)
    elif is_header(head) or was_header(head):
        listing = list_tar(blob, Budget(limits), recorder)
    else:
        return _open_one_file(blob, head, limits, seen)
    mapping = recognise([file.name for file in listing.files], seen.label)
    if mapping is None:
        raise BundleError(f"the archive {_NO_LAYOUT}", where, recorder.first_gap())
    shell = _arranged(listing, mapping, recorder, limits, seen)
    shell.in_memory = blob.data is not None
    if not mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, _TAKEN)
    return shell


def _open_one_file(blob: Blob, head: bytes, limits: Limits, seen: _Seen) -> ListedShell:
    """Open a text that tells itself what it is, such as the output of one command."""
    if head.startswith(_UTF_16):
        what = "is text in UTF-16, as '>' of Windows PowerShell writes it"
        hint = f"save it as UTF-8: Get-Content '{seen.shown}' | Set-Content -Encoding utf8 new.json"
        raise BundleError(what, seen.where, hint)
    if b"\0" in head or blob.size > limits.max_member_bytes:
        raise BundleError("is no archive", seen.where, _TAKEN)
    reader = Reader(blob.open())
    data = reader.read(blob.size)
    reader.close()
    mapping = recognise_file(data, seen.shown)
    if mapping is None:
        what, instead = unread_text(data[:_TELLING])
        raise BundleError(what or "is no archive", seen.where, instead or _hint_for_text(head))
    listing = Listing([Listed(seen.shown, blob.size, blob)], blob.size)
    shell = _arranged(listing, mapping, PartRecorder(""), limits, replace(seen, prefix=""))
    shell.in_memory = blob.data is not None
    return shell


def _open_compressed(blob: Blob, limits: Limits, seen: _Seen) -> StreamShell:
    where = seen.where
    shell = StreamShell.look(blob, limits, seen.label)
    if isinstance(shell, str):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, shell or _TAKEN)
    if not shell.mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, _TAKEN)
    shell.prefix = seen.prefix
    return shell


def _speaks_of_itself(shell: ListedShell | StreamShell) -> bool:
    """Tell whether a lone manifest is one of ours: other tools write a manifest.json too."""
    return shell.manifest is not None and shell.manifest.format is not None


def _hint_for_text(head: bytes) -> str:
    if head.lstrip().startswith((b"{", b"[")):
        return "JSON is read if it is output of kubectl or az: a list or an object"
    return _TAKEN
