"""Redaction: megabytes of text a second on one core, and how that divides.

    python -m benchmarks.redact [--mb N] [--bundle FILE.tar] [--json FILE]

``text``: a made-up syslog of kubelet and containerd, an address or a name in nearly every line (500
addresses, as on a busy node); ``mask`` is the same without stand-ins. ``secrets``: the syslog with
a secret in every hundredth line. ``objects``: pods as the API server lists them, in one line.
``bundle``: the whole command's work on a bundle, from packed to packed. CPU seconds, so that a busy
machine does not count.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from analyzer.bundle import Limits, open_bundle
from analyzer.redact.addresses import AddressMap
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.key import Key
from analyzer.redact.rewrite import redact_bundle
from analyzer.redact.secrets import mask_bytes
from analyzer.redact.stand_ins import StandIns

_SECRET = b"benchmark".ljust(32, b"\0")
_KEY = Key(secret=_SECRET.hex())
_PIECE = 1 << 20
_NODES = [f"aks-{pool}-31415926-vmss{n:06d}" for pool in ("system", "work") for n in range(20)]


def syslog(megabytes: int) -> bytes:
    """Lines of a node's journal, seeded."""
    dice = random.Random(7)
    ips = [f"10.244.{dice.randrange(200)}.{dice.randrange(2, 250)}" for _ in range(450)]
    ips += [
        f"20.{dice.randrange(256)}.{dice.randrange(256)}.{dice.randrange(256)}" for _ in range(50)
    ]
    lines = []
    for second in range(20_000):
        clock = f"{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        stamp = f"2026-11-24T{clock}.{dice.getrandbits(19):06d}+00:00 {dice.choice(_NODES)}"
        low, high = dice.getrandbits(32), dice.getrandbits(48)
        uid = f"{low:08x}-7d1f-4a2b-9c1d-{high:012x}"
        lines += [
            f'{stamp} kubelet[2311]: I1124 {clock}.000123    2311 prober.go:107] "Probe failed" '
            f'probeType="Readiness" pod="shop/web-5d9c-{uid[:5]}" podUID="{uid}" '
            f'output="Get \\"http://{dice.choice(ips)}:8080/ready\\": context deadline exceeded"',
            f'{stamp} containerd[2115]: time="2026-11-24T{clock}Z" level=info '
            f'msg="StopPodSandbox for \\"{low:032x}{high:032x}\\" returns successfully"',
        ]
    text = ("\n".join(lines) + "\n").encode()
    return (text * (1 + megabytes * 1_000_000 // len(text)))[: megabytes * 1_000_000]


def with_secrets(text: bytes) -> bytes:
    """The same with a secret in every hundredth line."""
    lines = text.split(b"\n")
    for at in range(0, len(lines), 100):
        lines[at] += b" connection=AccountName=a;AccountKey=Zm9vYmFyYmF6cXV4;EndpointSuffix=x"
    return b"\n".join(lines)


def objects(megabytes: int) -> bytes:
    """A list of pods in one line, as the API server writes it."""
    dice = random.Random(8)
    items = []
    for number in range(2_000):
        uid = f"{dice.getrandbits(32):08x}-1111-4a2b-9c1d-{dice.getrandbits(48):012x}"
        items.append(
            {
                "metadata": {"name": f"web-{number}", "namespace": "shop", "uid": uid,
                             "labels": {"app": "web", "pod-template-hash": uid[:8]},
                             "managedFields": [{"manager": "kubelet", "operation": "Update",
                                                "fieldsV1": {"f:status": {"f:podIP": {}}}}]},
                "spec": {"nodeName": dice.choice(_NODES),
                         "containers": [{"name": "web", "image": "mcr.microsoft.com/web:1.2.3",
                                         "env": [{"name": "LOG_LEVEL", "value": "info"}],
                                         "volumeMounts": [{"name": "kube-api-access-x",
                                                           "mountPath": "/var/run/secrets"}]}],
                         "tolerations": [{"key": "node.kubernetes.io/not-ready",
                                          "operator": "Exists", "tolerationSeconds": 300}]},
                "status": {"podIP": f"10.244.{number // 250}.{number % 250}", "phase": "Running",
                           "hostIP": "10.224.0.4", "startTime": "2026-11-24T08:00:00Z"},
            }
        )  # fmt: skip
    text = json.dumps({"items": items}, separators=(",", ":")).encode()
    return (text * (1 + megabytes * 1_000_000 // len(text)))[: megabytes * 1_000_000]


def redactor() -> Redactor:
    """An engine that knows the pools of the nodes, as after a look at the bundle."""
    learned = Identities()
    for node in _NODES:
        learned.add("hosts", node)
    return Redactor(StandIns(_SECRET, AddressMap(_SECRET)), learned)


def rate(run: Callable[[bytes], object], text: bytes, times: int) -> list[float]:
    """MB of text in a CPU second: smallest, median and largest of several runs."""
    found = []
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    for _ in range(times):
        start = time.process_time()
        for piece in pieces:
            run(piece)
        found.append(len(text) / 1e6 / (time.process_time() - start))
    return [round(value, 1) for value in (min(found), statistics.median(found), max(found))]


def bundle_rate(bundle: Path, times: int) -> list[float]:
    """MB of unpacked text in a CPU second, reading, packing and sums included."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            start = time.process_time()
            done = redact_bundle(
                open_bundle(bundle), Path(folder) / "redacted.tar", _KEY, limits=Limits()
            )
            found.append(done.text_bytes / 1e6 / (time.process_time() - start))
    return [round(value, 1) for value in (min(found), statistics.median(found), max(found))]


def measure(megabytes: int = 20, times: int = 3, bundle: Path | None = None) -> dict[str, object]:
    """All rates in MB/s (smallest, median, largest) by what was read."""
    text, listed = syslog(megabytes), objects(megabytes)
    figures: dict[str, object] = {
        "text": rate(redactor().redact, text, times),
        "mask": rate(mask_bytes, text, times),
        "secrets": rate(redactor().redact, with_secrets(text), times),
        "objects": rate(redactor().redact, listed, times),
    }
    if bundle is not None:
        figures["bundle"] = bundle_rate(bundle, times)
    return figures


def main() -> None:
    """Measure, print, and write the figures as JSON where a file is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redact")
    parser.add_argument("--mb", type=int, default=20, help="size of the made-up texts")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures = measure(given.mb, given.times, given.bundle)
    for name, values in figures.items():
        print(f"{name:8} {values} MB/s (min, median, max)")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
