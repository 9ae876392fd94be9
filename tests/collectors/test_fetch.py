"""Fetching one archive: transfers that are cut, stall, lie or are killed, at random points.

``fetch.sh`` alone, with a stand-in for kubectl that does what a plan says for each transfer; the
whole run with a real kubectl is in test_collect_failures.py.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest

from .conftest import COLLECTORS, SHORT_WAITS, stub
from .field import wait_for

KUBECTL = r"""
while [ "$1" != -- ]; do shift; done; shift
case $1 in /bin/sh) wc -c <"$POD/node.tar.gz"; cat "$POD/node.tar.gz.sha256"; exit ;; esac
read -r how bytes <"$POD/plan"; sed 1d "$POD/plan" >"$POD/plan.new"; mv "$POD/plan.new" "$POD/plan"
echo "${3#+}" >>"$POD/offsets"
some() { tail -c "$1" "$POD/node.tar.gz" | head -c "$bytes"; }
case $how in
  torn) some "$3"; echo 'error: connection reset' >&2; exit 1 ;;
  silent) some "$3" ;;
  flipped) tail -c "$3" "$POD/node.tar.gz" | tr '\000-\377' '\001-\377\000' ;;
  hung) some "$3"; : >"$POD/hung"; exec sleep 600 ;;
  whole) exec tail -c "$3" "$POD/node.tar.gz" ;;
esac
"""

FETCH = """
set -u; LIB={lib}; STATE={top}/state; WORK={top}/work; TMP=$STATE
for part in limits take paths kube sums fetch; do . "$LIB/$part.sh"; done
: >"$STATE/node/n0.busy"
fetch_one pod n0
"""


class Transfer:
    """One node's archive in its pod, and the fetching of it."""

    def __init__(self, top: Path, shell: tuple[str, ...], seed: int) -> None:
        self.top = top
        self.shell = shell
        self.pod = top / "pod"
        for name in ("pod", "state/node", "work/nodes"):
            (top / name).mkdir(parents=True)
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=0) as archive:
            noise = random.Random(seed).randbytes(60_000)
            for name, data in (("noise", noise), ("masked.tsv", b"password\t1\n")):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.data = packed.getvalue()
        (self.pod / "node.tar.gz").write_bytes(self.data)
        line = f"{hashlib.sha256(self.data).hexdigest()}  node.tar.gz\n"
        (self.pod / "node.tar.gz.sha256").write_text(line, encoding="utf-8")
        stub(top / "bin", "kubectl", KUBECTL)

    def plan(self, *steps: str) -> None:
        """What the next transfers do, one after the other: a word, and how many bytes come."""
        (self.pod / "plan").write_text("".join(f"{s}\n" for s in steps), encoding="utf-8")

    def start(self, **env: str) -> subprocess.Popen[bytes]:
        """Begins to fetch, in a process group of its own."""
        waits = SHORT_WAITS | {"FETCH_RETRY_S": "0", "CALL_TIMEOUT_S": "20"}
        variables = {"POD": str(self.pod), "KUBECTL": str(self.top / "bin/kubectl")}
        text = FETCH.format(lib=COLLECTORS / "lib", top=self.top)
        return subprocess.Popen(
            [*self.shell, "-c", text],
            env=os.environ | waits | variables | env,
            start_new_session=True,
        )

    def offsets(self) -> list[int]:
        """Where each transfer began, counted from 1."""
        return [int(line) for line in (self.pod / "offsets").read_text("utf-8").split()]

    def fetched(self) -> bytes | None:
        """The archive, if it is taken for whole."""
        file = self.top / "work/nodes/n0.tar.gz"
        assert not (self.top / "work/nodes/n0.tar.gz.part").exists()
        assert not (self.top / "state/node/n0.busy").exists()
        assert file.exists() == (self.top / "state/node/n0.ok").exists()
        return file.read_bytes() if file.exists() else None


@pytest.fixture
def seeded(request: pytest.FixtureRequest) -> random.Random:
    """Chance that is the same each time, and another one for each test."""
    return random.Random(request.node.name)


@pytest.fixture
def transfer(tmp_path: Path, shell: tuple[str, ...], seeded: random.Random) -> Transfer:
    """An archive of random bytes."""
    return Transfer(tmp_path, shell, seeded.randrange(10**9))


def test_cut_at_many_random_points(transfer: Transfer, seeded: random.Random) -> None:
    """With and without an error, also before the first byte; each goes on where the last ended."""
    points = sorted(seeded.sample(range(1, len(transfer.data)), 24))
    sizes = [b - a for a, b in zip([0, *points], points, strict=False)]
    # three that bring nothing: one more and the node would be given up
    for _ in range(3):
        sizes.insert(seeded.randrange(len(sizes)), 0)
    transfer.plan(*(f"{seeded.choice(['torn', 'silent'])} {n}" for n in sizes), "whole")
    assert transfer.start().wait(120) == 0
    assert transfer.fetched() == transfer.data
    assert transfer.offsets() == [1 + sum(sizes[:i]) for i in range(len(sizes) + 1)]
    assert (transfer.top / "state/masked.nodes").read_text("utf-8") == "password\t1\n"


def test_killed_at_random_points_and_begun_again(transfer: Transfer, seeded: random.Random) -> None:
    """What had come is not fetched a second time."""
    points = sorted(seeded.sample(range(1, len(transfer.data)), 6))
    for start, end in zip([0, *points], points, strict=False):
        transfer.plan(f"hung {end - start}")
        process = transfer.start()
        wait_for(transfer.pod, "hung")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        (transfer.pod / "hung").unlink()
    transfer.plan("whole")
    assert transfer.start().wait(60) == 0
    assert transfer.fetched() == transfer.data
    assert transfer.offsets() == [1, *(1 + point for point in points)]


def test_stalled_transfer_goes_on(transfer: Transfer, seeded: random.Random) -> None:
    """One that stops without an end costs its time limit."""
    size = seeded.randrange(1, len(transfer.data))
    transfer.plan(f"hung {size}", "whole")
    assert transfer.start(FETCH_TIMEOUT_S="1").wait(60) == 0
    assert transfer.fetched() == transfer.data
    assert transfer.offsets() == [1, 1 + size]


def test_wrong_bytes_are_never_taken(transfer: Transfer, seeded: random.Random) -> None:
    """Right in length and wrong in content: begun anew, and after four times given up."""
    size = seeded.randrange(1, len(transfer.data))
    transfer.plan(f"torn {size}", "flipped", "whole")
    assert transfer.start().wait(60) == 0
    assert transfer.fetched() == transfer.data
    assert transfer.offsets() == [1, 1 + size, 1]
    (transfer.top / "state/node/n0.ok").unlink()
    (transfer.top / "work/nodes/n0.tar.gz").unlink()
    transfer.plan(*["flipped"] * 9)
    assert transfer.start().wait(60) == 0
    assert transfer.fetched() is None
    reason = (transfer.top / "state/node/n0.gone").read_text("utf-8")
    assert reason == "the archive could not be fetched: the checksum does not match\n"
    assert transfer.offsets()[3:] == [1, 1, 1, 1]
