"""``make container``: what is promised of the image, tried on an image that was built.

    python -m tests.meta.container IMAGE [--engine podman] [--flags "--cgroups=disabled"]

Runs a seeded bundle through the image as ``docs/install.md`` shows it and compares the report with
the one that is made here, byte for byte. No part of ``make test``: an engine and a base image are
not everywhere.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fixtures.build import scenario, tree, write

#: Looks around inside: who it is, which links to a network there are, what it may write and do.
_LOOK = """
echo "user $(id -u):$(id -g)"
echo "links $(ls /sys/class/net | tr '\\n' ' ')"
for place in / /opt/demarc /data /tmp; do
  if (: >"$place/probe") 2>/dev/null; then echo "writable $place"; rm "$place/probe"; fi
done
grep -h CapEff /proc/self/status
"""
_CLOSED = ("--rm", "--network=none", "--read-only", "--tmpfs=/tmp")


class Image:
    """An image and how to run it."""

    def __init__(self, name: str, engine: str, flags: str, data: Path) -> None:
        self._name = name
        self._run = [*shlex.split(engine), "run", *_CLOSED, *shlex.split(flags)]
        self._data = data
        self.rootless = "podman" in engine and os.getuid() != 0

    def run(self, *words: str, flags: tuple[str, ...] = ()) -> str:
        """Standard output of the image's command.

        Raises:
            AssertionError: it did not end with 0.
        """
        mount = f"--volume={self._data}:/data"
        call = [*self._run, mount, *flags, self._name, *words]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shlex.join(call)}\n{done.stderr}"
        return done.stdout


def check_user_and_walls(image: Image) -> None:
    """It is user 10001 without a capability, sees no link but ``lo``, and writes to /tmp alone."""
    told = image.run("-c", _LOOK, flags=("--entrypoint=sh",)).splitlines()
    assert "user 10001:10001" in told, told
    assert "links lo " in told, told
    assert [row for row in told if row.startswith("writable")] == ["writable /tmp"], told
    assert any(row.split() == ["CapEff:", "0" * 16] for row in told), told


def check_commands(image: Image) -> None:
    """It starts, has its data and its collector."""
    assert "demarc" in image.run("--version")
    assert "AKS-NODE-001" in image.run("list", "rules")
    assert "analyze" in image.run()


def check_report_to_standard_output(image: Image, bundle: Path) -> None:
    """The default user cannot write here, and need not."""
    report = image.run("analyze", bundle.name, "-q", "-f", "html")
    assert report == _report(bundle), "the report differs from the one that is made here"


def check_report_as_the_caller(image: Image, bundle: Path) -> None:
    """With the caller's own number, as the page shows it, the report is a file of the caller."""
    user = [f"--user={os.getuid()}:{os.getgid()}"]
    if image.rootless:
        user.append("--userns=keep-id")
    image.run("analyze", bundle.name, "-q", "-o", "report.html", flags=tuple(user))
    written = bundle.with_name("report.html")
    assert written.read_text(encoding="utf-8") == _report(bundle), "the report differs"
    assert written.stat().st_uid == os.getuid()


def _report(bundle: Path) -> str:
    """The report that demarc makes here, without a container."""
    call = [sys.executable, "-m", "analyzer", "analyze", str(bundle), "-q", "-f", "html"]
    return subprocess.run(call, capture_output=True, text=True, check=True).stdout


def main(arguments: list[str] | None = None) -> int:
    """Every check in turn; 1 at the first that fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.meta.container")
    parser.add_argument("image")
    parser.add_argument("--engine", default="podman")
    parser.add_argument("--flags", default="", help="more options of the engine's run")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="demarc-container-") as folder:
        Path(folder).chmod(0o755)
        world = scenario({"name": "boxed", "base": "byocni-calico"})
        bundle = write(tree(world), Path(folder) / "bundle.tar")
        image = Image(chosen.image, chosen.engine, chosen.flags, Path(folder))
        checks: tuple[tuple[str, Callable[[], None]], ...] = (
            ("user and walls", lambda: check_user_and_walls(image)),
            ("commands", lambda: check_commands(image)),
            ("report to standard output", lambda: check_report_to_standard_output(image, bundle)),
            ("report as the caller", lambda: check_report_as_the_caller(image, bundle)),
        )
        for name, check in checks:
            try:
                check()
            except AssertionError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 1
            print(f"{name}: as promised")
    return 0


if __name__ == "__main__":
    sys.exit(main())
