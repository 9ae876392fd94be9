"""From what the user names to an outer shell: or one clear line on why it cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from analyzer.bundle.errors import BundleError
from analyzer.bundle.layouts import recognise
from analyzer.bundle.layouts.base import archive_stem
from analyzer.bundle.limits import MIB, Budget, Limits
from analyzer.bundle.listing import list_folder, list_tar
from analyzer.bundle.parts import Blob
from analyzer.bundle.recorder import PartRecorder
from analyzer.bundle.shells import ListedShell, StreamShell
from analyzer.bundle.tar import BLOCK, is_header, was_header
from analyzer.bundle.unpack import GZIP_MAGIC, ZSTD_MAGIC

STDIN_NAME = "standard input"
_TAKEN = "a bundle is a .tar, .tar.gz, .tgz or .tar.zst archive, or a folder"
_UNPACK = "unpack it and name the folder, or pack it as .tar.gz"
#: First bytes of archives that are not read.
_OTHER_ARCHIVES = (
    (b"\xfd7zXZ\0", "an .xz archive"),
    (b"PK\x03\x04", "a .zip archive"),
    (b"PK\x05\x06", "an empty .zip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a .7z archive"),
    (b"BZh", "a .bz2 archive"),
    (b"Rar!\x1a\x07", "a .rar archive"),
    (b"\x04\x22\x4d\x18", "an .lz4 archive"),
    (b"\x1f\x9d", "a .Z archive"),
)
_NO_LAYOUT = "holds no files of a diagnostics bundle"


def open_shell(
    source: str | Path | BinaryIO, limits: Limits, name: str | None
) -> tuple[str, Blob | Path, ListedShell | StreamShell]:
    """Return name, source and outer shell of a bundle.

    Raises:
        BundleError: the source cannot be read as a bundle at all.
    """
    if not isinstance(source, str | Path):
        return _open_stream(source, limits, name or STDIN_NAME)
    path = Path(source)
    shown = name or path.name or path.resolve().name
    try:
        is_folder, is_file, exists = path.is_dir(), path.is_file(), path.exists()
    except (OSError, ValueError) as error:
        raise BundleError(f"cannot be read: {error}", str(source)) from error
    if is_folder:
        return shown, path, _open_folder(path, limits, shown)
    if not exists:
        raise BundleError("no such file or folder", str(source))
    try:
        with path.open("rb") as file:
            if not is_file:
                return _open_stream(file, limits, shown)
            head = file.read(BLOCK)
        blob = Blob(str(path), 0, path.stat().st_size)
    except OSError as error:
        why = error.strerror or str(error)
        raise BundleError(f"cannot be read: {why}", str(source)) from error
    return shown, blob, _open_archive(blob, head, limits, shown, str(source))


def _open_stream(
    stream: BinaryIO, limits: Limits, shown: str
) -> tuple[str, Blob, ListedShell | StreamShell]:
    """Take a stream into memory, packed as it is."""
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
    return shown, blob, _open_archive(blob, (blob.data or b"")[:BLOCK], limits, shown, shown)


def _label(shown: str) -> str:
    """Return the bundle's name without suffix: it names the node of a single node's files."""
    return archive_stem(shown) or shown


def _open_folder(path: Path, limits: Limits, shown: str) -> ListedShell:
    recorder = PartRecorder("")
    listing = list_folder(path, Budget(limits), recorder)
    names = [file.name for file in listing.files]
    mapping = recognise(names, _label(path.resolve().name))
    if mapping is None:
        hint = _TAKEN
        if archives := [name for name in names if archive_stem(name) and "/" not in name]:
            hint = f"name one of the archives in it, such as {archives[0]}"
        what = f"the folder {_NO_LAYOUT}" if names else "the folder is empty"
        raise BundleError(what, str(path), hint)
    shell = ListedShell(listing, mapping, recorder, limits)
    shell.arrange()
    if not mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the folder {_NO_LAYOUT}", str(path), _TAKEN)
    return shell


def _open_archive(
    blob: Blob, head: bytes, limits: Limits, shown: str, where: str
) -> ListedShell | StreamShell:
    if not head:
        raise BundleError("the file is empty", where)
    for magic, what in _OTHER_ARCHIVES:
        if head.startswith(magic):
            raise BundleError(f"is {what}, which is not read", where, _UNPACK)
    if head.startswith((GZIP_MAGIC, ZSTD_MAGIC)):
        return _open_compressed(blob, limits, shown, where)
    if not (is_header(head) or was_header(head)):
        raise BundleError("is no archive", where, _hint_for_text(head))
    recorder = PartRecorder("")
    listing = list_tar(blob, Budget(limits), recorder)
    mapping = recognise([file.name for file in listing.files], _label(shown))
    if mapping is None:
        raise BundleError(f"the archive {_NO_LAYOUT}", where, recorder.first_gap())
    shell = ListedShell(listing, mapping, recorder, limits, in_memory=blob.data is not None)
    shell.arrange()
    if not mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, _TAKEN)
    return shell


def _open_compressed(blob: Blob, limits: Limits, shown: str, where: str) -> StreamShell:
    shell = StreamShell.look(blob, limits, _label(shown))
    if isinstance(shell, str):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, shell or _TAKEN)
    if not shell.mapping.certain and not _speaks_of_itself(shell):
        raise BundleError(f"the archive {_NO_LAYOUT}", where, _TAKEN)
    return shell


def _speaks_of_itself(shell: ListedShell | StreamShell) -> bool:
    """Tell whether a lone manifest is one of ours: other tools write a manifest.json too."""
    return shell.manifest is not None and shell.manifest.format is not None


def _hint_for_text(head: bytes) -> str:
    if head.lstrip().startswith((b"{", b"[")):
        return "it looks like JSON; kubectl cluster-info dump needs --output-directory"
    return _TAKEN
