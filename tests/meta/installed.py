"""demarc as it is installed in an environment of its own, and how to run it there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Installed:
    """The folder of an environment's programs."""

    binaries: Path

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.binaries / ("python.exe" if os.name == "nt" else "python")

    def run(self, *arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run ``demarc``; ``more`` are further variables of its environment."""
        return self.call([str(self.binaries / "demarc"), *arguments], cwd, **more)

    def call(self, command: list[str], cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run any program with this environment first on the path, and no path of ours."""
        path = f"{self.binaries}{os.pathsep}{os.environ['PATH']}"
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PATH": path}
        return subprocess.run(
            command, cwd=cwd, env=environment | more, capture_output=True, text=True, check=False
        )


def install(there: Installed, wheels: Path, *what: str) -> None:
    """Install without any index, whatever the machine's settings of pip say."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    pip = [sys.executable, "-m", "pip", "--python", str(there.python), "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-index", "--find-links", str(wheels), "--no-compile", *what],
        env=clean | {"PIP_CONFIG_FILE": os.devnull},
        check=True,
    )
