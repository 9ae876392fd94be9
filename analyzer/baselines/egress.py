"""Endpoints that a cluster's nodes must reach, per cloud and feature."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Literal

from analyzer.baselines.data_files import Data, DataFile
from analyzer.baselines.tables import folders_in_use, table

#: Azure clouds as ``Identity.cloud`` names them, and as the data does.
_CLOUDS = {
    "azurepubliccloud": "public", "azurecloud": "public", "public": "public",
    "azurechinacloud": "china", "china": "china",
    "azureusgovernmentcloud": "usgov", "azureusgovernment": "usgov", "usgov": "usgov",
}  # fmt: skip


class Endpoint(Data):
    """One endpoint. ``host`` may hold ``*``; ``kind`` is ``fqdn``, or ``network`` for ranges.

    ``one_of`` names a group of which one way is enough. ``optional`` ones are needed only in the
    case that ``when`` says.
    """

    feature: str
    cloud: Literal["public", "china", "usgov"]
    host: str
    kind: Literal["fqdn", "network"]
    protocol: Literal["tcp", "udp"]
    port: int
    one_of: str = ""
    optional: bool = False
    when: str = ""


def required(
    cloud: str | None, features: Iterable[str] = (), location: str | None = None
) -> tuple[Endpoint, ...]:
    """What must be reachable by name: the base, and the given features; without optional ones.

    ``cloud`` None stands for the public cloud; ``location`` fills the region in, else it is ``*``.
    """
    wanted = {"base", *features}
    return tuple(
        _placed(endpoint, location)
        for endpoint in endpoints()
        if endpoint.cloud == cloud_id(cloud)
        and endpoint.feature in wanted
        and endpoint.kind == "fqdn"
        and not endpoint.optional
    )


def find(host: str, cloud: str | None = None) -> Endpoint | None:
    """The endpoint that a probed name stands for; a required one before an optional one.

    A name of the base goes before the same name of a feature. None where AKS does not ask for it.
    """
    matches = [
        endpoint
        for endpoint in endpoints()
        if endpoint.kind == "fqdn"
        and endpoint.cloud == cloud_id(cloud)
        and fnmatchcase(host.lower().rstrip("."), _placed(endpoint, None).host)
    ]
    return min(matches, key=lambda e: (e.optional, e.feature != "base")) if matches else None


def cloud_id(cloud: str | None) -> str:
    """``public``, ``china`` or ``usgov``; the public cloud where nothing is known."""
    return _CLOUDS.get((cloud or "").lower(), "public")


def features() -> tuple[str, ...]:
    """All features that the data knows, sorted."""
    return tuple(sorted({endpoint.feature for endpoint in endpoints()}))


def endpoints() -> tuple[Endpoint, ...]:
    """All endpoints of the table ``egress.yaml`` in use."""
    return _endpoints_of(folders_in_use())


@lru_cache(maxsize=4)
def _endpoints_of(folders: tuple[Path, ...]) -> tuple[Endpoint, ...]:
    return endpoints_in(table("egress.yaml"))


def endpoints_in(file: DataFile) -> tuple[Endpoint, ...]:
    """The endpoints of a table.

    Raises:
        DataFileError: a row is not valid; the message names file and line.
    """
    return file.records("endpoints", Endpoint)


def _placed(endpoint: Endpoint, location: str | None) -> Endpoint:
    if "<location>" not in endpoint.host:
        return endpoint
    host = endpoint.host.replace("<location>", location or "*")
    return endpoint.model_copy(update={"host": host})
