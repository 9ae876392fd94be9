"""States of one small cluster: trees of files that are changed as time and people change them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from analyzer.compare.keep import Seen, keep
from analyzer.compare.snapshot import Snapshot
from analyzer.diagnose import build_diagnosis
from analyzer.options import Options
from analyzer.pipeline import run_stages
from fixtures.build import scenario, tree, write

Files = dict[str, bytes]
EARLY, LATE = "2026-03-01T10:00:00Z", "2026-03-03T12:00:00Z"
DEPLOYMENTS = "cluster/resources/apps/deployments/kube-system.json"
CONFIG_MAPS = "cluster/resources/core/configmaps/kube-system.json"


@cache
def _tree(collected_at: str, kubernetes: str, work: int, faults: str) -> Files:
    return tree(
        scenario(
            {
                "name": "shop",
                "base": "overlay",
                "kubernetes": kubernetes,
                "seed": 5,
                "pools": {"system": 1, "work": work},
                "collected_at": collected_at,
                "faults": json.loads(faults),
            }
        )
    )


def files(
    *faults: dict[str, Any], at: str = LATE, kubernetes: str = "1.33", work: int = 2
) -> Files:
    """The files of a state; the caller may change the mapping."""
    return dict(_tree(at, kubernetes, work, json.dumps(faults)))


def snapshot(state: Files, folder: Path, name: str = "state") -> Snapshot:
    """Write a state as a bundle, analyse it and keep what is compared."""
    path = write(state, folder / f"{name}.tar", "flat-tar")
    analysis = run_stages(path, Options(jobs=1))
    seen = Seen(analysis.bundle, analysis.loaded.facts, analysis.reference.catalogue)
    return keep(build_diagnosis(analysis), seen)


def edit(state: Files, path: str, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change one object of a listing in place."""
    document = json.loads(state[path])
    (item,) = [i for i in document["items"] if i["metadata"]["name"] == name]
    change(item)
    state[path] = json.dumps(document).encode()


def each_item(state: Files, change: Callable[[str, dict[str, Any]], None]) -> None:
    """Change every object of every listing in place; ``change`` gets the member's path too."""
    for path, data in state.items():
        if not re.match(r"cluster/resources/.*\.json$", path):
            continue
        document = json.loads(data)
        for item in document.get("items", ()):
            change(path, item)
        state[path] = json.dumps(document).encode()
