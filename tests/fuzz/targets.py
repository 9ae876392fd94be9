"""What is fuzzed: each takes any bytes, and may raise nothing but what its callers expect."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache

from analyzer.baselines.drift import differences
from analyzer.bundle import BundleError, Limits, open_bundle
from analyzer.bundle.collection import parse_collection
from analyzer.bundle.depth import nested_deeper
from analyzer.bundle.manifest import parse_manifest
from analyzer.bundle.signatures import SignatureError, _parse
from analyzer.bundle.signers import SignersError, read_signers
from analyzer.facts.listings import BY_RESOURCE
from analyzer.facts.parse.kube_list import parse_listing
from analyzer.redact.addresses import AddressMap
from analyzer.redact.engine import Redactor
from analyzer.redact.identities import Identities
from analyzer.redact.mask import mask_text
from analyzer.redact.stand_ins import StandIns
from analyzer.render.text import clean

LIMITS = Limits(max_total_bytes=8 << 20, max_members=2_000, ratio_floor=1 << 20)


def reader(data: bytes) -> None:
    """The whole reader, from the first byte to the inventory."""
    try:
        bundle = open_bundle(io.BytesIO(data), limits=LIMITS)
    except BundleError as error:
        assert str(error).isprintable(), str(error)
        return
    for _, member in bundle.members():
        for _ in member.lines():
            pass
    for gap in bundle.finish().gaps():
        assert gap.path.isprintable()


def listing(data: bytes) -> None:
    """Kubernetes lists; the first byte picks the kind of object."""
    kinds = sorted(BY_RESOURCE)
    kind = BY_RESOURCE[kinds[data[0] % len(kinds)]] if data else None
    if kind is not None:
        parse_listing(data[1:], "x.json", kind.model)


def small_files(data: bytes) -> None:
    """Manifest, table of a part, and how deep a document is."""
    parse_manifest(data)
    for _ in parse_collection(data):
        pass
    nested_deeper(data, 5)


def signature(data: bytes) -> None:
    """Signatures and the file of those who may sign."""
    try:
        _parse(data)
    except SignatureError as error:
        assert error.what.isprintable()
    try:
        read_signers(data.decode("utf-8", "replace"))
    except SignersError as error:
        assert str(error).isprintable()


def text(data: bytes) -> None:
    """Masks, and what makes text fit to be shown: nothing in it can act on a terminal."""
    value = data.decode("utf-8", "replace")
    mask_text(value)
    shown = clean(value)
    assert "\x1b" not in shown and "\x9b" not in shown and "\u202e" not in shown


def redact(data: bytes) -> None:
    """Stand-ins: a line stays a line, and a name is never written over another one's place."""
    secret = b"fuzz".ljust(32, b"\0")
    learned = Identities()
    learned.learn("azure/managed-cluster.json", data)
    engine = Redactor(StandIns(secret, AddressMap(secret)), learned)
    value = data.decode("utf-8", "replace").encode()
    assert mask_text(value.decode()).count("\n") == engine.redact(value).count(b"\n")


def drift(data: bytes) -> None:
    """Two objects, as JSON on two lines: any differences are told, nothing is raised."""
    try:
        sides = [json.loads(line) for line in data.split(b"\n")[:2]]
    except (ValueError, RecursionError):
        return
    if len(sides) == 2 and all(isinstance(side, dict) for side in sides):
        assert differences(sides[0], sides[0], extra=True) == ()
        for row in differences(*sides, extra=True):
            assert row.path or "" in {*sides[0], *sides[1]}


TARGETS: dict[str, Callable[[bytes], None]] = {
    "reader": reader,
    "listing": listing,
    "small-files": small_files,
    "signature": signature,
    "text": text,
    "redact": redact,
    "drift": drift,
}


def everything(data: bytes) -> None:
    """All of them in one process, for a short run: the first byte picks one."""
    names = sorted(TARGETS)
    if data:
        TARGETS[names[data[0] % len(names)]](data[1:])


def seeds_of(name: str) -> tuple[bytes, ...]:
    """Good input of one target, or of ``everything``."""
    if name in TARGETS:
        return seeds()[name]
    chosen = enumerate(sorted(TARGETS))
    return tuple(bytes((at,)) + one for at, target in chosen for one in seeds()[target])


@cache
def seeds() -> dict[str, tuple[bytes, ...]]:
    """Good input of every target, for the fuzzer to start from."""
    from tests.unit.bundle.tarballs import cluster_files, flat, gz, manifest, nested, zst

    files = cluster_files()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("var/log/x.log", "line\n")
    pax = io.BytesIO()
    with tarfile.open(fileobj=pax, mode="w", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("cluster/" + "é" * 120 + ".json")
        tar.addfile(info)
    pods = files["resources/core/pods/kube-system.json"]
    item = b'{"kind":"PodList","items":[{"metadata":{"name":"a","uid":"u"},"spec":{},"status":{}}]}'
    yaml = b"kind: PodList\nitems:\n- metadata: {name: a}\n"
    return {
        "reader": (nested(), flat(), gz(flat()), zst(flat()), pax.getvalue(), zipped.getvalue()),
        "listing": (b"\0" + pods, b"\5" + item, b"\7" + yaml, b'\1{"kind":"Status"}'),
        "small-files": (manifest(), files["collection.tsv"], b"[[1,[2]]]"),
        "signature": (
            b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQ==\n-----END SSH SIGNATURE-----\n",
            b'a@b,!c namespaces="x",valid-after="20260101Z" ssh-ed25519 AAAA comment\n',
        ),
        "text": (
            b"AccountKey=abc==; password: hunter2 https://u:p@h/ eyJhbGciOi.J9.x",
            b"\x1b[31m<script>",
        ),
        "redact": (
            b"aks-work-31415926-vmss000003 10.1.2.3/24 fd00::1 a@b.example.com client_id=0"
            b" /subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/a/providers/",
            b'{"nodeResourceGroup": "MC_a_b_westeurope", "dnsPrefix": "\\u00e9", "tenantId": "x"}',
        ),
        "drift": (
            b'{"spec":{"containers":[{"name":"a","ports":[{"containerPort":53}]}]}}\n'
            b'{"spec":{"containers":[{"name":"a","resources":{"limits":{"cpu":"3000m"}}}]}}',
        ),
    }
