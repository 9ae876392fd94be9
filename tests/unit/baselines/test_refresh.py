"""The tables rebuilt from checkouts of their sources: same bytes, changes told, mistakes named."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.baselines.data_files import read_data
from analyzer.baselines.refresh.__main__ import main
from analyzer.baselines.refresh.calendar_table import PAGE, rebuild_calendar
from analyzer.baselines.refresh.checkout import RefreshError, open_checkout
from analyzer.baselines.refresh.image_table import rebuild_images
from analyzer.baselines.refresh.release_notes import (
    NOTES,
    newest_first,
    release_row,
    security_patches,
    unknown_folders,
)

UBUNTU = """\
Starting build on  Thu Aug 27 00:42:13 UTC 2026
  - runc version 1.4.1
  - containerd version 2.3.3
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
"""


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
    return tmp_path


def test_rows() -> None:
    assert release_row("202608.27.0", UBUNTU) == (
        "202608.27.0 2026-08-27 2.3.4-ubuntu24.04u1 1.4.3-ubuntu24.04u2 6.8.0-1066-azure"
    )
    assert release_row("202608.06.1", AZURE_LINUX) == (
        "202608.06.1 2026-08-06 2.0.0-1001.azl3 1.3.6-1.azl3 6.6.119.3-1.azl3"
    )
    windows = "System Info\n\tOS Version     : 20348.5386\n"
    assert release_row("20348.5386.260715", windows, windows=True).endswith(" - - - 20348.5386")
    assert release_row("202608.27.0", "nothing") == "202608.27.0 - - - -"
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


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main([str(sources(tmp_path)), "--as-of", "2026-09-02", "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "+ AKSUbuntu-2404gen2containerd-202608.27.0" in shown
    assert "? release notes in AKSUbuntu/gen2/2804containerd" in shown
    assert read_data(out / "node_images.yaml", "x").as_of == "2026-09-02"
    assert main([str(tmp_path / "nowhere"), "--as-of", "2026-09-02", "--out", str(out)]) == 2
    assert "no such folder" in capsys.readouterr().err
