"""OpenAPI version 3, as far as a bundle has schemas: those in definitions of custom resources.

``kubectl explain`` shows them whole. Of built-in kinds it shows the fields that occur in the
bundle's own objects, without their documentation. kubectl asks here also whether the server checks
fields; without an answer ``kubectl apply`` would not get as far as being told that a bundle is
read-only. Form: https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import orjson

from analyzer.serve.catalogue import Catalogue, Kind
from analyzer.serve.listing import Objects
from analyzer.serve.loading import load_object
from analyzer.serve.status import not_collected

Obj = dict[str, Any]
#: Objects of a kind that are looked at for its fields, and how deep.
_LOOKED_AT = 25
_DEPTH = 14
#: Fields whose keys are names and no fields.
_MAPS = {
    "labels", "annotations", "matchLabels", "nodeSelector", "selector", "data", "binaryData",
    "stringData", "limits", "requests", "capacity", "allocatable", "hard", "used", "parameters",
    "volumeAttributes", "overhead", "optionalLabels",
}  # fmt: skip
_ABOUT = (
    "The bundle holds no schema of this kind. These are the fields that occur in the bundle; "
    "https://kubernetes.io/docs/reference/kubernetes-api/ documents those of built-in kinds."
)
_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_CHECKS = [{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]


class Schemas:
    """Answers of ``/openapi/v3`` and below."""

    def __init__(self, catalogue: Catalogue, objects: Objects) -> None:
        self._catalogue = catalogue
        self._objects = objects

    def index(self) -> Obj:
        """Return the documents that there are, one for each group and version."""
        names = sorted({self._name(kind) for kind in self._catalogue.kinds})
        return {"paths": {name: {"serverRelativeURL": f"/openapi/v3/{name}"} for name in names}}

    def document(self, name: str) -> Obj:
        """Return the document of ``api/v1`` or ``apis/<group>/<version>``.

        Raises:
            ApiError: 404, the cluster has no such group or version.
        """
        kinds = [kind for kind in self._catalogue.kinds if self._name(kind) == name]
        if not kinds:
            raise not_collected(f"the schemas of {name} are", "")
        found = {
            "openapi": "3.0.0",
            "info": {"title": "demarc serve", "version": "unversioned"},
            "paths": {self._path(kind): self._operations(kind) for kind in kinds},
            "components": {"schemas": {_id(kind): self._schema(kind) for kind in kinds}},
        }
        return load_object(orjson.dumps(found))

    def _name(self, kind: Kind) -> str:
        return f"apis/{kind.api_version}" if kind.group else f"api/{kind.version}"

    def _path(self, kind: Kind) -> str:
        space = "/namespaces/{namespace}" if kind.namespaced else ""
        return f"/{self._name(kind)}{space}/{kind.name}/{{name}}"

    def _operations(self, kind: Kind) -> Obj:
        shown = {"schema": {"$ref": f"#/components/schemas/{_id(kind)}"}}
        answer = {"200": {"description": "OK", "content": {"application/json": shown}}}
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        common = {"responses": answer, "x-kubernetes-group-version-kind": gvk}
        return {
            "get": common | {"x-kubernetes-action": "get"},
            "patch": common | {"x-kubernetes-action": "patch", "parameters": _CHECKS},
        }

    def _schema(self, kind: Kind) -> Obj:
        given = self._catalogue.schema_of(kind)
        if given:
            found = dict(given)
        elif kind.collected:
            every = self._objects.every(kind, "", lambda _: True)
            found = _fields(list(islice(every, _LOOKED_AT)), _DEPTH) | {"description": _ABOUT}
        else:
            found = {"type": "object", "description": "Not collected."}
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        return found | {"x-kubernetes-group-version-kind": [gvk]}


def _id(kind: Kind) -> str:
    return f"{kind.group or 'core'}.{kind.version}.{kind.kind}"


def _fields(values: list[Any], depth: int) -> Obj:
    """Describe values that stand in one place: the type of the first, and the fields of all."""
    first = values[0] if values else {}
    if isinstance(first, dict):
        return _object([value for value in values if isinstance(value, dict)], depth)
    if isinstance(first, list):
        inner = [one for value in values if isinstance(value, list) for one in value]
        return {"type": "array", "items": _fields(inner, depth - 1) if inner else {}}
    return {"type": _NAMES.get(type(first), "string")}


def _object(values: list[Obj], depth: int) -> Obj:
    if depth <= 0:
        return {"type": "object"}
    found: dict[str, Obj] = {}
    for name in sorted(_keys(values)):
        inner = [value[name] for value in values if value.get(name) is not None]
        if name in _MAPS and inner and isinstance(inner[0], dict):
            found[name] = {"type": "object", "additionalProperties": {"type": "string"}}
        elif name == "managedFields":
            found[name] = {"type": "array", "items": {"type": "object"}}
        else:
            found[name] = _fields(inner, depth - 1)
    return {"type": "object", "properties": found}


def _keys(values: Iterable[Obj]) -> set[str]:
    return {name for value in values for name in value}
