"""Commands that pages and ``--help`` show are run, on bundles that are called as they are there.

Two that differ in names of files alone are run once.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import analyzer
from analyzer.cli import COMMANDS, demarc, run
from analyzer.cli.exits import Exit
from fixtures.build import scenario, tree, write
from tests.meta.commands import shown
from tests.meta.test_recipes import PAGES

#: Why a line is not run here; each of these commands has tests of its own.
NOT_HERE = {
    "serve": "it stays until it is stopped",
    "shell": "it needs kubectl, or a person",
    "collect": "it needs a cluster",
    "seal": "it needs somebody's key",
    "unseal": "it needs somebody's key",
    "cves": "it needs the lists of a scanner",
}
#: What stands for something else on pages → what it stands for here.
MEANT = {
    "BUNDLE": "bundle.tar", "BEFORE": "monday.tar", "AFTER": "thursday.tar", "DIR": "our-data",
    "COPY.tar": "copy.tar", "FILE": "copy.tar", "<id>": "coredns", "ID": "AKS-NODE-001",
    "DIR/baselines/prod.yaml": "our-data/baselines/prod.yaml", "site.tar.gz": "our-data.tar.gz",
}  # fmt: skip
_ELSEWHERE = re.compile(r"://|--signers|/media/|--context")
_END = re.compile(r"\s(?:\||>|#)\s?.*$|\s{3,}.*$")


def _helped() -> Iterator[str]:
    """The examples of every command's help."""
    waiting: list[click.Command] = [demarc]
    context = click.Context(demarc)
    while waiting:
        command = waiting.pop(0)
        lines = (command.help or "").splitlines()
        yield from (line.strip() for line in lines if line.strip().startswith("demarc "))
        if isinstance(command, click.Group):
            names = list(COMMANDS) if command is demarc else command.list_commands(context)
            found = [command.get_command(context, name) for name in names]
            waiting += [child for child in found if child is not None]


def _lines() -> Iterator[str]:
    for page in PAGES:
        yield from shown(page.read_text(encoding="utf-8"))
    yield from _helped()


def _words(line: str) -> list[str]:
    return [MEANT.get(word, word) for word in shlex.split(_END.sub("", line))[1:]]


def _alike(words: list[str]) -> str:
    """A line without the names of archives that are one bundle here."""
    return re.sub(r"\b(?:bundle|later|demarc-prod(?:-\w+)?|monday)\.tar\b", "bundle.tar",
                  shlex.join(words))  # fmt: skip


def examples() -> list[str]:
    """Every line that is run, once, in the order of pages and commands."""
    found: dict[str, str] = {}
    for line in _lines():
        words = _words(line)
        named = len(words) == 1 or (words[0] == "fleet" and words[1:] in (["query"], ["run"]))
        if not named and words[0] not in NOT_HERE and not _ELSEWHERE.search(line):
            found.setdefault(_alike(words), shlex.join(words))
    return list(found.values())


#: What writes what others read, in that order.
_FIRST = ("baseline capture", "baseline pack", "redact demarc-prod", "analyze", "fleet run")


def _writers_first(line: str) -> int:
    return next((at for at, start in enumerate(_FIRST) if line.startswith(start)), len(_FIRST))


def _expanded(word: str) -> list[str]:
    """A word as a shell gives it on: patterns become the names that they match."""
    if "*" not in word or " " in word:
        return [word]
    return sorted(path.as_posix() for path in Path().glob(word)) or [word]


def _forced(words: list[str]) -> list[str]:
    """Outputs that another example wrote may be replaced."""
    writes = {"analyze", "ticket", "diff", "redact", "kit", "unmask"}
    return ["--force"] if words[0] in writes and "--force" not in words else []


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the examples name."""
    folder = tmp_path_factory.mktemp("desk")
    world = {"name": "prod", "base": "overlay", "pools": {"system": 1}}
    files = tree(scenario(world))
    bundle = write(files, folder / "bundle.tar")
    for name in ("demarc-prod-20260301T120000Z", "demarc-prod", "monday", "thursday", "later",
                 "case-12345"):  # fmt: skip
        shutil.copy(bundle, folder / f"{name}.tar")
    for name in ("bundles/2026-03", "our-data/baselines", "monday", "elsewhere"):
        (folder / name).mkdir(parents=True)
    for place in ("bundles/2026-03/prod.tar", "monday/prod.tar"):
        shutil.copy(bundle, folder / place)
    with tarfile.open(bundle) as archive:
        archive.extractall(folder / "bundle-folder", filter="data")
    _other_inputs(folder, files)
    shutil.copytree(folder / "dump", folder / "thursday")
    (folder / "answer.txt").write_text("it is node-a1\n", encoding="utf-8")
    report = analyzer.report(analyzer.analyze(bundle, options=analyzer.Options(jobs=1)), "json")
    (folder / "monday.json").write_text(report, encoding="utf-8")
    return folder


def _other_inputs(folder: Path, files: dict[str, bytes]) -> None:
    """A dump of kubectl, files of a node, JSON of az."""
    lists = {"nodes.json": "nodes.json", **{
        f"{namespace}/{kind}.json": f"{kind}/{namespace}.json"
        for namespace in ("kube-system", "default") for kind in ("pods", "events", "services")
    }}  # fmt: skip
    for name, member in lists.items():
        target = folder / "dump" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        empty = json.dumps({"kind": "List", "apiVersion": "v1", "items": []}).encode()
        target.write_bytes(files.get(f"cluster/resources/core/{member}", empty))
    node = {path: data for path, data in files.items() if path.startswith("nodes/")}
    for name in ("node-logs.zip", "aks-pool1-12345678-vmss000003.zip", "elsewhere/logs.zip"):
        with zipfile.ZipFile(folder / name, "w") as archive:
            for path, data in node.items():
                archive.writestr(path, data)
    (folder / "managed-cluster.json").write_bytes(files["azure/managed-cluster.json"])
    write(files, folder / "support-bundle.tar.gz", "flat-tgz")


def test_nearly_every_example_is_run() -> None:
    lines = examples()
    assert len(lines) > 40
    assert {line.split()[0] for line in lines} >= set(COMMANDS) - set(NOT_HERE)


def test_every_example_does_what_it_says(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other, as a reader would try them: some need what others wrote."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("DEMARC_ANALYZE_JOBS", "1")
    monkeypatch.setenv("DEMARC_FLEET_QUERY_FLEET", "our-fleet")  # the default is this folder
    wrong = []
    for line in sorted(examples(), key=_writers_first):
        words = [name for word in shlex.split(line) for name in _expanded(word)]
        code = run([*words, *_forced(words)])
        told = capsys.readouterr()
        if code != Exit.DONE and not ("--fail-on" in words and code == Exit.FINDINGS):
            wrong.append(f"demarc {line}\n  {code}: {told.err.strip()[-300:]}")
    assert not wrong, "\n".join(wrong)
