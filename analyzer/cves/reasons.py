"""Why a row goes to support or not, whose it is, and what to do: one table with clauses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from analyzer.model.owner import Owner

#: A fix must be older than this at the collection (clause UNS-08).
FIX_DAYS = 30


class Reason(StrEnum):
    """What decided about a row."""

    ACCEPTED = "accepted"
    OWN_IMAGE = "own-image"
    UPGRADE_FIRST = "upgrade-first"
    NO_FIX = "no-fix"
    FIX_TOO_FRESH = "fix-too-fresh"
    FIX_DATE_MISSING = "fix-date-missing"
    NOT_RUNNING = "not-running"
    IN_A_CONTAINER = "in-a-container"
    NODE_IMAGE_UNKNOWN = "node-image-unknown"
    NOT_IN_BUNDLE = "not-in-bundle"
    NOT_PLACED = "not-placed"


@dataclass(frozen=True, slots=True)
class Explained:
    """A reason for people: heading, whose the row is, the clause, and the next step."""

    title: str
    owner: Owner
    clause: str
    act: str


EXPLAINED = {
    Reason.ACCEPTED: Explained(
        "Managed by Microsoft, on a current node image, fix out for over 30 days",
        Owner.MICROSOFT,
        "UNS-13",
        "Attach this list to the support request.",
    ),
    Reason.OWN_IMAGE: Explained(
        "The image is your own or somebody else's, not a part of AKS",
        Owner.CUSTOMER,
        "UNS-09",
        "Build the image again with the fix, or ask whoever publishes it.",
    ),
    Reason.UPGRADE_FIRST: Explained(
        "A newer node image is out: upgrade first",
        Owner.CUSTOMER,
        "UNS-12",
        "Upgrade the node image (az aks nodepool upgrade --node-image-only), then scan again.",
    ),
    Reason.NO_FIX: Explained(
        "The vendor has no fix yet",
        Owner.UPSTREAM,
        "UNS-13",
        "Wait for the vendor's fix; the 30 days begin with it.",
    ),
    Reason.FIX_TOO_FRESH: Explained(
        "The fix is not older than 30 days",
        Owner.CUSTOMER,
        "UNS-08",
        "Wait until the day named, upgrade the node image, and scan again.",
    ),
    Reason.FIX_DATE_MISSING: Explained(
        "The report does not tell since when there is a fix",
        Owner.CUSTOMER,
        "UNS-12",
        "Add the vendor's dates (--fix-dates FILE), or scan with Grype, which tells them.",
    ),
    Reason.NOT_RUNNING: Explained(
        "No pod of the bundle runs this image",
        Owner.CUSTOMER,
        "UNS-12",
        "Scan the images that run; this one is not in use.",
    ),
    Reason.IN_A_CONTAINER: Explained(
        "It lies in the layers of a container image, not in the node image",
        Owner.UNDETERMINED,
        "UNS-09",
        "Scan that container image itself, so that its owner can be told.",
    ),
    Reason.NODE_IMAGE_UNKNOWN: Explained(
        "Whether the node image is the newest cannot be told from this bundle",
        Owner.UNDETERMINED,
        "UNS-12",
        "Run az aks nodepool get-upgrades -g <resource group> --cluster-name <cluster> "
        "--nodepool-name <pool>; use newer data (--data) or a newer bundle.",
    ),
    Reason.NOT_IN_BUNDLE: Explained(
        "The bundle does not show what runs, so the owner cannot be told",
        Owner.UNDETERMINED,
        "UNS-09",
        "Collect a bundle with all pods and nodes (demarc collect).",
    ),
    Reason.NOT_PLACED: Explained(
        "The report does not name an image or node of this cluster",
        Owner.UNDETERMINED,
        "UNS-09",
        "Scan images by their full name; say with --node on which node a file system was scanned.",
    ),
}
