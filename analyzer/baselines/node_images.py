"""Node images: the label in its parts, the age, and what a release carries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

from analyzer.baselines.data_files import Data, DataFile, DataFileError
from analyzer.baselines.tables import folders_in_use, table

_FILE = "node_images.yaml"
#: A row: version, build date, containerd, runc, kernel, and perhaps a set of kubelets.
_ROW = re.compile(r"^[\d.]+ (?:-|\d{4}-\d{2}-\d{2})(?: \S+){3}(?: (?:-|k\d+))?$")
LABEL = "kubernetes.azure.com/node-image-version"
#: Forms of the label (Azure/AgentBaker pkg/agent/datamodel/sig_config.go; learn.microsoft.com
#: "Upgrade node images"): Linux ``<gallery>-<definition>-YYYYMM.DD.P`` or, until 2023, a plain
#: date; the SecurityPatch channel appends its own date. Windows carries OS build and YYMMDD.
_LINUX = re.compile(
    r"^(?P<sku>AKS[A-Za-z]+-[A-Za-z0-9]+)-(?P<version>\d{6}\.\d{1,2}(?:\.\d+)?|\d{4}\.\d{2}\.\d{2})"
    r"(?:-(?P<patch>\d{4}\.\d{2}\.\d{2}))?$"
)
_WINDOWS = re.compile(r"^(?P<sku>AKSWindows-[A-Za-z0-9-]+?)-(?P<version>\d{5}\.\d+\.\d{6})$")


@dataclass(frozen=True, slots=True)
class NodeImage:
    """A node image. ``built`` is None where the version tells no date.

    ``security_patch`` is the date of the SecurityPatch channel, when one was applied since.
    """

    label: str
    sku: str
    version: str
    built: date | None
    security_patch: date | None = None

    @property
    def family(self) -> str:
        """``ubuntu2204``, ``azurelinux``, ``windows`` …, as release notes group them."""
        gallery, _, definition = self.sku.partition("-")
        if gallery.startswith("AKSUbuntu"):
            return f"ubuntu{definition[:4]}"
        return {"AKSAzureLinux": "azurelinux", "AKSAzureLinuxEdgeZone": "azurelinux"}.get(
            gallery, gallery.removeprefix("AKS").lower()
        )


@dataclass(frozen=True, slots=True)
class ImageVersions:
    """What a release carries, as its notes print it; None where they do not."""

    containerd: str | None
    runc: str | None
    #: Kernel of a Linux image, build of a Windows image.
    kernel: str | None
    #: Kubelets that lie ready on the image (``1.33.5``, ``1.30.101-akslts``); not the one that a
    #: node runs. Empty where the notes do not print them.
    kubelets: tuple[str, ...] = ()


class _Group(Data):
    skus: tuple[str, ...]
    releases: str


def parse_node_image(label: str | None) -> NodeImage | None:
    """Read the label's value; None if it is empty or of no known form."""
    text = (label or "").strip()
    if match := _WINDOWS.match(text):
        version = match["version"]
        stamp = version.rsplit(".", 1)[-1]
        return NodeImage(
            text, match["sku"], version, _date(f"20{stamp[:2]}", stamp[2:4], stamp[4:])
        )
    if match := _LINUX.match(text):
        patch = match["patch"]
        return NodeImage(
            text, match["sku"], match["version"], _linux_date(match["version"]),
            _date(*patch.split(".")) if patch else None,
        )  # fmt: skip
    return None


def age_days(image: NodeImage, at: datetime) -> int | None:
    """Days from the build (or the later security patch) to ``at``, at least 0; None without a date.

    An image that is newer than the data is aged by its own date like any other.
    """
    dates = [day for day in (image.built, image.security_patch) if day is not None]
    if not dates:
        return None
    return max(0, (at.astimezone(UTC).date() - max(dates)).days)


def versions(image: NodeImage) -> ImageVersions | None:
    """What the release carries; None where the data does not have it (such as a newer one)."""
    row = _row(image)
    if row is None:
        return None
    parts = row.split(" ")
    containerd, runc, kernel = (None if part == "-" else part for part in parts[2:5])
    on_image = _node_image_file().content.get("kubelets", {}).get(parts[5] if parts[5:] else "-")
    kubelets = tuple(str(on_image).split(",")) if on_image else ()
    return ImageVersions(containerd, runc, kernel, kubelets)


def known(image: NodeImage) -> bool:
    """True if the data has this release."""
    return _row(image) is not None


def newest(sku: str, at: datetime | None = None) -> NodeImage | None:
    """The newest release of an image definition in the data, built not after ``at``, or None."""
    day = at.astimezone(UTC).date() if at else None
    for version in _releases().get(_data_sku(sku), {}):
        image = parse_node_image(f"{sku}-{version}")
        if image and image.built and (day is None or image.built <= day):
            return image
    return None


def newer_than_data(image: NodeImage) -> bool:
    """True for a release that is not in the data and was built after its newest one."""
    latest = newest(image.sku)
    if known(image) or image.built is None:
        return False
    as_of = date.fromisoformat(packaged_date())
    return image.built > (latest.built if latest and latest.built else as_of)


def patched_kernel(family: str, day: date) -> str | None:
    """The newest kernel that the SecurityPatch channel brought to a family up to a day."""
    for text in _node_image_file().content["security_patches"].splitlines():
        stamp, name, kernel = text.split(" ")
        if name == family and kernel != "-" and date.fromisoformat(stamp) <= day:
            return str(kernel)
    return None


def runtime_version(reported: str | None) -> tuple[str, str] | None:
    """Name and version of ``containerd://1.7.25-1`` without the package revision."""
    name, colon, version = (reported or "").partition("://")
    match = re.match(r"^v?(\d+\.\d+\.\d+)", version)
    return (name, match.group(1)) if colon and match else None


def packaged_date() -> str:
    """The date of the table of node images in use."""
    return _node_image_file().as_of


def _node_image_file() -> DataFile:
    return table(_FILE)


def _releases() -> dict[str, dict[str, str]]:
    """Per SKU: version → row, newest first."""
    return _releases_of(folders_in_use())


@lru_cache(maxsize=4)
def _releases_of(folders: tuple[Path, ...]) -> dict[str, dict[str, str]]:
    return releases_in(_node_image_file())


def releases_in(file: DataFile) -> dict[str, dict[str, str]]:
    """The rows of a table of node images, per definition and version.

    Raises:
        DataFileError: a row or a group is not valid; the message names file and line.
    """
    found: dict[str, dict[str, str]] = {}
    for index, group in enumerate(file.records("images", _Group)):
        rows: dict[str, str] = {}
        for offset, row in enumerate(group.releases.splitlines(), 1):
            if not _ROW.match(row):
                start = file.line_of("images", index, "releases")
                line = start + offset if start is not None else None
                raise DataFileError(file.name, line, f"{row!r:.60} has not the columns of a row")
            rows[row.partition(" ")[0]] = row
        found.update(dict.fromkeys(group.skus, rows))
    return found


def _data_sku(sku: str) -> str:
    """Edge zone galleries hold the same images."""
    return sku.replace("EdgeZone-", "-")


def _row(image: NodeImage) -> str | None:
    """The row of a release; the old form ``2023.01.10`` may stand there as ``202301.10``."""
    rows = _releases().get(_data_sku(image.sku), {})
    match = re.match(r"^(\d{4})\.(\d{2})\.(\d{2})$", image.version)
    other = f"{match[1]}{match[2]}.{match[3]}" if match else ""
    return rows.get(image.version) or rows.get(other)


def _linux_date(version: str) -> date | None:
    parts = version.split(".")
    if len(parts[0]) == 6:
        return _date(parts[0][:4], parts[0][4:], parts[1])
    return _date(*parts)


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
