"""Names of this bundle's owner, learned from its small JSON members before anything is rewritten.

A name that was learned is replaced wherever it stands as a word. A name that is a usual word of
Kubernetes (a cluster called "prod", a namespace called "batch") would take others' words with it:
it is replaced only where its place says what it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

#: Fields of ARM, of the instance metadata service and of Kubernetes, by what their values are.
_FIELDS = {
    **dict.fromkeys(
        ("subscriptionid", "tenantid", "aadtenantid", "clientid", "objectid", "principalid",
         "appid", "oid", "objectidentifier", "workspaceid", "customerid", "vmid", "machineid",
         "systemuuid", "bootid", "azure.workload.identity/client-id",
         "azure.workload.identity/tenant-id", "kubernetes.azure.com/network-subscription"),
        "guids",
    ),
    **dict.fromkeys(
        ("resourcegroup", "resourcegroupname", "noderesourcegroup",
         "kubernetes.azure.com/cluster", "kubernetes.azure.com/network-resourcegroup"),
        "groups",
    ),
    **dict.fromkeys(
        ("dnsprefix", "kubernetes.azure.com/network-name", "kubernetes.azure.com/network-subnet"),
        "names",
    ),
    **dict.fromkeys(("adminusername", "givenname", "surname", "puid"), "users"),
    **dict.fromkeys(("computername", "kubernetes.io/hostname"), "hosts"),
    **dict.fromkeys(
        ("podcidr", "servicecidr", "addressprefix", "podcidrs", "servicecidrs", "addressprefixes",
         "dnsserviceip"),
        "networks",
    ),
}  # fmt: skip
_GUID = re.compile(r"(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_NETWORK = re.compile(r"[0-9a-fA-F.:]+/\d{1,3}|[0-9.]{7,15}")
_ARM_ID = re.compile(
    r"(?i)^/subscriptions/([^/\s]+)(?:/resourceGroups/([^/\s]+)(?:/providers/(.+))?)?"
)
#: Names that AKS itself gives to resources; the number in them is the pools'.
_MADE_BY_AKS = re.compile(r"(?i)aks-.*|kubernetes(?:-internal)?|pvc-.*|default|[0-9a-f-]{36}|\d+")
_POOL_NUMBER = re.compile(r"aks-[a-z0-9]+-(\d{8})-|aks-(?:agentpool|vnet)-(\d{8})")
#: Names that AKS makes of the cluster's: the identities of nodes and of add-ons.
_OF_THE_CLUSTER = re.compile(
    r"(?:azurekeyvaultsecretsprovider|omsagent|webapprouting|azurepolicy|aciconnectorlinux"
    r"|ingressapplicationgateway|applicationrouting|extensionsidentity)-(.+)|(.+)-agentpool"
)
#: Only here do the fields tell the ranges of the cluster, and not routes and rules of others.
_NETWORK_FILES = ("azure/managed-cluster", "azure/vnets")


@dataclass(slots=True)
class Identities:
    """What was learned, by kind, as it is written in the bundle. ``networks`` keep their place."""

    guids: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    digits: set[str] = field(default_factory=set)
    networks: set[str] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    _tells_networks: bool = False

    def learn(self, path: str, data: bytes, *, on_request: Iterable[str] = ()) -> None:
        """Learn from one member; what is no JSON is passed over.

        ``on_request`` may name ``namespaces`` and ``images``: those of the customer are learned.
        """
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return
        if path.startswith("cluster/resources/core/nodes"):
            for item in _items(value):
                self.add("hosts", _name(item))
        if path.startswith("cluster/resources/core/namespaces"):
            self._namespaces(value, "namespaces" in on_request)
        if "/rbac.authorization.k8s.io/" in path:
            self._subjects(value)
        if "images" in on_request and "/core/pods" in path:
            self.images |= set(_own_images(value))
            return
        if "/core/pods" not in path:
            self._tells_networks = path.startswith(_NETWORK_FILES)
            for key, text in _texts(value):
                self._text(key, text)

    def add(self, kind: str, text: str) -> None:
        """Take in one name of a kind, unless it is one that AKS gives everywhere."""
        if not text or text.startswith("<") or text.lower() in words().get(kind, ()):
            return
        if found := _POOL_NUMBER.match(text):
            self.digits.add(found[1] or found[2])
            if kind == "hosts":
                return
        if found := _OF_THE_CLUSTER.fullmatch(text):
            text = found[1] or found[2]
        getattr(self, kind).add(text)

    def _text(self, key: str, text: str) -> None:
        # Claims of a token carry the address of their schema in front.
        kind = _FIELDS.get(key.lower().rpartition("/claims/")[2])
        if kind == "guids":
            if _GUID.fullmatch(text):
                self.add("guids", text)
        elif kind == "networks":
            if self._tells_networks and _NETWORK.fullmatch(text):
                self.networks.add(text)
        elif kind is not None:
            self.add(kind, text)
        if text[:15].lower() == "/subscriptions/" or text[:24].lower() == "azure:///subscriptions/":
            self._arm_id(text.removeprefix("azure://"))

    def _arm_id(self, text: str) -> None:
        """Subscription, group, and the names of the resources in an ARM id."""
        found = _ARM_ID.match(text)
        if found is None:
            return
        subscription, group, rest = found.groups()
        if _GUID.fullmatch(subscription):
            self.add("guids", subscription)
        if group:
            self.add("groups", group)
        parts = (rest or "").split("/")[1:]
        for kind, name in zip(parts[0::2], parts[1::2], strict=False):
            digits = _POOL_NUMBER.match(name)
            if digits:
                self.digits.add(digits[1] or digits[2])
            if kind.lower() in words()["resources"] and not made_by_aks(name):
                self.add("hosts" if kind.lower() == "managedclusters" else "names", name)

    def _namespaces(self, value: Any, wanted: bool) -> None:
        for item in _items(value):
            name = _name(item)
            if name == "kube-system":
                uid = item["metadata"].get("uid", "")
                if isinstance(uid, str) and _GUID.fullmatch(uid):
                    self.guids.add(uid)
            elif wanted and not is_known_namespace(name):
                self.add("namespaces", name)

    def _subjects(self, value: Any) -> None:
        """Users and groups that roles are bound to; those of Kubernetes itself have a colon."""
        for item in _items(value):
            subjects = item.get("subjects")
            for subject in subjects if isinstance(subjects, list) else ():
                if not isinstance(subject, dict) or subject.get("kind") not in ("User", "Group"):
                    continue
                name = subject.get("name")
                if not isinstance(name, str) or ":" in name or "@" in name:
                    continue
                if _GUID.fullmatch(name):
                    self.guids.add(name)
                elif name.lower() not in words()["users"]:
                    self.add("users", name)


def _items(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list, or the one object."""
    if not isinstance(value, dict):
        return
    items = value.get("items", [value])
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict) and isinstance(item.get("metadata"), dict):
            yield item


def _name(item: dict[str, Any]) -> str:
    name = item["metadata"].get("name", "")
    return name if isinstance(name, str) else ""


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a JSON value with the field it stands in; a list's texts have the list's."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        key, one = waiting.pop()
        if isinstance(one, str):
            yield key, one
        elif isinstance(one, dict):
            claims = one.get("claims")
            if isinstance(claims, dict) and isinstance(claims.get("name"), str):
                yield "givenname", claims["name"]  # of the person who asked Azure for something
            waiting += [
                (str(name), inner) for name, inner in one.items() if name != "managedFields"
            ]
        elif isinstance(one, list):
            waiting += [(key, inner) for inner in one]


def _own_images(value: Any) -> Iterator[str]:
    """Repositories (without registry, tag and digest) of images that are not public ones."""
    for key, text in _texts(value):
        if key != "image":
            continue
        name = re.sub(r"(?::[^/:]*)?(?:@sha256:.*)?$", "", text)
        registry, slash, repository = name.partition("/")
        if slash and ("." in registry or ":" in registry):
            if registry.lower() not in words()["registries"]:
                yield repository
        elif registry:
            yield name


@cache
def words() -> dict[str, frozenset[str]]:
    """Words that are no names of anybody, by what they could be taken for: ``data/words.yaml``."""
    text = resources.files("analyzer.redact").joinpath("data/words.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return {kind: frozenset(listed) for kind, listed in yaml.load(text, Loader=loader).items()}


def made_by_aks(name: str) -> bool:
    """True for names that AKS itself gives to resources of every cluster."""
    return _MADE_BY_AKS.fullmatch(name) is not None


def is_known_namespace(name: str) -> bool:
    """True for namespaces that Kubernetes, AKS and well-known projects make."""
    return name in words()["namespaces"] or name.startswith(("kube-", "aks-", "azure-", "flux-"))
