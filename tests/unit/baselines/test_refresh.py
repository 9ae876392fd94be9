"""The tables rebuilt from checkouts of their sources: same bytes, changes told, mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.baselines.data_files import packaged, read_data
from analyzer.baselines.refresh import egress_table, hand_kept, node_defaults, version_table
from analyzer.baselines.refresh.__main__ import main
from analyzer.baselines.refresh.calendar_table import PAGE, rebuild_calendar
from analyzer.baselines.refresh.change_log import patch_releases, updates
from analyzer.baselines.refresh.checkout import RefreshError, open_checkout
from analyzer.baselines.refresh.egress_table import rebuild_egress
from analyzer.baselines.refresh.image_table import rebuild_images
from analyzer.baselines.refresh.release_notes import (
    NOTES,
    newest_first,
    release_row,
    security_patches,
    unknown_folders,
)
from analyzer.baselines.refresh.version_table import rebuild_versions

UBUNTU = """\
Starting build on  Thu Aug 27 00:42:13 UTC 2026
  - runc version 1.4.1
  - containerd version 2.3.3
  - cached kubelet binary at /opt/bin/kubelet-1.36.3
  - kubelet version 1.36.3-ubuntu24.04u1
  - kubernetes-binaries version v1.33.13
  - kubernetes-binaries version v1.30.101-akslts
-rwxr-xr-x 1 root root 1 Aug 25 2025 /usr/local/bin/kubelet-1.33.13
moby-containerd/testing,now 2.3.4-ubuntu24.04u1 amd64 [installed]
moby-runc/testing,now 1.4.3-ubuntu24.04u2 amd64 [installed,upgradable to: 1.5]
Using kernel:
Linux version 6.8.0-1066-azure (buildd@x) (gcc)
"""
AZURE_LINUX = """\
Starting build on Thu Aug 6 00:43:29 UTC 2026
kernel-ipe-6.6.119.3-1.azl3.x86_64
containerd2-2.0.0-1001.azl3.x86_64
runc-1.3.6-1.azl3.x86_64
"""
OLD = """\
# Node images.
schema: 1
as_of: "2026-08-21"
commits: {agentbaker: aaaa}
security_patches: |
  2026-08-14 ubuntu2404 6.8.0-1064-azure
# Where the notes are.
folders:
  AKSUbuntu-2404gen2containerd: AKSUbuntu/gen2/2404containerd
images:
- skus: [AKSUbuntu-2404gen2containerd]
  releases: |
    202608.20.0 2026-08-20 2.3.3-ubuntu24.04u2 1.4.3-ubuntu24.04u2 6.8.0-1065-azure
    202301.10 2023-01-10 1.6.0 1.1.0 5.15.0-1
- skus: [AKSUbuntu-1804containerd]
  releases: |
    202405.20.0 - 1.7.1 1.1.12 5.4.0-1130-azure
"""
CALENDAR = """\
# Calendar.
schema: 1
as_of: "2026-08-21"
source: "docs:x.md"
grace_days: 30
minors:
- {minor: "1.29", preview: "2024-02", ga: "2024-03", end: "2025-03", lts_end: "2026-04"}
- {minor: "1.30", preview: "2024-06", ga: "2024-07", end: "2025-07", lts_end: "2026-07"}
"""
TABLES = """\
| K8s version | Upstream release | AKS preview | AKS GA | End of life | Platform support |
|--|--|--|--|--|--|
| 1.30 | Apr 2024 | Jun 2024 | Jul 2024 | Aug 22, 2025 | Until 1.34 GA |

| K8s version | Upstream release | AKS preview | AKS GA | End of life | LTS End of life |
|--|--|--|--|--|--|
| 1.30 | Apr 2024 | Jun 2024 | Jul 2024 | Aug 22, 2025 | Jul 2026 |
| **1.38** | Dec 2026 | Jan 2027 | Feb 2027 | Feb 2028 | Feb 2029 |
| 1.39 | Apr 2027 | May 2027 | Jun 2027 | Jun 2028 | Jun 2029 |

### Kubernetes 1.39

| **AKS managed add-ons (add-on)** | **AKS components (ccp)** | **OS** | **Breaking changes** |
|--|--|--|--|
| - coredns v1.20.0-3 <br> - cilium-agent v1.25.0-270701 <br> - new-thing v9.9.9 \
| - cluster-autoscaler v1.39.0-aks <br> - etcd | - containerd 9.1.2 | - coredns v1.19.1 -> v1.20.0 |
"""
LOG = """\
# Changelog

## Release Notes - 2026-09-01

* Kubernetes patch versions 1.36.4 and [1.35.9](https://x/CHANGELOG-1.35.md) are now available. They
* Kubernetes version 1.33.1 is deprecated.

#### Component updates

* CoreDNS images have been updated (see [upstream](https://github.com/coredns/coredns/releases)):
  * `v1.14.3-11` to `v1.14.4-1`
  * `v1.13.1-20` to `v1.13.1-21`
* Azure File CSI driver has been updated to [v1.35.7](https://x/v1.35.7) (AKS 1.35), \
[v1.36.0](https://x) (AKS 1.36).
* Azure Disk CSI driver has been upgraded to v1.33.9 and v1.34.9 on AKS 1.34 and 1.35 respectively.
* Cilium, Hubble, and ACNS security agent images have been updated:
  * Kubernetes 1.34 images to [`v1.18.12-260801`](https://x), which fixes CVE-2026-12345.
* Metrics server has been updated to v0.9.0 on AKS >= 1.34.0 and to v0.8.1 on AKS < 1.34.
* [Azure Policy add-on](https://x) has been updated to `1.17.0`. Gatekeeper has been updated to [3.23.0-1](https://x).
* Cluster Autoscaler is built with go version 1.26.1.
* App Routing updated to version 0.3.0 with ingress-nginx bumped to v1.15.0.
* An image of nobody's has been updated to v7.7.7.

#### Bug fixes

* CoreDNS v1.99.0 was never shipped.

## Release 2023-01-08

* Component Updates
  * CoreDNS has been updated to v1.9.3 on AKS 1.25.
"""
MESH = """\
| Service mesh revision | Upstream release | AKS release | End of life | Versions | LTS |
|--|--|--|--|--|--|
| asm-1-31 | Aug 2026 | Sept 2026 | ~Mar 2027 (expected) | 1.33, 1.34, 1.35 | 1.32, 1.33 |
| asm-1-17 | Feb 2023 | Apr 2023 | Jan 2024 | 1.23, 1.24 | |
"""
NODES = """\
| Setting | Allowed values/interval | Ubuntu 24.04 default | Azure Linux 3.0 default | Description |
|--|--|--|--|--|
| `vm.swappiness` | 0 - 200 | 60 | 60 | How willingly pages are swapped. |
| `vm.vfs_cache_pressure` | 1 - 100 | 100 | 100 | The cache. |
| `net.ipv4.ip_local_port_range` | First: 1024 | First: 1 | First: 1 | Ports. |
| `vm.new_setting` | 1 - 9 | 3 | 4 | Something new. |
"""
CACHED = """\
{"ContainerImages": [
  {"downloadURL": "mcr.microsoft.com/oss/v2/kubernetes/coredns:*"},
  {"downloadURL": "mcr.microsoft.com/windows/servercore:*"},
  {"downloadURL": "mcr.microsoft.com/aks/something-new:*"}
]}
"""
#: Headings of the page on outbound rules, by feature and (where one heading is of one) cloud.
HEADINGS = {
    ("base", "public"): "### Azure Global required FQDN / application rules",
    ("base", "china"): "### Microsoft Azure operated by 21Vianet required FQDN / application rules",
    ("base", "usgov"): "### Azure US Government required FQDN / application rules",
    ("optional", "public"): "## Optional recommended FQDN / application rules for AKS clusters",
    ("gpu", "public"): "## GPU enabled AKS clusters required FQDN / application rules",
    ("windows", "public"): "## Windows Server based node pools required FQDN rules",
}
TITLES = {
    "workload-identity": "Workload identity",
    "defender": "Microsoft Defender for Containers",
    "key-vault-csi": "Azure Key Vault provider for Secrets Store CSI Driver",
    "azure-monitor": "Azure Monitor - Managed Prometheus and more",
    "azure-policy": "Azure Policy",
    "cost-analysis": "AKS cost analysis add-on",
    "cluster-extensions": "Cluster extensions",
}
CLOUDS = {
    "public": "",
    "china": "Microsoft Azure operated by 21Vianet ",
    "usgov": "Azure US Government ",
}


def egress_page() -> str:
    """The packaged names as the documentation prints them: a table per feature and cloud."""
    rows: dict[tuple[str, str], list[str]] = {}
    for row in packaged("egress.yaml").content["endpoints"]:
        if row["kind"] == "fqdn":
            host = row["host"].replace("<location>", "<region>")
            port = f"HTTP:{row['port']}" if row["port"] == 80 else f"HTTPS:{row['port']}"
            rows.setdefault((row["feature"], row["cloud"]), []).append(
                f"| **`{host}`** | **`{port}`** | See [other.example](https://not.read.example/x) |"
            )
    lines = [
        "# Outbound rules",
        "### Azure Global required network rules",
        "| **`*:1194`** | UDP |",
    ]
    title = ""
    for (feature, cloud), table in rows.items():
        if (heading := HEADINGS.get((feature, cloud))) is None:
            if title != TITLES[feature]:
                title = TITLES[feature]
                lines.append(f"### {title}")
            heading = f"#### {CLOUDS[cloud]}required FQDN / application rules"
        lines.extend([heading, "| Destination FQDN | Port | Use |", "|--|--|--|", *table, "Prose."])
    return "\n".join(lines) + "\n"


def sources(tmp_path: Path) -> Path:
    notes = tmp_path / "AgentBaker" / NOTES
    for folder, name, text in (
        ("AKSUbuntu/gen2/2404containerd", "202608.27.0", UBUNTU),
        ("AKSUbuntu/gen2/2404containerd", "2023.01.10", UBUNTU),
        ("AKSUbuntu/gen2/2404containerd", "latest", UBUNTU),
        ("AKSUbuntu/gen2/2804containerd", "202608.27.0", UBUNTU),
    ):
        path = notes / folder / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    patch = notes / "security-patch/20260901T000000Z/release_notes_delta_20260901T000000Z.txt"
    patch.parent.mkdir(parents=True)
    patch.write_text(
        "Install: linux-image-5.15.0-1120-azure:amd64 (5)\nRemove: linux-image-9.0.0-1-azure (1)\n",
        encoding="utf-8",
    )
    git = tmp_path / "AgentBaker" / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (git / "packed-refs").write_text("bbbb refs/heads/main\n", encoding="utf-8")
    page = tmp_path / "azure-aks-docs" / PAGE
    page.parent.mkdir(parents=True)
    page.write_text(TABLES, encoding="utf-8")
    for name, text in (
        (f"azure-aks-docs/{egress_table.PAGE}", egress_page()),
        (f"azure-aks-docs/{version_table.ISTIO_PAGE}", MESH),
        (f"azure-aks-docs/{node_defaults.PAGE}", NODES),
        (f"AgentBaker/{hand_kept.CACHED}", CACHED),
        ("AKS/CHANGELOG.md", LOG),
    ):
        other = tmp_path / name
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text(text, encoding="utf-8")
    return tmp_path


def test_rows() -> None:
    assert release_row("202608.27.0", UBUNTU) == (
        "202608.27.0 2026-08-27 2.3.4-ubuntu24.04u1 1.4.3-ubuntu24.04u2 6.8.0-1066-azure "
        "1.30.101-akslts,1.33.13,1.36.3"
    )
    assert release_row("202608.06.1", AZURE_LINUX) == (
        "202608.06.1 2026-08-06 2.0.0-1001.azl3 1.3.6-1.azl3 6.6.119.3-1.azl3 -"
    )
    windows = "System Info\n\tOS Version     : 20348.5386\n"
    assert release_row("20348.5386.260715", windows, windows=True).endswith(" - - - 20348.5386 -")
    assert release_row("202608.27.0", "nothing") == "202608.27.0 - - - - -"
    assert newest_first(["2023.01.25", "202301.30", "202602.13.5", "202602.19.0"]) == [
        "202602.19.0",
        "202602.13.5",
        "202301.30",
        "2023.01.25",
    ]


def test_images_are_rebuilt_with_what_changed(tmp_path: Path) -> None:
    checkout = open_checkout(sources(tmp_path) / "AgentBaker")
    assert checkout.commit == "bbbb"
    old = tmp_path / "node_images.yaml"
    old.write_text(OLD, encoding="utf-8")
    rebuilt = rebuild_images(checkout, read_data(old, "node_images.yaml"), "2026-09-02")
    assert rebuilt.changes == (
        "+ AKSUbuntu-2404gen2containerd-202608.27.0",
        "+ AKSUbuntu-2404gen2containerd-2023.01.10",
    )
    assert 'as_of: "2026-09-02"' in rebuilt.text
    assert "commits: {agentbaker: bbbb}" in rebuilt.text
    assert "  k1: 1.30.101-akslts,1.33.13,1.36.3\nimages:" in rebuilt.text
    assert "6.8.0-1066-azure k1\n" in rebuilt.text
    assert "  2026-09-01 ubuntu2204 5.15.0-1120-azure" in rebuilt.text
    assert "202608.20.0 2026-08-20" in rebuilt.text
    assert "202405.20.0" in rebuilt.text
    assert "    202301.10 " not in rebuilt.text
    old.write_text(rebuilt.text, encoding="utf-8")
    again = rebuild_images(checkout, read_data(old, "node_images.yaml"), "2026-09-02")
    assert again.text == rebuilt.text
    assert again.changes == ()
    folders = {"AKSUbuntu-2404gen2containerd": "AKSUbuntu/gen2/2404containerd"}
    assert unknown_folders(checkout, folders) == ("AKSUbuntu/gen2/2804containerd",)
    assert security_patches(checkout) == ("2026-09-01 ubuntu2204 5.15.0-1120-azure",)


def test_the_calendar_is_rebuilt_with_what_changed(tmp_path: Path) -> None:
    checkout = open_checkout(sources(tmp_path) / "azure-aks-docs")
    old = tmp_path / "calendar.yaml"
    old.write_text(CALENDAR, encoding="utf-8")
    rebuilt = rebuild_calendar(checkout, read_data(old, "calendar.yaml"), "2026-09-02")
    assert len(rebuilt.changes) == 2
    assert 'end: "2025-08-22", lts_end: "2026-07"' in rebuilt.text
    assert '- {minor: "1.39", preview: "2027-05"' in rebuilt.text
    assert '- {minor: "1.29"' in rebuilt.text
    old.write_text(rebuilt.text, encoding="utf-8")
    assert rebuild_calendar(checkout, read_data(old, "c"), "2026-09-02").changes == ()
    (checkout.root / PAGE).write_text("no table", encoding="utf-8")
    with pytest.raises(RefreshError, match="no table"):
        rebuild_calendar(checkout, read_data(old, "c"), "2026-09-02")


NAMES = {str(k): tuple(v) for k, v in packaged("component_versions.yaml").content["names"].items()}
MAJORS = packaged("component_versions.yaml").content["majors"]


def test_the_change_log_gives_versions_with_their_minors() -> None:
    found = [update.row() for update in updates(LOG, NAMES, MAJORS)]
    assert found == [
        "2026-09-01 app-routing-nginx 1.15.0 -",
        "2026-09-01 app-routing-operator 0.3.0 -",
        "2026-09-01 azure-policy 1.17.0 -",
        "2026-09-01 cilium 1.18.12-260801 1.34",
        "2026-09-01 coredns 1.13.1-21 -",
        "2026-09-01 coredns 1.14.4-1 -",
        "2026-09-01 csi-azuredisk-node 1.33.9 1.34",
        "2026-09-01 csi-azuredisk-node 1.34.9 1.35",
        "2026-09-01 csi-azurefile-node 1.35.7 1.35",
        "2026-09-01 csi-azurefile-node 1.36.0 1.36",
        "2026-09-01 gatekeeper-controller 3.23.0-1 -",
        "2026-09-01 metrics-server 0.8.1 <1.34",
        "2026-09-01 metrics-server 0.9.0 >=1.34",
        "2023-01-08 coredns 1.9.3 1.25",
    ]
    assert patch_releases(LOG) == {"2026-09-01": ("1.35.9", "1.36.4")}


def test_versions_are_rebuilt_with_what_changed(tmp_path: Path) -> None:
    root = sources(tmp_path)
    log, docs = open_checkout(root / "AKS"), open_checkout(root / "azure-aks-docs")
    rebuilt = rebuild_versions(log, docs, packaged("component_versions.yaml"), "2026-09-02")
    assert "+ updates: 2026-09-01 coredns 1.14.4-1 -" in rebuilt.changes
    assert "+ tables: 1.39 cilium 1.25.0-270701" in rebuilt.changes
    assert "+ istio: asm-1-31 2026-09 ~2027-03 1.33,1.34,1.35 1.32,1.33" in rebuilt.changes
    assert any(change.startswith("- updates: 2026-07-17 coredns") for change in rebuilt.changes)
    assert "2023-01-08" not in rebuilt.text and "new-thing" not in rebuilt.text
    path = tmp_path / "component_versions.yaml"
    path.write_text(rebuilt.text, encoding="utf-8")
    again = rebuild_versions(log, docs, read_data(path, path.name), "2026-09-02")
    assert (again.text, again.changes) == (rebuilt.text, ())
    (log.root / "CHANGELOG.md").write_text("# nothing", encoding="utf-8")
    with pytest.raises(RefreshError, match="no releases were found"):
        rebuild_versions(log, docs, read_data(path, path.name), "2026-09-02")


def test_endpoints_are_rebuilt_with_what_changed(tmp_path: Path) -> None:
    docs = open_checkout(sources(tmp_path) / "azure-aks-docs")
    page = docs.root / egress_table.PAGE
    old = packaged("egress.yaml")
    assert rebuild_egress(docs, old, "2026-08-21").changes == ()
    text = page.read_text(encoding="utf-8")
    changed = text.replace("packages.aks.azure.com", "packages2.aks.azure.com", 1)
    page.write_text(changed, encoding="utf-8")
    rebuilt = rebuild_egress(docs, old, "2026-09-02")
    assert rebuilt.changes == (
        "- base (public): packages.aks.azure.com:443",
        "+ base (public): packages2.aks.azure.com:443",
    )
    path = tmp_path / "egress.yaml"
    path.write_text(rebuilt.text, encoding="utf-8")
    new = read_data(path, path.name)
    assert new.as_of == "2026-09-02"
    count = len(old.content["endpoints"])
    assert len(new.content["endpoints"]) == count
    kept = [row for row in old.content["endpoints"] if row.get("optional")]
    assert [row for row in new.content["endpoints"] if row.get("optional")] == kept
    page.write_text(changed[: len(changed) // 4], encoding="utf-8")
    with pytest.raises(RefreshError, match="only"):
        rebuild_egress(docs, old, "2026-09-02")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, root = tmp_path / "out", sources(tmp_path)
    assert main([str(root), "--as-of", "2026-09-02", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "+ AKSUbuntu-2404gen2containerd-202608.27.0" in shown
    assert "? release notes in AKSUbuntu/gen2/2804containerd" in shown
    assert "read AgentBaker at bbbb" in shown
    assert "? csi-azurefile-node on 1.36: release 2026-09-01 prints 1.36.0, known lines" in shown
    assert "? node_config.yaml: vm.swappiness: the docs print high 200\n" in shown
    new = "vm.new_setting is in the docs and not there: low 1, high 9, ubuntu2404 3, azurelinux 4"
    assert f"? node_config.yaml: {new}\n" in shown
    assert shown.count("? node_config.yaml") == 2
    assert "? mcr.microsoft.com/aks/something-new lies ready on nodes" in shown
    assert shown.count("lies ready on nodes") == 1
    names = sorted(path.name for path in out.iterdir())
    assert names == ["calendar.yaml", "component_versions.yaml", "egress.yaml", "node_images.yaml"]
    assert {read_data(out / name, name).as_of for name in names} == {"2026-09-02"}
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert main([str(root), "--as-of", "2026-09-02", "--out", str(out)]) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


@pytest.mark.parametrize(
    ("missing", "as_of", "message"),
    [
        ("AKS", "2026-09-02", "no such folder"),
        ("", "yesterday", "is not a date"),
        ("azure-aks-docs/articles/aks/istio-support-policy.md", "2026-09-02", "cannot be read"),
    ],
)
def test_a_source_that_is_not_understood_changes_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str, as_of: str, message: str
) -> None:
    root, out = sources(tmp_path), tmp_path / "out"
    if missing:
        (root / missing).rename(tmp_path / "away")
    assert main([str(root), "--as-of", as_of, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()
