"""Two clusters on disk, built once: one on the newest node image, one on an old image."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from fixtures.build import scenario, tree, write


@dataclass(frozen=True)
class World:
    """A bundle, the day of its collection, and names of what is in it."""

    path: Path
    today: date
    coredns: str
    own: str
    node: str

    def ago(self, days: int) -> str:
        """A day before the collection, as scanners write it."""
        return (self.today - timedelta(days=days)).isoformat()


def _world(folder: Path, name: str, *faults: str) -> World:
    files = tree(
        scenario(
            {"name": name, "pools": {"system": 1, "work": 1}, "seed": 8,
             "faults": [{"name": fault} for fault in faults]}
        )
    )  # fmt: skip

    def image(namespace: str, prefix: str) -> str:
        pods = json.loads(files[f"cluster/resources/core/pods/{namespace}.json"])["items"]
        pod = next(p for p in pods if p["metadata"]["name"].startswith(prefix))
        return str(pod["spec"]["containers"][0]["image"])

    nodes = json.loads(files["cluster/resources/core/nodes.json"])["items"]
    finished = json.loads(files["manifest.json"])["finished"]
    return World(
        path=write(files, folder / f"{name}.tar"),
        today=date.fromisoformat(finished[:10]),
        coredns=image("kube-system", "coredns-"),
        own=image("shop", "storefront-"),
        node=nodes[-1]["metadata"]["name"],
    )


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A cluster whose nodes run the newest image."""
    return _world(tmp_path_factory.mktemp("cves"), "current")


@pytest.fixture(scope="session")
def old_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with node images of four months before."""
    return _world(tmp_path_factory.mktemp("cves"), "outdated", "node-image-old")
