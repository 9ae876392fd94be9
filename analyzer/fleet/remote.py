"""Bundles in object stores, through fsspec and the package of the store (an extra install).

Nothing here is imported unless an address is named. Source:
https://filesystem-spec.readthedocs.io/en/latest/api.html
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analyzer.fleet.errors import FleetError, missing_package
from analyzer.redact.mask import mask_text

_MIB = 1024 * 1024
_PATTERN = frozenset("*?[")
_TRY_AGAIN = "run the same command again: what is done is kept"


def list_remote(url: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Address and stamp of every bundle at an address: one archive, a folder of them, a pattern.

    Raises:
        FleetError: fsspec or the store's package is missing, or the store does not answer.
    """
    fs, path = _open_store(url)
    try:
        if _PATTERN & set(path):
            names = [name for name in fs.glob(path) if wanted(name)]
        elif not url.endswith("/") and fs.isfile(path):  # a web server has a file for a folder
            names = [path]
        else:
            names = [name for name in fs.find(path) if wanted(name)]
        for name in sorted(names):
            yield str(fs.unstrip_protocol(name)), str(fs.ukey(name))
    except Exception as error:  # each store has errors of its own
        raise FleetError(
            f"{mask_text(url)} cannot be listed: {_line(error)}", "check address and credentials"
        ) from None


@contextmanager
def local_copy(url: str, name: str) -> Iterator[Path]:
    """The bundle as a file of this machine, for as long as it is read.

    Raises:
        FleetError: a package is missing, or the store does not give the whole of it.
    """
    fs, path = _open_store(url)
    with tempfile.TemporaryDirectory(prefix="demarc-") as folder:
        target = Path(folder, Path(name).name or "bundle")
        try:
            _fetch(fs, path, target)
        except Exception as error:  # each store has errors of its own
            raise FleetError(f"cannot be fetched: {_line(error)}", _TRY_AGAIN) from None
        yield target


def _fetch(fs: Any, path: str, target: Path) -> None:
    with fs.open(path, "rb") as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, _MIB)
        size, came = getattr(source, "size", None), copy.tell()
    if size is not None and came != size:
        raise EOFError(f"the store gave {came:,} of {size:,} bytes")


def _open_store(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise missing_package("fsspec", "fleet") from None
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except ImportError as error:  # says which package opens this kind of store
        scheme = url.partition("://")[0]
        raise FleetError(
            f"{scheme}:// cannot be opened: {_line(error)}",
            "pip install adlfs (abfs://), s3fs (s3://) or gcsfs (gs://)",
        ) from None
    except Exception as error:
        raise FleetError(
            f"{mask_text(url)} is no address: {_line(error)}", "for example abfs://container/folder"
        ) from None
    return fs, path


def _line(error: Exception) -> str:
    return " ".join(mask_text(str(error)).split())[:300] or type(error).__name__
