"""What the collector's tests share: shells, environments, tools that may be missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.needs import require

from .simulated import LOCAL_PROBES

if TYPE_CHECKING:
    from .field import Field

COLLECTORS = Path(__file__).parents[2] / "collectors"
SHELLS: dict[str, tuple[str, ...]] = {"dash": ("dash",), "busybox-ash": ("busybox", "ash")}

SHORT_WAITS = {"KILL_GRACE_S": "0.2", "LATE_S": "1"}
"""After a time limit nobody in a test needs the patience that a sick node needs."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(params=sorted(SHELLS))
def shell(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command that runs a script: once dash, once busybox ash."""
    command = SHELLS[request.param]
    require(command[0])
    return command


@pytest.fixture
def ash() -> tuple[str, ...]:
    """busybox ash: for long scenarios, of which each shell runs some."""
    require("busybox")
    return SHELLS["busybox-ash"]


@pytest.fixture
def snippet(shell: tuple[str, ...], tmp_path: Path) -> Run:
    """Runs a piece of shell in which ``lib/take.sh`` is loaded, with OUT and TMP set."""

    def run(
        text: str, path: str | None = None, timeout: float = 60, **env: str
    ) -> subprocess.CompletedProcess[str]:
        prelude = (
            f"set -u; LIB={COLLECTORS / 'lib'}; OUT={tmp_path}/out; TMP={tmp_path}/tmp; SINCE=24h\n"
            '. "$LIB/take.sh"; rows_begin\n'
        )
        env = os.environ | SHORT_WAITS | ({"PATH": path} if path else {}) | env
        return subprocess.run(
            [*_absolute(shell), "-c", prelude + text],
            env=env,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            cwd=tmp_path,
            errors="replace",
        )

    return run


def _absolute(shell: Sequence[str]) -> list[str]:
    return [str(shutil.which(shell[0])), *shell[1:]]


def tools_without(folder: Path, *hidden: str) -> str:
    """A PATH with a link to every tool of this machine but the hidden ones."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        if Path(place).is_dir():
            for tool in Path(place).iterdir():
                link = folder / tool.name
                if tool.name not in hidden and not link.exists() and not link.is_symlink():
                    link.symlink_to(tool)
    return str(folder)


def stub(folder: Path, name: str, body: str) -> None:
    """Puts a shell script called ``name`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


def rows(collection: str) -> dict[str, dict[str, str]]:
    """The rows of a collection.tsv by item."""
    lines = collection.splitlines()
    header = lines[0].split("\t")
    return {
        line.split("\t")[0]: dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:]
    }


def node_env(**more: str) -> dict[str, str]:
    """The environment of the node script in tests: it connects to nothing but loopback."""
    return os.environ | LOCAL_PROBES | SHORT_WAITS | {"SKIP": "probes/dns.json"} | more


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    """An empty cluster that is being served."""
    from .field import Field

    require("kubectl")
    made = Field(tmp_path)
    with made.server:
        yield made
