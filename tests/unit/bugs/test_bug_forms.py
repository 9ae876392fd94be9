"""One bug, the several forms in which programs of different versions write it."""

from __future__ import annotations

import pytest

from analyzer.bugs import load_bugs
from analyzer.facts.logkinds import LogKind
from analyzer.facts.scan import TextItem, match_texts
from analyzer.model.evidence import EvidenceRef

BUGS = load_bugs()
UID = "0a1b2c3d-4e5f-4678-8abc-d0e1f2a3b4c5"
KLOG = "E0302 08:10:00.000100    2311 kubelet_volumes.go:245] "
ROLLED_UP = KLOG + '"There were many similar errors. Turn up verbosity to see them." err='
FIRST_SCHEMA = 'Failed to pull image "acme.azurecr.io/old:1": failed to get converter for '

FORMS = [
    # The kubelet up to 1.21, up to 1.25, and since.
    ("kubelet-orphaned-pod-volumes", LogKind.KUBELET,
     KLOG + f'Orphaned pod "{UID}" found, but volume subpaths are still present on disk : There'),
    ("kubelet-orphaned-pod-volumes", LogKind.KUBELET,
     ROLLED_UP + f'"orphaned pod \\"{UID}\\" found, but error not a directory occurred when '
     'trying to remove the volumes dir" numErrs=2'),
    ("kubelet-orphaned-pod-volumes", LogKind.KUBELET,
     ROLLED_UP + f'"orphaned pod \\"{UID}\\" found, but failed to rmdir() volume at path '
     '/var/lib/kubelet/pods/x/volumes/y: directory not empty" numErrs=1'),
    # containerd 2.0 (switched off) and 2.1 (gone).
    ("containerd-2-schema1-images", LogKind.EVENT,
     FIRST_SCHEMA + '"acme.azurecr.io/old:1": Pulling Schema 1 images have been deprecated and '
     "disabled by default since containerd v2.0."),
    ("containerd-2-schema1-images", LogKind.EVENT,
     'Failed to pull image "acme.azurecr.io/old:1": not implemented: media type '
     '"application/vnd.docker.distribution.manifest.v1+prettyjws" is no longer supported'),
    # The disk driver before 2020, and since.
    ("azuredisk-finddiskbylun-timeout", LogKind.EVENT,
     "MountVolume.WaitForAttach failed for volume: azureDisk - findDiskByLun(2) failed within "
     "timeout"),
    ("azuredisk-finddiskbylun-timeout", LogKind.EVENT,
     "MountVolume.MountDevice failed for volume: azureDisk - findDiskByLun(2) failed with "
     "error(failed to find disk by lun 2)"),
    # Node certificates without addresses: Go up to 1.19, and since.
    ("metrics-server-x509-ip-sans", LogKind.METRICS_SERVER,
     'E0302 08:10:00.000100       1 scraper.go:140] "Failed to scrape node" err="Get '
     '\\"https://10.0.0.4:10250/metrics/resource\\": x509: cannot validate certificate for '
     "10.0.0.4 because it doesn't contain any IP SANs\" node=\"aks-np-0\""),
    ("metrics-server-x509-ip-sans", LogKind.METRICS_SERVER,
     'E0302 08:10:00.000100       1 scraper.go:149] "Failed to scrape node" err="Get '
     '\\"https://10.0.0.4:10250/metrics/resource\\": tls: failed to verify certificate: x509: '
     "cannot validate certificate for 10.0.0.4 because it doesn't contain any IP SANs\""),
    # CoreDNS that ends, and CoreDNS that catches it.
    (
        "coredns-overload-oom",
        LogKind.COREDNS,
        "panic: too many concurrent operations on a single file or socket (max 1048575)",
    ),
    (
        "coredns-overload-oom",
        LogKind.COREDNS,
        '[ERROR] Recovered from panic in server: "dns://:53" too many concurrent operations on a '
        "single file or socket (max 1048575)",
    ),
    # Addresses: pools of nodes, and the two words of one plugin.
    ("azure-cni-failed-to-allocate-pool", LogKind.EVENT,
     "networkPlugin cni failed to set up pod: Failed to allocate pool: Failed to delegate: Failed "
     "to allocate pool: No available address pools"),
    ("win-kubeproxy-lb-exists-139519", LogKind.KUBE_PROXY,
     '"Policy creation failed" err="hcnCreateLoadBalancer failed in Win32: The specified port '
     'already exists. (0x803b0013)"'),
]  # fmt: skip


@pytest.mark.parametrize(("bug", "kind", "line"), FORMS)
def test_each_form_of_a_bug_is_seen(bug: str, kind: LogKind, line: str) -> None:
    found = match_texts(BUGS.patterns(), [TextItem(line, kind, EvidenceRef(path="x"))])
    assert bug in {match.pattern.partition("/")[0] for match in found}


QUIET = [
    (LogKind.CSI, "W0302 08:10:00.000100 1 azure_common_linux.go:110] failed to find disk by lun "
     "3, err <nil>, fall back to search in /dev/disk/azure"),
    (LogKind.KUBELET, '"Orphaned pod found, but volumes are not cleaned up" podUID="' + UID + '"'),
    (LogKind.SYSLOG, "aks-np-0 systemd[1]: localdns.service: Scheduled restart job, restart "
     "counter is at 1."),
    (LogKind.NPM, "I0302 08:10:00.000100 1 chain-management_linux.go:255] second attempt "
     "detecting iptables version. looking for hint/canary chain in iptables-legacy"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "line"), QUIET)
def test_what_healthy_programs_write_is_no_bug(kind: LogKind, line: str) -> None:
    assert not match_texts(BUGS.patterns(), [TextItem(line, kind, EvidenceRef(path="x"))])
