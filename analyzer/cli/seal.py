"""``demarc seal`` and ``demarc unseal``: encrypt a bundle for transport, with age.

The encryption is that of the age project (https://age-encryption.org), by the package ``pyrage``;
nothing of it is made here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from analyzer.bundle.sealed import SUFFIX, is_sealed
from analyzer.cli import interrupt
from analyzer.cli.console import prepare_streams
from analyzer.cli.errors import CommandError

#: A file of recipients or of keys; real ones have a few hundred bytes.
_KEY_BYTES_MAX = 256 * 1024
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUTPUT = click.Path(dir_okay=False, path_type=Path)
_force_option = click.option("--force", is_flag=True, help="Replace an existing file.")


@click.command()
@click.argument("bundle", type=_FILE)
@click.option(
    "-r",
    "--recipient",
    "recipients",
    multiple=True,
    metavar="KEY",
    help="A public key that may open it: age1…, or a line of an SSH key. May be repeated.",
)
@click.option(
    "-R",
    "--recipients-file",
    "files",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="A file with such keys, one a line. May be repeated.",
)
@click.option(
    "-o", "--output", type=_OUTPUT, metavar="FILE", help="Default: the bundle's name with .age."
)
@_force_option
def seal(
    bundle: Path,
    recipients: tuple[str, ...],
    files: tuple[Path, ...],
    output: Path | None,
    force: bool,
) -> None:
    """Encrypt a bundle for transport, for those whose public keys are named.

    BUNDLE is a file of any kind. Who holds one of the keys opens the result with 'demarc unseal' or
    with the tool age. The bundle itself stays as it is.

    \b
    Examples:
      demarc seal bundle.tar -r age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
      demarc seal bundle.tar -R ~/.ssh/id_ed25519.pub -o case-12345.tar.age
    """
    prepare_streams()
    pyrage = _pyrage("age -R FILE -o BUNDLE.age BUNDLE")
    lines = [*recipients, *(line for file in files for line in _lines(file))]
    keys = [_recipient(pyrage, line) for line in lines]
    if not keys:
        raise CommandError("for whom is not told", "name a public key: -r KEY or -R FILE")
    target = output or bundle.with_name(bundle.name + SUFFIX)
    with bundle.open("rb") as plain, _replaced(target, bundle, force=force) as out:
        if is_sealed(plain.read(64)):
            raise CommandError(f"{bundle} is sealed already", "open it with: demarc unseal")
        plain.seek(0)
        pyrage.encrypt_io(plain, out, keys)
    click.echo(f"wrote {target}")


@click.command()
@click.argument("sealed", type=_FILE)
@click.option(
    "-i",
    "--identity",
    "identities",
    multiple=True,
    required=True,
    type=_FILE,
    metavar="FILE",
    help="The private key: of age-keygen, or of SSH without a passphrase. May be repeated.",
)
@click.option("-o", "--output", type=_OUTPUT, metavar="FILE", help="Default: the name less .age.")
@_force_option
def unseal(sealed: Path, identities: tuple[Path, ...], output: Path | None, force: bool) -> None:
    """Open a bundle that was sealed for transport.

    \b
    Examples:
      demarc unseal bundle.tar.age -i key.txt
      demarc unseal case-12345.tar.age -i ~/.ssh/id_ed25519 -o bundle.tar
    """
    prepare_streams()
    pyrage = _pyrage("age -d -i KEY-FILE -o BUNDLE SEALED")
    keys = [key for file in identities for key in _identities(pyrage, file)]
    if output is None and sealed.suffix != SUFFIX:
        raise CommandError("where to is not told", "name a file with -o")
    target = output or sealed.with_suffix("")
    with sealed.open("rb") as file, _replaced(target, sealed, force=force) as out:
        if not is_sealed(file.read(64)):
            raise CommandError(f"{sealed} is not sealed with age", "nothing has to be opened")
        file.seek(0)
        try:
            pyrage.decrypt_io(file, out, keys)
        except (pyrage.DecryptError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise  # of the disk; pyrage tells a changed or cut file without a number
            raise CommandError(
                f"{sealed} cannot be opened: {_line(error)}",
                "the key is another one, or the file was changed or cut",
            ) from None
    click.echo(f"wrote {target}")


def _pyrage(instead: str) -> Any:
    """The package, imported only here: it is an extra."""
    try:
        import pyrage
    except ImportError:
        raise CommandError(
            "the package that seals is not installed",
            f"pip install 'aks-demarc[seal]', or: {instead}",
        ) from None
    return pyrage


def _lines(path: Path) -> Iterator[str]:
    """Lines of a file of keys, without comments."""
    with path.open("rb") as file:
        data = file.read(_KEY_BYTES_MAX)
    for line in data.decode("utf-8", "replace").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _recipient(pyrage: Any, line: str) -> Any:
    parse = pyrage.ssh.Recipient if line.startswith("ssh-") else pyrage.x25519.Recipient
    return _parsed(parse.from_str, line, pyrage.RecipientError, f"'{line[:20]}…' is no public key")


def _identities(pyrage: Any, path: Path) -> list[Any]:
    with path.open("rb") as file:
        data = file.read(_KEY_BYTES_MAX)
    what = f"{path} is no private key that can be used"
    if b"-----BEGIN" in data:
        return [_parsed(pyrage.ssh.Identity.from_buffer, data, pyrage.IdentityError, what)]
    parse = pyrage.x25519.Identity.from_str
    keys = [_parsed(parse, line, pyrage.IdentityError, what) for line in _lines(path)]
    if not keys:
        raise CommandError(what)
    return keys


def _parsed(parse: Callable[[Any], Any], value: Any, error: type[Exception], what: str) -> Any:
    """A key; what is wrong with it is not repeated: it may hold the key."""
    try:
        return parse(value)
    except error:
        raise CommandError(what, "see: age-keygen, ssh-keygen") from None


@contextmanager
def _replaced(target: Path, source: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole; else nothing of it stays."""
    if target.exists() and target.samefile(source):
        raise CommandError(f"{source} would replace itself", "name another file with -o")
    if target.exists() and not force:
        raise CommandError(f"{target} is there already", "use --force, or -o with another name")
    half = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with half.open("wb") as out:
            yield out
        interrupt.check()
        half.replace(target)
    except OSError as error:
        raise CommandError(
            f"{target} cannot be written: {error.strerror or error}", "name another place with -o"
        ) from None
    finally:
        half.unlink(missing_ok=True)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
