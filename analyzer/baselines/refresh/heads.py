"""The head of a rebuilt data file: its date, and the commits that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from analyzer.baselines.data_files import DataFile


def as_of_after(file: DataFile, as_of: str) -> str:
    """The later of the file's own date and that of the checkouts (``YYYY-MM-DD``)."""
    return max(as_of, file.as_of)


def commits_after(file: DataFile, **read: str) -> dict[str, str]:
    """The file's commits by source, with those that were read now; an unknown one changes none."""
    known = {str(key): str(value) for key, value in (file.content.get("commits") or {}).items()}
    return {**known, **{name: commit for name, commit in read.items() if commit}}


def put_head(
    lines: Iterable[str], file: DataFile, as_of: str, commits: Mapping[str, str]
) -> list[str]:
    """The lines with the new ``as_of:`` and ``commits:`` at the top level."""
    pairs = ", ".join(f"{key}: {value}" for key, value in commits.items())
    found = []
    for line in lines:
        if line.startswith("as_of:"):
            found.append(f'as_of: "{as_of_after(file, as_of)}"')
            if pairs:
                found.append(f"commits: {{{pairs}}}")
        elif not line.startswith("commits:"):
            found.append(line)
    return found
