"""The bundle: bytes to files. Safe, streaming, in every shape that a user may hand in.

``open_bundle`` recognises the shape; ``Bundle.members`` or ``read_part`` yield the files with their
canonical paths; ``Bundle.finish`` tells what was there and what was not. Nothing is unpacked to
disk, no link is followed, and damage costs what it hit and no more.
"""

from __future__ import annotations

from analyzer.bundle.collection import CollectionRow
from analyzer.bundle.errors import BundleError
from analyzer.bundle.inventory import Inventory, collected_at
from analyzer.bundle.limits import Limits
from analyzer.bundle.manifest import Manifest
from analyzer.bundle.member import Member
from analyzer.bundle.parts import PartRef, read_part
from analyzer.bundle.presence import ItemState
from analyzer.bundle.reader import Bundle, Source, open_bundle
from analyzer.bundle.recorder import PartInventory, PartRecorder

__all__ = [
    "Bundle",
    "BundleError",
    "CollectionRow",
    "Inventory",
    "ItemState",
    "Limits",
    "Manifest",
    "Member",
    "PartInventory",
    "PartRecorder",
    "PartRef",
    "Source",
    "collected_at",
    "open_bundle",
    "read_part",
]
