"""The container's view: only those mounts, only those capabilities, and the real node script in it.

A mount namespace is made that holds what the DaemonSet's pod holds: an image that has nothing
but one file, the host's folders read-only at their own paths, the host's root at /host, one
writable folder at /host/tmp and /out. Then the pod's own command runs in it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.needs import require

from .conftest import COLLECTORS, node_env, rows
from .test_scripts import kustomize

MOUNT_SCRIPT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs none "$BOX"
cd "$BOX"
mkdir -p host out collector proc usr bin sbin lib lib64 dev
: >pause
mount --rbind / host
mount --make-rslave host
for folder in usr bin sbin lib lib64; do
    [ -d "/$folder" ] || continue
    mount --bind "/$folder" "$folder"
    mount -o remount,bind,ro "$folder"
done
# recursiveReadOnly: the root and every mount below it
awk -v top="$BOX/host" '$5 == top || index($5, top "/") == 1 { print $5 }' /proc/self/mountinfo |
    while read -r point; do mount -o remount,bind,ro "$point" 2>/dev/null || true; done
mount --bind "$VOLUME" out
mount --bind "$VOLUME" host/tmp
mount --bind "$SCRIPTS" collector
mount -o remount,bind,ro collector
mount --rbind /proc proc
mount --rbind /dev dev
mount -o remount,ro "$BOX"
exec setpriv --bounding-set="-all,$CAPS" --inh-caps=-all --no-new-privs \
    env -i PATH="$POD_PATH" $POD_ENV /usr/sbin/chroot "$BOX" /bin/sh -c "$COMMAND"
"""


def pod() -> dict[str, Any]:
    """The container of the amd64 overlay."""
    container: dict[str, Any] = next(o for o in kustomize("amd64") if o["kind"] == "DaemonSet")[
        "spec"
    ]["template"]["spec"]["containers"][0]
    return container


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A place for the container; the test needs root and the tools that make namespaces."""
    require("unshare", "setpriv", "kubectl", "chroot")
    if os.geteuid() != 0:
        pytest.skip("only root can make a mount namespace like the kubelet does")
    probe = subprocess.run(["unshare", "-m", "true"], check=False)
    if probe.returncode:
        pytest.skip("mount namespaces are not allowed here")
    for name in ("box", "volume", "scripts"):
        (tmp_path / name).mkdir()
    config_map = next(o for o in kustomize("amd64") if o["kind"] == "ConfigMap")
    for name, text in config_map["data"].items():
        (tmp_path / "scripts" / name).write_text(text, encoding="utf-8")
    return tmp_path


def start(box: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Runs a command as the pod would run it."""
    container = pod()
    capabilities = ",".join(
        "+" + c.lower() for c in container["securityContext"]["capabilities"]["add"]
    )
    pod_env = {e["name"]: e["value"] for e in container["env"]}
    keep = {
        k: node_env()[k]
        for k in ("IMDS_URL", "EGRESS_TARGETS", "KUBELET_HEALTHZ", "ITEM_MAX_S", "SKIP")
    } | env
    # the shell script splits POD_ENV at blanks: no value may hold one
    assert not any(" " in value for value in keep.values())
    variables = {
        "BOX": str(box / "box"),
        "VOLUME": str(box / "volume"),
        "SCRIPTS": str(box / "scripts"),
        "CAPS": capabilities,
        "POD_PATH": pod_env["PATH"],
        "POD_ENV": " ".join(f"{k}={v}" for k, v in keep.items()),
        "COMMAND": command,
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", MOUNT_SCRIPT],
        env=variables,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_capabilities_are_those_of_the_manifest(box: Path) -> None:
    """The sandbox of this test is as tight as the pod: what is not named is not there."""
    result = start(
        box,
        "grep CapEff /proc/self/status; ls /; touch /usr/x; touch /host/x; touch /host/etc/x; true",
    )
    effective = int(result.stdout.split()[1], 16)
    named = {2: "DAC_READ_SEARCH", 12: "NET_ADMIN", 13: "NET_RAW", 18: "SYS_CHROOT", 34: "SYSLOG"}
    assert {named.get(bit, str(bit)) for bit in range(41) if effective >> bit & 1} == set(
        pod()["securityContext"]["capabilities"]["add"]
    )
    assert "pause" in result.stdout and "etc" not in result.stdout.split()
    assert result.stderr.count("Read-only file system") == 3


def test_node_script_runs_in_the_container(box: Path) -> None:
    """With the pod's own command: the shell is the host's, the image has none."""
    (box / "marker").touch()
    time.sleep(0.05)
    command = pod()["command"]
    assert command[:2] == ["/bin/sh", "-c"]
    result = start(box, command[2], MAX_NODE_MB="16")
    assert result.returncode == 0, result.stderr
    with tarfile.open(box / "volume/demarc/node.tar.gz") as archive:
        names = {m.name for m in archive if m.isfile()}
        collection = rows(archive.extractfile("collection.tsv").read().decode())  # type: ignore[union-attr]
    for item in (
        "host/os-release",
        "host/df",
        "host/dmesg",
        "host/mounts",
        "network/addr.json",
        "network/route.json",
        "host/ps",
        "host/packages",
        "host/sysctl",
    ):
        assert collection[item]["note"] == "", collection[item]
        assert collection[item]["path"] in names
    assert not any("Read-only file system" in row["note"] for row in collection.values())
    assert not any("denied" in row["note"] for row in collection.values())


def test_nothing_is_written_but_to_tmp(box: Path) -> None:
    """With a writable host the script still changes no file outside its folder."""
    box_out = box / "direct"
    marker = box / "marker"
    marker.touch()
    time.sleep(0.05)
    env = node_env(ITEM_MAX_S="5")
    subprocess.run(
        ["sh", str(COLLECTORS / "node/collect-node.sh"), "--out", str(box_out)],
        env=env,
        check=True,
        capture_output=True,
    )
    places = ["/etc", "/usr", "/var/lib", "/opt", "/run", "/root", "/boot"]
    roots = " ".join(shlex.quote(place) for place in places if Path(place).is_dir())
    find = f"find {roots} -xdev -newer {marker} -type f"
    changed = subprocess.run(
        ["sh", "-c", find], capture_output=True, text=True, check=False
    ).stdout.split()
    assert [path for path in changed if "demarc" in path or "collect" in path] == []
    assert shutil.which("sh")
