"""Layouts of bundles: ours, and those of other tools. One file for each; the order decides."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.bundle.layouts.base import Layout, Mapping, Place
from analyzer.bundle.layouts.cilium_sysdump import CiliumSysdumpLayout
from analyzer.bundle.layouts.cluster_info_dump import ClusterInfoDumpLayout
from analyzer.bundle.layouts.demarc import DemarcLayout, OnePartLayout
from analyzer.bundle.layouts.kubectl_folder import KubectlFolderLayout
from analyzer.bundle.layouts.must_gather import MustGatherLayout
from analyzer.bundle.layouts.node_folder import NodeFolderLayout
from analyzer.bundle.layouts.node_tools import AksNodeLogsLayout, SosLayout
from analyzer.bundle.layouts.periscope import PeriscopeLayout
from analyzer.bundle.layouts.plugged import with_plugged
from analyzer.bundle.layouts.sonobuoy import SonobuoyLayout
from analyzer.bundle.layouts.troubleshoot import TroubleshootLayout

__all__ = ["LAYOUTS", "Layout", "Mapping", "Place", "recognise"]

#: The first layout that is certain wins; a new importer is one more line here.
LAYOUTS: tuple[Layout, ...] = (
    DemarcLayout(),
    OnePartLayout(),
    TroubleshootLayout(),
    SonobuoyLayout(),
    CiliumSysdumpLayout(),
    MustGatherLayout(),
    SosLayout(),
    AksNodeLogsLayout(),
    PeriscopeLayout(),
    ClusterInfoDumpLayout(),
    NodeFolderLayout(),
    KubectlFolderLayout(),
)


def recognise(names: Sequence[str], label: str) -> Mapping | None:
    """Return how the files of a bundle map to parts; None where no layout fits."""
    doubtful: Mapping | None = None
    for layout in with_plugged(LAYOUTS):
        mapping = layout.match(names, label)
        if mapping is None:
            continue
        if mapping.certain:
            return mapping
        doubtful = doubtful or mapping
    return doubtful
