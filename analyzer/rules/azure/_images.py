"""Is a node image AKS's own? Read from the image reference of a scale set or an instance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from analyzer.rules.azure._sets import inside

_GALLERY = re.compile(
    r"/(?:communitygalleries|sharedgalleries|galleries)/(?P<name>[^/]+)/", re.IGNORECASE
)
_SUBSCRIPTION = re.compile(r"^/subscriptions/(?P<id>[^/]+)/", re.IGNORECASE)
_ID_KEYS = ("id", "sharedGalleryImageId", "communityGalleryImageId")
#: Settings of a pool with which AKS itself builds or takes another image.
_OWN_IMAGE_SETTINGS = ("nodeCustomizationProfile", "preparedImageSpecificationProfile")


def image_of(row: Mapping[str, Any]) -> str:
    """The image reference of a scale set or an instance in one line; "" where it is not shown."""
    profile = row.get("virtualMachineProfile") or row
    reference = inside(profile, "storageProfile", "imageReference")
    if not isinstance(reference, dict):
        return ""
    for key in _ID_KEYS:
        if reference.get(key):
            return str(reference[key])
    parts = ("publisher", "offer", "sku", "version")
    return ":".join(str(reference[key]) for key in parts if reference.get(key))


def foreign_image(image: str, owner_id: str) -> bool:
    """True for an image that is not from a gallery of AKS.

    AKS's galleries are called ``AKS…`` in every cloud and lie in a subscription of Microsoft, never
    in that of the scale set (``owner_id`` is the scale set's own resource id). Old pools name AKS's
    marketplace publisher instead.
    """
    if not image or "<masked>" in image:
        return False
    gallery = _GALLERY.search(image)
    if gallery is None:
        return not image.lower().startswith("microsoft-aks:")
    if not gallery["name"].lower().startswith("aks"):
        return True
    theirs, ours = _SUBSCRIPTION.match(image), _SUBSCRIPTION.match(owner_id)
    return bool(theirs and ours and theirs["id"].lower() == ours["id"].lower())


def own_image_pools(pools: tuple[Mapping[str, Any], ...]) -> frozenset[str]:
    """Pools that were told through the AKS API to use an image of the customer's making."""
    return frozenset(
        str(pool.get("name") or "")
        for pool in pools
        if any(pool.get(k) for k in _OWN_IMAGE_SETTINGS)
    )
