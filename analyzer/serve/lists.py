"""Answers that hold objects of one kind: lists, pages, watches, one by name, in every form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from analyzer.serve.catalogue import METRICS, Catalogue, Kind
from analyzer.serve.clock import collection_time
from analyzer.serve.exchange import Answer, Request
from analyzer.serve.helm.gather import releases
from analyzer.serve.helm.release import Release, secret_of
from analyzer.serve.listing import Objects, Part
from analyzer.serve.metrics import Usage
from analyzer.serve.selectors import Test, requires, selector
from analyzer.serve.status import ApiError
from analyzer.serve.store import Store
from analyzer.serve.streaming import Shaped
from analyzer.serve.tables import as_partial_list, as_table
from analyzer.serve.watching import Asked, watch_of

Obj = dict[str, Any]
#: The form that a client accepts first: ``Table``, ``PartialObjectMetadata…`` and others.
ACCEPT_AS = re.compile(r"application/json\s*;(?=[^,]*\bas=(?P<what>\w+))[^,]*", re.IGNORECASE)
_HELM = (
    "Helm's records (Secrets) are never collected: releases are put together from labels and "
    "annotations; revision 0 and version 0.0.0-unknown mean not known"
)
#: Commands that reckon ages by their own clock.
_OWN_CLOCK = ("kubectl describe", "kubectl events")


class Lists:
    """Answers for objects, in the form that a client wants."""

    def __init__(self, store: Store, catalogue: Catalogue, objects: Objects) -> None:
        self._store = store
        self._catalogue = catalogue
        self._objects = objects
        self._usage = Usage(store)

    @cached_property
    def now(self) -> datetime | None:
        """The time of collection; None where nothing in the bundle tells any time."""
        return collection_time(self._store, self._catalogue, self._objects)

    @cached_property
    def _releases(self) -> list[Release]:
        return releases(self._catalogue, self._objects)

    def one(self, kind: Kind, namespace: str, name: str) -> Obj:
        """Return one object as it is.

        Raises:
            ApiError: 404.
        """
        if kind.group == METRICS and not kind.collected:
            return self._usage.get(kind, namespace, name)
        return self._objects.get(kind, namespace, name)

    def formed(self, request: Request, kind: Kind, obj: Obj) -> Answer:
        """Return one object, or a small list, in the form that is wanted."""
        return Answer(self._shape(request, kind)(obj))

    def answer(self, request: Request, kind: Kind, namespace: str) -> Answer:
        """Return a list, a page of it, or a watch.

        Raises:
            ApiError: 404 where it was not collected, 400 and 410 for a query that is none.
        """
        query = request.query
        labels = query.get("labelSelector", "")
        test = selector(labels, query.get("fieldSelector", ""))
        if query.get("resourceVersionMatch") == "Exact" and not request.watches:
            self._refuse_other_version(query.get("resourceVersion", ""))
        if kind.group == METRICS and not kind.collected:
            measured = [m for m in self._measured(kind, namespace, labels) if test(m)]
            return self.formed(request, kind, self._listing(kind, measured))
        if (kind.group, kind.name) == ("", "secrets") and requires(labels, "owner", "helm"):
            return self._helm(request, kind, namespace, test)
        if not request.watches and (part := _part(query)):
            shape = self._shape(request, kind)
            shaped = Shaped(self._listing(kind, []), shape)
            page = self._objects.page(kind, namespace, test, part, shaped.made)
            head = shape(self._listing(kind, [], page.token))
            warnings = (*page.warnings, *self._clock(request, kind))
            return Answer(shaped.whole(head, page.items), warnings=warnings)
        known = self._objects.known(kind, namespace, whole=True)
        objects = self._objects.every(kind, namespace, test)
        return self._streamed(request, kind, objects, [*known, *self._clock(request, kind)])

    def _refuse_other_version(self, version: str) -> None:
        if version != self._stamp:
            raise ApiError(410, f"the provided resource version is not held: {version[:40]}")

    def _helm(self, request: Request, kind: Kind, namespace: str, test: Test) -> Answer:
        """Answer the one question for Secrets that has an answer: Helm's, for its releases."""
        found = (
            secret
            for release in self._releases
            if namespace in ("", release.namespace) and test(secret := secret_of(release))
        )
        return self._streamed(request, kind, found, [_HELM])

    def _streamed(
        self, request: Request, kind: Kind, objects: Iterator[Obj], warnings: list[str]
    ) -> Answer:
        shape = self._shape(request, kind)
        if request.watches:
            partial = _wanted(request).startswith("PartialObjectMetadata")
            asked = Asked(request.query, request.agent, request.command, partial)
            return Answer(watch_of(kind, objects, self._stamp, asked, shape))
        shaped = Shaped(self._listing(kind, []), shape)
        return Answer(shaped.streamed(objects), warnings=tuple(warnings))

    def _clock(self, request: Request, kind: Kind) -> list[str]:
        """Warn where a client prints ages by its own clock; a server cannot change that."""
        if kind.name != "events" or request.command not in _OWN_CLOCK or not self.now:
            return []
        when = self.now.strftime("%Y-%m-%d %H:%M UTC")
        return [
            f"'{request.command}' reckons ages by the clock of this machine; the bundle is of "
            f"{when}, and 'kubectl get events' shows ages as of then"
        ]

    def _listing(self, kind: Kind, items: list[Obj], token: str = "") -> Obj:
        meta = {"resourceVersion": self._stamp} | ({"continue": token} if token else {})
        return {
            "kind": f"{kind.kind}List",
            "apiVersion": kind.api_version,
            "metadata": meta,
            "items": items,
        }

    def _measured(self, kind: Kind, namespace: str, labels: str) -> Iterator[Obj]:
        """Yield metrics with the labels of their objects, where a selector asks for labels."""
        if not labels:
            yield from self._usage.every(kind, namespace)
            return
        source = self._catalogue.by_name("", kind.name)
        known: dict[tuple[str, str], Obj] = {}
        if source is not None:
            for obj in self._objects.every(source, namespace, lambda _: True):
                meta = obj["metadata"]
                key = (str(meta.get("namespace") or ""), str(meta.get("name")))
                known[key] = meta.get("labels") or {}
        for found in self._usage.every(kind, namespace):
            meta = found["metadata"]
            meta["labels"] = known.get((meta.get("namespace", ""), meta["name"]), {})
            yield found

    @property
    def _stamp(self) -> str:
        """The resource version of every list: the collection time in seconds since 1970."""
        return str(int(self.now.timestamp())) if self.now else "1"

    def _shape(self, request: Request, kind: Kind) -> Callable[[Obj], Obj]:
        """Return what makes an object, or a list, into the form that the client asked for."""
        what = _wanted(request)
        if what == "Table":
            include = request.query.get("includeObject", "Metadata")
            now = self.now
            return lambda obj: as_table(obj, kind, now, include)
        if what.startswith("PartialObjectMetadata"):
            return as_partial_list
        return lambda obj: obj


def _wanted(request: Request) -> str:
    match = ACCEPT_AS.search(request.accept)
    return match["what"] if match else ""


def _part(query: Mapping[str, str]) -> Part | None:
    """Return the part of a list that a client asks for; None where it asks for all."""
    limit = query.get("limit", "")
    wanted = int(limit) if limit.isdecimal() and len(limit) < 10 else 0
    return Part(wanted, query.get("continue", "")) if wanted else None
