"""Bundles on disk for the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures.build import scenario, tree, write


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cluster with a broken coredns-custom, nested, as the collector writes it."""
    world = scenario(
        {"name": "cli", "base": "overlay", "kubernetes": "1.33", "noise": True, "seed": 5,
         "faults": [{"name": "pod-crash-looping"}]}
    )  # fmt: skip
    return write(tree(world), tmp_path_factory.mktemp("bundle") / "demarc-cli.tar")


@pytest.fixture(scope="session")
def torn(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, cut off in the middle."""
    path = tmp_path_factory.mktemp("torn") / "torn.tar"
    data = bundle.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    return path
