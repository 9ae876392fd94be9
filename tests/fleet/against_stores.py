"""``make stores``: a fleet out of object stores that speak the real protocols, on loopback.

S3 is moto's server behind ``s3fs``, Azure Blob Storage is Azurite behind ``adlfs``. Their packages
do not fit beside all others that tests need, so that they have an environment of their own and
this file no name that ``make test`` collects; ``test_remote.py`` holds what every store shares.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from analyzer.fleet.errors import FleetError
from analyzer.fleet.query import Fleet
from analyzer.fleet.run import FleetOptions, run_fleet
from analyzer.fleet.sources import find_sources

#: Azurite's own account and key, the same on every machine.
#: Source: https://learn.microsoft.com/azure/storage/common/storage-use-azurite
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
OPTIONS = FleetOptions(workers=2)
Out = pytest.CaptureFixture[str]


def _connection(port: int, key: str = _KEY) -> str:
    return (
        f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={key};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{_ACCOUNT};"
    )


class _Cut:
    """A web application in front of the store: what is called ``cut…`` ends in the middle."""

    def __init__(self, store: Callable[..., Iterable[bytes]]) -> None:
        self._store = store

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._store(environ, start)
        if environ["REQUEST_METHOD"] != "GET" or "/cut" not in environ["PATH_INFO"]:
            return answer
        return self._torn(b"".join(answer))

    def _torn(self, whole: bytes) -> Iterator[bytes]:
        yield whole[: len(whole) // 2]
        raise ConnectionResetError("the store goes away")


@pytest.fixture(scope="module")
def s3(bundles: Path) -> Iterator[str]:
    """The address of a store that speaks S3, with the bundles in its bucket ``fleet``."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    store = _Cut(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, store, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "someone",
            "AWS_SECRET_ACCESS_KEY": "something",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            patch.setenv(name, value)
        _fill(fsspec.filesystem("s3"), "fleet", bundles)
        yield address
    server.shutdown()


@pytest.fixture(scope="module")
def azure(bundles: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a store that speaks Azure Blob, with the bundles in its container ``fleet``."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("not installed here: azurite-blob (make stores installs it)")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("azurite")
    words = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder)]
    more = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    server = subprocess.Popen([program, *words, *more])
    try:
        _wait_for(f"http://127.0.0.1:{port}/")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AZURE_STORAGE_CONNECTION_STRING", _connection(port))
            _fill(fsspec.filesystem("abfs", connection_string=_connection(port)), "fleet", bundles)
            yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(address, timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


def _fill(store: Any, bucket: str, bundles: Path) -> None:
    store.mkdir(bucket)
    for path in sorted(bundles.rglob("*.tar")):
        store.pipe(f"{bucket}/2026/{path.name}", path.read_bytes())
    store.pipe(f"{bucket}/2026/cut.tar", (bundles / "bug.tar").read_bytes())
    store.pipe(f"{bucket}/2026/readme.md", b"x")


@pytest.fixture(params=["s3", "abfs"])
def scheme(request: pytest.FixtureRequest) -> str:
    """Each store in turn."""
    request.getfixturevalue({"s3": "s3", "abfs": "azure"}[request.param])
    return str(request.param)


def test_a_bucket_gives_the_tables_that_the_files_give(
    scheme: str, bundles: Path, tmp_path: Path
) -> None:
    run_fleet([str(bundles)], tmp_path / "files", OPTIONS)
    result = run_fleet([f"{scheme}://fleet/2026/[!c]*.tar"], tmp_path / "store", OPTIONS)
    assert result.analysed == 5
    assert [lost.source.name for lost in result.not_analysed] == ["broken.tar"]
    sql = "SELECT cluster, collected_at, nodes, roots_customer FROM clusters ORDER BY ALL"
    with Fleet(tmp_path / "files") as files, Fleet(tmp_path / "store") as store:
        assert store.ask(sql) == files.ask(sql)
    again = run_fleet([f"{scheme}://fleet/2026/[!c]*.tar"], tmp_path / "store", OPTIONS)
    assert (again.analysed, again.kept) == (0, 5)


def test_one_address_a_folder_and_a_pattern(scheme: str) -> None:
    names = {source.name for source in find_sources([f"{scheme}://fleet/2026"])}
    assert {"bug.tar", "cut.tar", "broken.tar"} <= names and "readme.md" not in names
    (one,) = find_sources([f"{scheme}://fleet/2026/bug.tar"])
    assert one.place.startswith(f"{scheme}://") and one.stamp


def test_a_download_that_breaks_off_costs_its_bundle_alone(s3: str, tmp_path: Path) -> None:
    addresses = ["s3://fleet/2026/bug.tar", "s3://fleet/2026/cut.tar"]
    result = run_fleet(addresses, tmp_path, OPTIONS)
    (lost,) = result.not_analysed
    assert (result.analysed, lost.source.name, lost.state) == (1, "cut.tar", "failed")
    assert "\n" not in lost.error and "cannot be fetched" in lost.error
    again = run_fleet(addresses, tmp_path, OPTIONS)
    assert (again.kept, len(again.not_analysed)) == (1, 1), "it is tried again"


@pytest.mark.parametrize("name", ["", "/2026", "/2026/*.tar", "/2026/x.tar"])
def test_no_such_bucket_is_one_clear_line(scheme: str, name: str) -> None:
    with pytest.raises(FleetError) as caught:
        find_sources([f"{scheme}://no-such-bucket{name}"])
    assert "\n" not in caught.value.what and f"{scheme}://no-such-bucket{name}" in caught.value.what


def test_no_rights_is_one_clear_line_of_the_command(s3: str, tmp_path: Path, capsys: Out) -> None:
    store = fsspec.filesystem("s3")
    store.mkdir("closed")
    store.pipe("closed/a.tar", b"x")
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::closed", "arn:aws:s3:::closed/*"],
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    store.call_s3("put_bucket_policy", Bucket="closed", Policy=policy)
    store.invalidate_cache()
    assert run(["fleet", "s3://closed/a.tar", "-o", str(tmp_path / "f"), "-q"]) == Exit.FAILED
    told = capsys.readouterr().err.splitlines()
    assert len(told) <= 4 and any("s3://closed/a.tar" in line for line in told), told
    assert any("denied" in line.lower() or "forbidden" in line.lower() for line in told), told


def test_a_wrong_key_is_one_clear_line_and_is_not_shown(
    azure: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out
) -> None:
    fsspec.get_filesystem_class("abfs").clear_instance_cache()
    wrong = _KEY[::-1].removeprefix("==") + "=="
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", _connection(azure, wrong))
    assert run(["fleet", "abfs://fleet/2026", "-o", str(tmp_path / "f"), "-q"]) == Exit.FAILED
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 2 and "abfs://fleet/2026 cannot be listed" in told, told
    assert wrong[:20] not in told
