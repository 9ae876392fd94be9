"""The optional exports: only reading commands, masked, alone or added to a bundle."""

# ruff: noqa: E501  (texts in the form that they have in the field are long)

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from .conftest import COLLECTORS, rows, stub

AZ = r"""
echo "$*" >>"$AZ_CALLS"
case "$*" in
  "aks show"*) printf '{\n  "id": "/subscriptions/s/resourceGroups/rg/providers/x/c",\n  "name": "c",\n  "nodeResourceGroup": "MC_rg",\n  "servicePrincipalProfile": {\n    "clientId": "msi",\n    "secret": "Canary7xCanary7x"\n  }\n}\n' ;;
  "aks nodepool list"*) printf '[\n  {\n    "name": "work",\n    "vnetSubnetId": "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/a"\n  }\n]\n' ;;
  "vmss list "*--query*) printf '[\n  "aks-a",\n  "aks-b"\n]\n' ;;
  "vmss list-instances"*) case "$*" in *aks-b*) echo '[]';; *) printf '[\n  {\n    "vmss": "aks-a",\n    "instanceId": "0"\n  }\n]\n';; esac ;;
  "network nsg"*) echo 'ERROR: AuthorizationFailed: forbidden' >&2; exit 1 ;;
  "network vnet show"*) printf '{\n  "name": "v"\n}\n' ;;
  *) echo '[]' ;;
esac
"""


def export(shell: tuple[str, ...], folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs the export with a stand-in for az that records its arguments."""
    stub(folder / "bin", "az", AZ)
    env = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "AZ_CALLS": str(folder / "calls"),
    }
    return subprocess.run(
        [
            *shell,
            str(COLLECTORS / "azure/export-azure.sh"),
            "--resource-group",
            "rg",
            "--name",
            "c",
            *args,
        ],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_export(shell: tuple[str, ...], tmp_path: Path) -> None:
    """All files of the format; what is forbidden is a row; nothing but show and list is called."""
    result = export(shell, tmp_path)
    assert result.returncode == 3 and "nsg\tforbidden" in result.stderr
    with tarfile.open(tmp_path / "azure.tar.gz") as archive:
        files = {m.name: archive.extractfile(m).read() for m in archive if m.isfile()}  # type: ignore[union-attr]
    expected = {
        "managed-cluster.json",
        "agent-pools.json",
        "vmss.json",
        "vmss-instances.json",
        "vmss-extensions.json",
        "route-tables.json",
        "load-balancers.json",
        "vnets.json",
        "activity-log.json",
        "features.json",
        "account.json",
        "collection.tsv",
    }
    assert expected <= set(files)
    assert json.loads(files["vmss-instances.json"]) == [{"vmss": "aks-a", "instanceId": "0"}]
    assert json.loads(files["vnets.json"]) == [{"name": "v"}]
    assert json.loads(files["managed-cluster.json"])["servicePrincipalProfile"] == {
        "clientId": "msi",
        "secret": "<masked>",
    }
    assert rows(files["collection.tsv"].decode())["nsg"]["note"].startswith("forbidden")
    calls = (tmp_path / "calls").read_text(encoding="utf-8").splitlines()
    [account] = [call for call in calls if call.startswith("account show")]
    assert "--query" in account and "user" not in account  # not who is logged in
    assert all({"show", "list", "list-instances"} & set(call.split()) for call in calls)
    assert not any("credential" in call or "key" in call for call in calls)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["azure.tar.gz", "bin", "calls"]


def test_added_to_a_bundle(shell: tuple[str, ...], tmp_path: Path) -> None:
    """The manifest stays first and valid; a second time replaces the first."""
    top = tmp_path / "demarc-c-20260101T000000Z"
    (top / "nodes").mkdir(parents=True)
    (top / "nodes/n0.tar.gz").write_bytes(b"x")
    member = '  {"path": "nodes/n0.tar.gz", "bytes": 1, "sha256": ""}'
    (top / "manifest.json").write_text(
        f'{{"format": 1,\n "members": [\n{member}\n ]}}\n', encoding="utf-8"
    )
    bundle = tmp_path / "b.tar"
    with tarfile.open(bundle, "w") as archive:
        archive.add(top, top.name)
    for _ in range(2):
        assert export(shell, tmp_path, "--bundle", str(bundle)).returncode == 3
    with tarfile.open(bundle) as archive:
        assert archive.getnames()[0] == f"{top.name}/manifest.json"
        manifest = json.load(archive.extractfile(archive.getnames()[0]))  # type: ignore[arg-type]
        data = archive.extractfile(f"{top.name}/azure.tar.gz").read()  # type: ignore[union-attr]
    assert [m["path"] for m in manifest["members"]] == ["azure.tar.gz", "nodes/n0.tar.gz"]
    assert manifest["members"][0]["sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("args", [["--nope"], ["--since", "x"], ["--bundle", "/no/such"]])
def test_wrong_usage(shell: tuple[str, ...], tmp_path: Path, args: list[str]) -> None:
    """Exit code 2, and az is not called."""
    assert export(shell, tmp_path, *args).returncode == 2
    assert not (tmp_path / "calls").exists()
