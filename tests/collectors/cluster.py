"""What the API server of the tests serves: kinds, objects, faults. Tests fill it as they need."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Object = dict[str, Any]

CORE: tuple[tuple[str, str, str, str, bool], ...] = (
    ("", "v1", "namespaces", "Namespace", False),
    ("", "v1", "nodes", "Node", False),
    ("", "v1", "pods", "Pod", True),
    ("", "v1", "events", "Event", True),
    ("", "v1", "configmaps", "ConfigMap", True),
    ("", "v1", "secrets", "Secret", True),
    ("", "v1", "services", "Service", True),
    ("", "v1", "serviceaccounts", "ServiceAccount", True),
    ("apps", "v1", "daemonsets", "DaemonSet", True),
    ("apps", "v1", "deployments", "Deployment", True),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", False),
    ("coordination.k8s.io", "v1", "leases", "Lease", True),
)


@dataclass(frozen=True)
class Kind:
    """One resource of the API: where it is served and what its objects are called."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """``v1`` or ``group/version``."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass
class Fault:
    """What happens instead of an answer to paths that match ``pattern``.

    ``status`` 0 means that nothing is ever answered. ``times`` None means always.
    ``tear_after`` ends an exec stream after that many bytes. With ``delay`` (seconds) the
    ordinary answer comes, later.
    """

    pattern: str
    status: int = 500
    times: int | None = None
    method: str = "GET"
    message: str = "injected"
    tear_after: int | None = None
    delay: float = 0


@dataclass
class Cluster:
    """Objects by resource, logs, kubelet answers and faults. Tests fill it as they need."""

    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    objects: dict[tuple[str, str], list[Object]] = field(default_factory=dict)
    logs: Callable[[str, str, str, bool], str | None] = lambda ns, pod, container, previous: None
    kubelet: Callable[[str, str], str | None] = lambda node, what: None
    faults: list[Fault] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    on_create: Callable[[Kind, Object], None] = lambda kind, obj: None
    on_delete: Callable[[Kind, Object], None] = lambda kind, obj: None
    before_list: Callable[[Kind], None] = lambda kind: None
    run: Callable[[str, list[str]], tuple[bytes, int]] = lambda pod, command: (b"", 1)
    recorded: Callable[[str, str], tuple[int, bytes] | None] = lambda path, token: None
    metrics: str = 'kubernetes_feature_enabled{name="A",stage="BETA"} 1\nother 1\n'
    git_version: str = "v1.33.5"
    tokens_expire: int = 0
    ending: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for row in CORE:
            self.serve(Kind(*row))

    def serve(self, kind: Kind, objects: Iterable[Object] = ()) -> None:
        """Makes a resource known, with the objects that it holds."""
        self.kinds[(kind.group, kind.plural)] = kind
        self.objects.setdefault((kind.group, kind.plural), []).extend(objects)

    def add(self, plural: str, obj: Object, group: str = "") -> None:
        """Adds an object; a namespace that it names is made if there is none of that name."""
        self.objects[(group, plural)].append(obj)
        namespace = obj["metadata"].get("namespace")
        known = {o["metadata"]["name"] for o in self.objects[("", "namespaces")]}
        if namespace and namespace not in known:
            meta = {"name": namespace, "uid": f"uid-of-{namespace}", "labels": {}}
            self.objects[("", "namespaces")].append(
                {"metadata": meta, "status": {"phase": "Active"}}
            )

    def delete_namespace(self, name: str) -> None:
        """Removes a namespace and all that is in it; not while a pod of it never ends."""
        pods = self.objects[("", "pods")]
        if any(p["metadata"].get("namespace") == name and p.get("stuck") for p in pods):
            self.ending.add(name)
            return
        for (group, plural), objects in self.objects.items():
            for obj in list(objects):
                meta = obj["metadata"]
                is_it = plural == "namespaces" and meta["name"] == name
                if is_it or meta.get("namespace") == name:
                    objects.remove(obj)
                    self.on_delete(self.kinds[(group, plural)], obj)
