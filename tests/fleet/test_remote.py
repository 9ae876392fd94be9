"""Bundles behind addresses: a server on loopback that refuses, loses, and breaks off.

Other stores than the web answer in the same way here: ``against_stores.py`` tries S3 and Azure.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import run
from analyzer.cli.exits import Exit
from analyzer.fleet.errors import FleetError
from analyzer.fleet.remote import local_copy
from analyzer.fleet.sources import Source, find_sources
from analyzer.fleet.work import Task, analyse_one
from tests.needs import package

package("fsspec")
package("aiohttp")
Out = pytest.CaptureFixture[str]


class _Web(SimpleHTTPRequestHandler):
    """Files of a folder; ``closed…`` is refused, ``cut…`` ends in the middle, ``gone…`` goes."""

    def do_GET(self) -> None:
        if "closed" in self.path:
            self.send_error(403)
        elif "gone" in self.path:
            self.send_error(404)
        elif "cut" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"x" * 1000)
            self.close_connection = True
        else:
            super().do_GET()

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture(scope="module")
def web(bundles: Path) -> Iterator[str]:
    """The address of a folder with the bundles."""
    for name in ("closed.tar", "cut.tar", "gone.tar"):
        (bundles.parent / "web" / name).parent.mkdir(exist_ok=True)
        (bundles.parent / "web" / name).write_bytes(b"x" * 100_000)
    (bundles.parent / "web" / "bug.tar").write_bytes((bundles / "bug.tar").read_bytes())
    serve = partial(_Web, directory=str(bundles.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/web"
        server.shutdown()


def test_a_folder_is_listed_and_a_bundle_is_read(web: str, bundles: Path) -> None:
    names = [source.name for source in find_sources([f"{web}/"])]
    assert names == ["bug.tar", "closed.tar", "cut.tar", "gone.tar"]
    outcome = analyse_one(Task(Source(f"{web}/bug.tar", "")))
    assert outcome.state == "analysed", outcome.error
    assert outcome.bundle == analyse_one(Task(Source(str(bundles / "bug.tar"), ""))).bundle


@pytest.mark.parametrize("name", ["closed.tar", "gone.tar", "cut.tar"])
def test_what_the_store_does_not_give_is_one_line_and_is_tried_again(web: str, name: str) -> None:
    outcome = analyse_one(Task(Source(f"{web}/{name}", "")))
    assert outcome.state == "failed", "and so not kept as done"
    assert outcome.error.startswith("cannot be fetched: ") and "\n" not in outcome.error


def test_half_a_bundle_is_never_taken_for_one(monkeypatch: pytest.MonkeyPatch, web: str) -> None:
    """Where a store ends early without an error, the size that it told before still counts."""
    import io

    class Short(io.BytesIO):
        size = 100

    class Store:
        def open(self, path: str, mode: str) -> Short:
            return Short(b"half")

    monkeypatch.setattr("analyzer.fleet.remote._open_store", lambda url: (Store(), "x"))
    with pytest.raises(FleetError, match="the store gave 4 of 100 bytes"), local_copy(web, "x"):
        pass


def test_nobody_there_is_one_clear_line(tmp_path: Path, capsys: Out) -> None:
    assert run(["fleet", "http://127.0.0.1:1/x.tar", "-o", str(tmp_path / "f")]) == Exit.FAILED
    told = capsys.readouterr().err.splitlines()
    assert any("http://127.0.0.1:1/x.tar" in line for line in told) and len(told) <= 3, told
