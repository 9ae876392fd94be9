"""Node image release notes of Azure/AgentBaker, read into rows of ``data/node_images.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from analyzer.baselines.refresh.checkout import Checkout

NOTES = "vhdbuilder/release-notes"
_RELEASE = re.compile(r"^(?:\d{6}\.\d{2}(?:\.\d+)?|\d{4}\.\d{2}\.\d{2}|\d{5}\.\d+\.\d{6})$")
_BUILT = re.compile(r"^Starting build on\s+\w{3} (\w{3})\s+(\d+) [\d:]+ \w+ (\d{4})", re.MULTILINE)
#: The installed package says more than the list of downloads above it: Debian, then RPM, then list.
_PARTS = {
    "containerd": (
        r"^moby-containerd/\S+ (\S+) \S+ \[installed",
        r"^(?:moby-)?containerd2?-(\d\S*?)\.(?:x86_64|aarch64)",
        r"^ *- containerd (?:version |v)(\S+)",
    ),
    "runc": (
        r"^moby-runc/\S+ (\S+) \S+ \[installed",
        r"^(?:moby-)?runc-(\d\S*?)\.(?:x86_64|aarch64)",
        r"^ *- runc (?:version |v)(\S+)",
    ),
    "kernel": (
        r"^Linux version (\S+)",
        r"^kernel(?:-[a-z]+)*-(\d\S*?)\.(?:x86_64|aarch64)",
    ),
}
#: Kubelets that are on the image: printed in one of three ways over the years.
_KUBELET = re.compile(
    r"(?:kubernetes-binaries version v?|/bin/kubelet-v?)(\d+\.\d+\.\d+(?:-akslts)?)(?![\w.])"
)
_WINDOWS_BUILD = re.compile(r"^\s*OS Version\s*:\s*(\S+)", re.MULTILINE)
_UBUNTU_KERNEL = re.compile(r"\blinux-image-(\d\S*?-azure)\b")
_RPM_KERNEL = re.compile(r"^\s*(?:kernel\b\D*?)(\d+\.\d+\S*azl3)", re.MULTILINE)


def release_row(version: str, text: str, *, windows: bool = False) -> str:
    """One row: version, build date, containerd, runc, kernel, kubelets on the image.

    ``-`` stands where the notes do not say; kubelets are joined by commas.
    """
    if windows:
        match = _WINDOWS_BUILD.search(text)
        return " ".join((version, "-", "-", "-", match[1] if match else "-", "-"))
    parts = [_first(patterns, text) for patterns in _PARTS.values()]
    kubelets = sorted(set(_KUBELET.findall(text)), key=_numbers)
    return " ".join((version, _built(text), *parts, ",".join(kubelets) or "-"))


def releases(checkout: Checkout, folders: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Rows of all notes per image definition and version; ``latest`` copies are left out."""
    found: dict[str, dict[str, str]] = {}
    for sku, folder in sorted(folders.items()):
        rows = {}
        for path in sorted((checkout.root / NOTES / folder).glob("*.txt")):
            if _RELEASE.match(path.stem):
                text = checkout.text(path.relative_to(checkout.root).as_posix())
                windows = sku.startswith("AKSWindows")
                rows[path.stem] = release_row(path.stem, text, windows=windows)
        found[sku] = rows
    return found


def unknown_folders(checkout: Checkout, folders: Mapping[str, str]) -> tuple[str, ...]:
    """Folders with release notes that no image definition of the data points to."""
    known = set(folders.values())
    root = checkout.root / NOTES
    seen = {
        path.parent.relative_to(root).as_posix()
        for path in root.rglob("*.txt")
        if _RELEASE.match(path.stem)
    }
    return tuple(sorted(seen - known))


def security_patches(checkout: Checkout) -> tuple[str, ...]:
    """Rows of the SecurityPatch channel, newest first: date, family, kernel or ``-``."""
    rows = set()
    root = checkout.root / NOTES / "security-patch"
    for path in root.rglob("release_notes_delta_*.txt"):
        stamp = path.relative_to(root).parts[0]
        day = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}"
        text = checkout.text(path.relative_to(checkout.root).as_posix())
        rows.add(f"{day} {_family(path, root)} {_patched_kernel(text)}")
    return tuple(sorted(rows, key=_patch_order))


def _patch_order(row: str) -> tuple[int, str]:
    day, family, _ = row.split(" ")
    return -int(day.replace("-", "")), family


def _family(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts
    return parts[1] if len(parts) > 2 else "ubuntu2204"


def _patched_kernel(text: str) -> str:
    lines = [line for line in text.splitlines() if not line.startswith("Remove")]
    body = "\n".join(lines)
    found = [*_UBUNTU_KERNEL.findall(body), *_RPM_KERNEL.findall(body)]
    return max(found, key=_numbers) if found else "-"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def _built(text: str) -> str:
    match = _BUILT.search(text)
    if not match:
        return "-"
    return datetime.strptime(" ".join(match.groups()), "%b %d %Y").date().isoformat()


def _first(patterns: tuple[str, ...], text: str) -> str:
    for pattern in patterns:
        match = re.search(pattern, text, re.MULTILINE)
        if match:
            return match[1]
    return "-"


def newest_first(versions: Iterator[str] | list[str]) -> list[str]:
    """Release versions, the newest first; ``2023.01.10`` counts as ``202301.10``."""
    return sorted(versions, key=_order, reverse=True)


def _order(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    if len(parts[0]) == 5:
        return int(parts[2]), int(parts[1])
    if len(parts[0]) == 4:
        return int("".join(parts)), 0
    patch = int(parts[2]) if len(parts) > 2 else 0
    return int(parts[0] + parts[1].zfill(2)), patch
