"""The pages that are made from the program are what the program would make now."""

from __future__ import annotations

from pathlib import Path

from analyzer.cli import COMMANDS
from analyzer.cli.exits import Exit
from analyzer.cli.manual import manual

ROOT = Path(__file__).parents[2]


def test_the_page_of_the_command_line_is_current() -> None:
    """If this fails: ``make docs``."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == manual()


def test_the_page_has_every_command_and_every_exit_code() -> None:
    text = manual()
    assert all(f"\n## demarc {name}\n" in text for name in COMMANDS)
    assert all(f"| {int(code)} | " in text for code in Exit)
