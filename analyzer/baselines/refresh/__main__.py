"""``python -m analyzer.baselines.refresh SOURCES --as-of DATE [--out DIR]``."""

from __future__ import annotations

import argparse
import re
import sys
from importlib.resources import files
from pathlib import Path

from analyzer.baselines.data_files import DataFileError, packaged, read_data
from analyzer.baselines.refresh.calendar_table import rebuild_calendar
from analyzer.baselines.refresh.checkout import RefreshError, open_checkout
from analyzer.baselines.refresh.egress_table import rebuild_egress
from analyzer.baselines.refresh.hand_kept import image_questions, questions
from analyzer.baselines.refresh.image_table import Rebuilt, rebuild_images
from analyzer.baselines.refresh.node_defaults import node_questions
from analyzer.baselines.refresh.release_notes import unknown_folders
from analyzer.baselines.refresh.version_table import rebuild_versions

_SHOWN = 40


def main(arguments: list[str] | None = None) -> int:
    """Rebuild the tables; 0 when done, 2 when a source is missing or not understood."""
    parser = argparse.ArgumentParser(
        prog="python -m analyzer.baselines.refresh", description=__doc__
    )
    parser.add_argument("sources", type=Path, help="folder with AgentBaker, AKS and azure-aks-docs")
    parser.add_argument("--as-of", required=True, help="date of the checkouts, YYYY-MM-DD")
    default = Path(str(files("analyzer.baselines") / "data"))
    parser.add_argument("--out", type=Path, default=default, help="folder to write into")
    options = parser.parse_args(arguments)
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", options.as_of):
            raise RefreshError(f"{options.as_of!r} is not a date as YYYY-MM-DD")
        _refresh(options.sources, options.as_of, options.out)
    except (RefreshError, DataFileError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _refresh(sources: Path, as_of: str, out: Path) -> None:
    """Build everything first, so that a source that is not understood changes no file."""
    notes = open_checkout(sources / "AgentBaker")
    log = open_checkout(sources / "AKS")
    docs = open_checkout(sources / "azure-aks-docs")
    images, versions = packaged("node_images.yaml"), packaged("component_versions.yaml")
    rebuilt = {
        "node_images.yaml": rebuild_images(notes, images, as_of),
        "calendar.yaml": rebuild_calendar(docs, packaged("calendar.yaml"), as_of),
        "component_versions.yaml": rebuild_versions(log, docs, versions, as_of),
        "egress.yaml": rebuild_egress(docs, packaged("egress.yaml"), as_of),
    }
    of_nodes = (
        *image_questions(notes),
        *node_questions(docs, packaged("node_config.yaml")),
    )
    for name, table in rebuilt.items():
        _write(out / name, table)
    for checkout in (notes, log, docs):
        print(f"read {checkout.root.name} at {checkout.commit or 'an unknown commit'}")
    for folder in unknown_folders(notes, images.content["folders"]):
        print(f"? release notes in {folder} belong to no image definition of the data")
    new = {name: read_data(out / name, name) for name in rebuilt}
    of_versions = questions(new["component_versions.yaml"], new["calendar.yaml"], as_of)
    for line in (*of_versions, *of_nodes):
        print(f"? {line}")


def _write(path: Path, rebuilt: Rebuilt) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rebuilt.text, encoding="utf-8", newline="\n")
    print(f"{path.name}: {len(rebuilt.changes)} changes")
    for line in rebuilt.changes[:_SHOWN]:
        print(f"  {line}")
    if len(rebuilt.changes) > _SHOWN:
        print(f"  … and {len(rebuilt.changes) - _SHOWN} more")


if __name__ == "__main__":
    sys.exit(main())
