"""sonobuoy: bare arrays of objects by namespace, logs of pods, what kubelets answered.

Source of the layout: vmware-tanzu/sonobuoy, ``pkg/discovery`` and
``site/content/docs/main/snapshot.md``. File names are ``<group>_<version>_<resource>.json``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.stamps import Stamp, of_go, of_name

_FILE = re.compile(r"(?P<group>[a-z0-9.-]+)_v[a-z0-9]+_(?P<plural>[a-z0-9]+)\.json")
_MARK = re.compile(
    r"(?P<root>(?:[^/]+/)?)(?:resources/(?:cluster|ns/[^/]+)/[a-z0-9.-]+_v[a-z0-9]+_[a-z0-9]+\.json"
    r"|meta/query-time\.json|plugins/[^/]+/sonobuoy_results\.yaml)"
)


@dataclass(frozen=True, slots=True)
class SonobuoyMapping(ForeignMapping):
    """One snapshot, below one folder or none."""

    layout: str = "sonobuoy"

    def place(self, name: str) -> Place | None:
        """Map listings, logs, kubelet settings, journals and the version."""
        parts = self.inner(name).split("/")
        if parts == ["meta", "query-time.json"]:
            return Place("cluster", "", how="queries")
        if parts == ["serverversion.json"]:
            return Place("cluster", "version.json")
        if parts[0] == "resources":
            return self._resource(parts[1:], name)
        if parts[0] == "podlogs" and len(parts) == 5 and parts[4].endswith(".txt"):
            container = parts[4].removesuffix(".txt")
            return Place("cluster", f"logs/{parts[1]}/{parts[2]}/{container}.log")
        if parts[0] == "hosts" and parts[2:] == ["configz.json"]:
            return Place("cluster", f"kubelet/{parts[1]}/configz.json")
        if parts[:3] == ["plugins", "systemd-logs", "results"] and len(parts) == 5:
            return Place(f"nodes/{parts[3]}", "host/syslog", how="journal")
        return None

    def _resource(self, parts: list[str], name: str) -> Place | None:
        found = _FILE.fullmatch(parts[-1])
        if found is None:
            return None
        if self.refused(name):
            return Place("", name)
        resource = f"resources/{found['group']}/{found['plural']}"
        if parts[0] == "cluster" and len(parts) == 2:
            return Place("cluster", f"{resource}.json")
        if parts[0] == "ns" and len(parts) == 3:
            return Place("cluster", f"{resource}/{parts[1]}.json")
        return None

    def tells_time(self, name: str) -> bool:
        """The log of the run, whose last line is written when all is collected."""
        return self.inner(name) == "meta/run.log"

    def time_in(self, name: str, data: bytes) -> Stamp | None:
        """The time of its last line."""
        lines = data.decode("utf-8", "replace").splitlines()
        return of_go("\n".join(lines[-3:]), "run log of sonobuoy (meta/run.log)")

    def refused(self, name: str) -> str:
        """Say that a file holds Secrets."""
        return "holds Secrets; not read" if name.endswith("_secrets.json") else ""

    def holds(self, path: str) -> bool:
        """Listings, logs, settings of kubelets, journals."""
        return path.startswith("cluster/") or path.endswith("/host/syslog")


class SonobuoyLayout:
    """Recognises a listing by its file name, or the run's own records."""

    def match(self, names: Sequence[str], label: str) -> SonobuoyMapping | None:
        """Look at the root or one folder down."""
        for name in names:
            if found := _MARK.fullmatch(name):
                return SonobuoyMapping(found["root"], stamp=of_name(label))
        return None
