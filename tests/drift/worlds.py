"""Small clusters that are read once and changed in memory, and what the rules of drift say then."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from analyzer.analysis import Analysis
from analyzer.causes.effects import cause_links
from analyzer.causes.graph import explain, link
from analyzer.facts.listings import (
    ClusterRoleBindings,
    ClusterRoles,
    ConfigMaps,
    DaemonSets,
    Deployments,
    Objects,
    ReplicaSets,
    Services,
)
from analyzer.facts.node_files import NodeArchives, NodeFiles, TextFile
from analyzer.facts.parse.kube_list import parse_listing
from analyzer.model.candidate import Candidate
from analyzer.model.hit import Outcome
from analyzer.options import Options
from analyzer.ownership.assign import Deciding, assign_owners
from analyzer.ownership.decide import Verdict
from analyzer.pipeline import run_stages
from analyzer.rules.engine import run_rules
from analyzer.rules.gather import gather
from analyzer.rules.registry import all_rules, instructions
from fixtures.build import scenario, tree
from tests.rules.harness import bundle_of

#: Families whose findings these tests are about.
FAMILIES = ("analyzer.rules.component.", "analyzer.rules.peers.", "analyzer.rules.access.")
#: What the rules of drift read of a bundle; the rest (logs, probes) would only take time.
_NEEDED = ("cluster/resources/", "cluster/version.json", "azure/managed-cluster.json",
           "azure/agent-pools.json", "manifest.json")  # fmt: skip
_NODE_FILES = ("/host/", "/kubelet/flags", "/kubelet/config.json", "/containerd/config.toml",
               "/cni/", "/network/iptables-save")  # fmt: skip
Raw = dict[str, Any]
Edit = Callable[[Raw], None]


def _kept(path: str) -> bool:
    if path.endswith("/collection.tsv"):
        return True
    if path.startswith("nodes/"):
        return any(part in path for part in _NODE_FILES)
    return path.startswith(_NEEDED)


@dataclass(frozen=True)
class Said:
    """One finding with its verdict."""

    candidate: Candidate
    verdict: Verdict

    @property
    def summary(self) -> tuple[str, str, str, str, str]:
        """Rule, subject, owner, stance and the row that decided."""
        verdict = self.verdict
        key = self.candidate.subject.key
        rule = self.candidate.rule_id
        return rule, key, str(verdict.owner), str(verdict.stance), verdict.decided_by


class World:
    """A cluster as its bundle shows it. ``objects`` are the raw lists by listing type."""

    def __init__(self, **wanted: Any) -> None:
        pools = {"system": 1, "work": 1}
        files = tree(scenario({"name": "drift", "seed": 11, "pools": pools, **wanted}))
        self.files = {path: content for path, content in files.items() if _kept(path)}
        bundle = bundle_of(self.files)
        self.analysis: Analysis = run_stages(bundle, Options(jobs=1, bundle_name="drift.tar"))
        self.rules = {
            registered.rule.id: registered
            for registered in all_rules()
            if registered.check.__module__.startswith(FAMILIES)
        }

    def raw(self, listing: type[Objects[Any]], name: str) -> Raw:
        """A copy of one object of ``kube-system`` or of the whole cluster, as JSON."""
        for path, content in self._lists(listing):
            for item in orjson.loads(content)["items"]:
                if item["metadata"]["name"] == name:
                    return {"path": path, "object": item}
        raise KeyError(f"{listing.kind} {name}")

    def names(self, listing: type[Objects[Any]]) -> list[str]:
        """Names of the objects of AKS's namespaces (or of the cluster)."""
        return [
            item["metadata"]["name"]
            for path, content in self._lists(listing)
            for item in orjson.loads(content)["items"]
        ]

    def _lists(self, listing: type[Objects[Any]]) -> Iterable[tuple[str, bytes]]:
        prefix = f"cluster/resources/{listing.resource}"
        own = (f"{prefix}.json", f"{prefix}/kube-system.json", f"{prefix}/tigera-operator.json",
               f"{prefix}/gatekeeper-system.json", f"{prefix}/calico-system.json")  # fmt: skip
        return [(path, self.files[path]) for path in own if path in self.files]

    def changed(
        self, listing: type[Objects[Any]], name: str, edit: Edit | None
    ) -> dict[type[Any], Any]:
        """The listing with one object edited, or taken away (``edit`` None)."""
        found = self.raw(listing, name)
        kept = self.analysis.loaded.facts.of(listing)
        others = [item for item in kept.items if item.name != name]
        if edit is None:
            return {listing: listing(tuple(others), kept.states)}
        item = copy.deepcopy(found["object"])
        edit(item)
        return {listing: self.with_items(listing, [item], found["path"], others)}

    def with_items(
        self, listing: type[Objects[Any]], raw: list[Raw], path: str, others: list[Any] | None
    ) -> Any:
        """A listing that has these raw objects besides the others (None: all that are there)."""
        kept = self.analysis.loaded.facts.of(listing)
        parsed = parse_listing(orjson.dumps({"items": raw}), path, listing.model).items
        for item in parsed:
            item.found_in(path, listing.kind)
        rest = list(kept.items) if others is None else others
        return listing.of_items([*rest, *parsed], kept.states)

    def with_file(self, node: int, item: str, edit: Callable[[str], str]) -> dict[type[Any], Any]:
        """The archives with one file of one node (by its number in order of names) edited."""
        archives = self.analysis.loaded.facts.archives
        names = sorted(archives.nodes)
        old = archives.nodes[names[node]]
        file = old.files[item]
        new = NodeFiles(
            old.node,
            {**old.files, item: TextFile(file.path, edit(file.text))},
            old.gaps,
        )
        return {NodeArchives: NodeArchives({**archives.nodes, old.node: new}, archives.missing)}

    def findings(self, changed: Mapping[type[Any], Any]) -> list[Said]:
        """What the rules of drift say of the changed cluster, above the notes of severity info."""
        return [s for s in self.said(changed) if s.candidate.severity != "info"]

    def said(self, changed: Mapping[type[Any], Any]) -> list[Said]:
        """All findings of the rules of drift; a crash of one fails the test."""
        supply = self.analysis.supply
        results = run_rules(self.rules.values(), {**supply.by_type, **changed}, aks=supply.is_aks)
        crashed = [result.reason for result in results if result.outcome is Outcome.CRASHED]
        assert not crashed, crashed[0]
        candidates = link(gather(results, self.rules), cause_links())
        explanation = explain(candidates, cause_links(), supply.pool_of)
        table = self.analysis.reference.table
        deciding = Deciding(table, supply.context, cause_links(), instructions())
        verdicts = assign_owners(candidates, explanation, deciding)
        return [Said(candidate, verdicts[candidate.id]) for candidate in candidates]


@lru_cache(maxsize=4)
def _world(key: bytes) -> World:
    return World(**orjson.loads(key))


def world(**wanted: Any) -> World:
    """A cluster of that scenario, built once per test process."""
    return _world(orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS))


def written(
    obj: Raw, manager: str, tree_: Raw, operation: str = "Update", at: str | None = None
) -> None:
    """Note in an object's managed fields that a manager wrote these fields, after all others."""
    entries = obj["metadata"]["managedFields"]
    last = max((entry["time"] for entry in entries), default="2026-01-18T09:12:00Z")
    entries.append(
        {
            "manager": manager,
            "operation": operation,
            "apiVersion": obj.get("apiVersion", "v1"),
            "time": at or f"{last[:17]}59Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": tree_,
        }
    )


__all__ = [
    "ClusterRoleBindings", "ClusterRoles", "ConfigMaps", "DaemonSets", "Deployments",
    "ReplicaSets", "Said", "Services", "World", "world", "written",
]  # fmt: skip
