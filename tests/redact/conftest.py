"""A cluster with secrets and names in it, and its redacted copy, made once."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from analyzer.bundle import Limits, open_bundle
from analyzer.redact.key import Key
from analyzer.redact.rewrite import Summary, redact_bundle
from fixtures.build import scenario, tree, write
from tests.redact.secrets import KINDS

KEY = Key(secret="5e" * 32)
#: Names that only people of this cluster have, planted beside those of the scenario.
PLANTED = (
    "sshd[811]: Accepted publickey for jumpuser7 from 10.87.12.34 port 5",
    "sudo: /home/jumpuser7/run.sh mailed jump.user7@fabrikam.com",
    "kubelet[9]: dial ledger.corp.fabrikam.com: 52.174.33.101:1433 refused",
    "app: pulled fabrikamprod.azurecr.io/ledger/api:1.2 by ip-10-87-12-34",
    "app: vault fabrikam-kv.vault.azure.net peer 00:0d:3a:9b:8c:7d fd12:77:88::4a1b",
    "app: old aks-gone-55667788-vmss00000c in MC_RG-FABRIKAM_LEDGER_WESTEUROPE",
)
NAMES = (
    "jumpuser7", "jump.user7", "fabrikam", "ledger.corp", "10.87.12.34", "10-87-12-34",
    "52.174.33.101", "9b:8c:7d", "4a1b", "55667788",
)  # fmt: skip


@dataclass(frozen=True)
class Redacted:
    """The files of the original, the bundles, and what the redaction says of itself."""

    files: dict[str, bytes]
    original: Path
    copy: Path
    summary: Summary


def unpacked(bundle: Path) -> dict[str, bytes]:
    """All files of a bundle of format 1, archives opened."""
    found: dict[str, bytes] = {}
    with tarfile.open(bundle) as outer:
        for entry in outer:
            data = outer.extractfile(entry).read()
            if not entry.name.endswith(".tar.gz"):
                found[entry.name] = data
                continue
            with tarfile.open(fileobj=io.BytesIO(data)) as inner:
                for file in inner:
                    name = f"{entry.name.removesuffix('.tar.gz')}/{file.name}"
                    found[name] = inner.extractfile(file).read()
                    found |= _unzipped(name, found[name])
    return found


def _unzipped(name: str, data: bytes) -> dict[str, bytes]:
    if not name.endswith(".zip"):
        return {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {f"{name}/{inner}": archive.read(inner) for inner in archive.namelist()}


def _zipped(files: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return whole.getvalue()


def planted_files() -> dict[str, bytes]:
    """A scenario with findings, with every kind of secret and the planted names in it."""
    files = tree(
        scenario(
            {"name": "redact", "base": "overlay", "kubernetes": "1.33", "noise": True, "seed": 9,
             "faults": [{"name": "pod-crash-looping"}]}
        )
    )  # fmt: skip
    journal = next(path for path in files if path.endswith("kubelet/journal.log"))
    node = journal.split("/")[1]
    stamp = "2026-01-20T14:00:00.000000+00:00"
    files[journal] += "".join(f"{stamp} {node} {line}\n" for line in PLANTED).encode()
    secrets = "\n\n".join(text for _, text, _ in KINDS)
    files[f"nodes/{node}/azure/waagent.log"] = f"start\n{secrets}\nend\n".encode()
    files["cluster/logs/kube-system/planted/app.log"] = json.dumps(
        {"log": [text for _, text, _ in KINDS]}
    ).encode()
    lines = "\n".join(PLANTED)
    files[f"nodes/{node}/azure/aks-log-collector.zip"] = _zipped(
        {"syslog": f"{lines}\n{secrets}".encode(), "windows.log": lines.encode("utf-16")}
    )
    files["cluster/resources/core/secrets/shop.json"] = b'{"items":[{"data":{"x":"c3dvcmQ="}}]}'
    files[f"nodes/{node}/azure/binary.dat"] = bytes(range(256)) * 20
    return files


@pytest.fixture(scope="session")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Redacted:
    """The planted cluster and its copy."""
    folder = tmp_path_factory.mktemp("redact")
    files = planted_files()
    original = write(files, folder / "demarc-redact.tar")
    copy = folder / "copy.tar"
    summary = redact_bundle(open_bundle(original), copy, KEY, limits=Limits())
    return Redacted(files, original, copy, summary)
