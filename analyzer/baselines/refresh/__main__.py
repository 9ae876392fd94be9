"""``python -m analyzer.baselines.refresh SOURCES --as-of DATE [--out DIR]``."""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files
from pathlib import Path

from analyzer.baselines.data_files import packaged
from analyzer.baselines.refresh.calendar_table import rebuild_calendar
from analyzer.baselines.refresh.checkout import RefreshError, open_checkout
from analyzer.baselines.refresh.image_table import Rebuilt, rebuild_images
from analyzer.baselines.refresh.release_notes import unknown_folders

_SHOWN = 40


def main(arguments: list[str] | None = None) -> int:
    """Rebuild the tables; 0 when done, 2 when a source is missing or not understood."""
    parser = argparse.ArgumentParser(
        prog="python -m analyzer.baselines.refresh", description=__doc__
    )
    parser.add_argument("sources", type=Path, help="folder with AgentBaker and azure-aks-docs")
    parser.add_argument("--as-of", required=True, help="date of the checkouts, YYYY-MM-DD")
    default = Path(str(files("analyzer.baselines") / "data"))
    parser.add_argument("--out", type=Path, default=default, help="folder to write into")
    options = parser.parse_args(arguments)
    try:
        _refresh(options.sources, options.as_of, options.out)
    except RefreshError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _refresh(sources: Path, as_of: str, out: Path) -> None:
    notes = open_checkout(sources / "AgentBaker")
    docs = open_checkout(sources / "azure-aks-docs")
    images = packaged("node_images.yaml")
    _write(out / "node_images.yaml", rebuild_images(notes, images, as_of))
    _write(out / "calendar.yaml", rebuild_calendar(docs, packaged("calendar.yaml"), as_of))
    for folder in unknown_folders(notes, images.content["folders"]):
        print(f"? release notes in {folder} belong to no image definition of the data")


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
