"""A folder of lists that people saved one by one: ``kubectl get pods -A -o json > pods.json``.

The names are those of the resources. How a list was filtered cannot be told, so each says nothing
of what it does not show. OpenShift's bundle of a failed installation has such a folder too
(openshift/installer, ``data/data/bootstrap/files/usr/local/bin/installer-gather.sh``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.bundle.layouts.base import ForeignMapping, Place
from analyzer.bundle.layouts.kinds import RESOURCES

#: ``<group>/<plural>`` by the plural.
_BY_PLURAL = {resource.split("/")[1]: resource for resource in RESOURCES.values()}
_FILE = re.compile(r"(?P<root>(?:[^/]+/)?)(?P<plural>[a-z]+)\.(?P<suffix>json|ya?ml)")
#: Names that other programs use too do not tell alone.
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class KubectlFolderMapping(ForeignMapping):
    """The lists in one folder."""

    layout: str = "kubectl-output"

    def place(self, name: str) -> Place | None:
        """Map a list by its file's name."""
        if self.refused(name):
            return Place("", name)
        found = _FILE.fullmatch(name)
        resource = _BY_PLURAL.get(found["plural"]) if found else None
        if found is None or resource is None or found["root"] != self.root:
            return None
        path = f"resources/{resource}.{found['suffix']}"
        return Place("cluster", path, selection=True)

    def refused(self, name: str) -> str:
        """Say that a file holds Secrets."""
        secret = self.inner(name).rpartition(".")[0] == "secrets"
        return "holds Secrets; not read" if secret else ""

    def holds(self, path: str) -> bool:
        """Listings."""
        return path.startswith("cluster/resources/")


class KubectlFolderLayout:
    """Recognises two lists by their names, in the folder itself or one folder down."""

    def match(self, names: Sequence[str], label: str) -> KubectlFolderMapping | None:
        """Take the folder that has most of them."""
        counted: Counter[str] = Counter()
        for name in names:
            found = _FILE.fullmatch(name)
            if found and found["plural"] in _BY_PLURAL:
                counted[found["root"]] += 1
        for root, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])):
            if count >= _ENOUGH:
                return KubectlFolderMapping(root)
        return None
