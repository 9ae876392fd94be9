"""The packaged bugs: complete, tested line by line, fast; and users' own files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from analyzer.bugs import Bug, BugDataError, Use, load_bugs
from analyzer.bugs.places import kinds_of
from analyzer.bugs.schema import Signature
from analyzer.facts.landmarks import patterns as landmark_patterns
from analyzer.facts.literals import compiled
from analyzer.facts.logkinds import LogKind
from analyzer.facts.patterns import PatternSet
from analyzer.facts.scan import TextItem, match_texts
from analyzer.model.evidence import EvidenceRef

BUGS = load_bugs()
FACTS = Path(__file__).parents[4] / "shared" / "facts" / "upstream-bugs.yaml"
EXPRESSIONS = [(b, s) for b in BUGS for s in b.signatures if s.regex]
SCANNED = [(b, s) for b, s in EXPRESSIONS if kinds_of(s.where)]


def name(value: object) -> str:
    return value.id if isinstance(value, Bug | Signature) else str(value)


def test_all_bugs_are_there() -> None:
    assert len(BUGS) >= 115
    uses = {use: sum(bug.use is use for bug in BUGS) for use in Use}
    assert all(uses.values())
    assert BUGS.as_of == "2026-08-21"


@pytest.mark.parametrize("bug", BUGS.bugs, ids=name)
def test_a_bug_tells_its_story(bug: Bug) -> None:
    assert bug.title
    assert bug.symptom
    assert bug.workaround
    assert bug.links, "a bug without a public page cannot be checked"


@pytest.mark.parametrize(("bug", "signature"), EXPRESSIONS, ids=name)
def test_the_example_matches_and_near_misses_do_not(bug: Bug, signature: Signature) -> None:
    assert signature.example
    assert len(signature.near_misses) >= 2
    expression = compiled(signature.regex or "")
    assert expression.search(signature.example.encode())
    assert not [line for line in signature.near_misses if expression.search(line.encode())]


@pytest.mark.parametrize(("bug", "signature"), SCANNED, ids=name)
def test_the_scanner_finds_the_example(bug: Bug, signature: Signature) -> None:
    ref = EvidenceRef(path="x")
    wanted = f"{bug.id}/{signature.id}"
    for kind in sorted(kinds_of(signature.where)):
        found = match_texts(BUGS.patterns(), [TextItem(signature.example or "", kind, ref)])
        assert wanted in {match.pattern for match in found}
        for line in signature.near_misses:
            found = match_texts(BUGS.patterns(), [TextItem(line, kind, ref)])
            assert wanted not in {match.pattern for match in found}


HOSTILE = [
    b"a" * 60_000,
    b'"' * 60_000,
    b"\\" * 60_000,
    b" " * 60_000,
    b"0" * 60_000,
    b"0123456789abcdef-" * 3_500,
    b"\t1" * 30_000,
    b"probe failed command timed out " * 2_000,
    b"nodeclaim nodeclaim NodeClaim Notfound " * 1_500,
]


@pytest.mark.parametrize(("bug", "signature"), SCANNED, ids=name)
def test_expressions_are_fast_on_hostile_lines(bug: Bug, signature: Signature) -> None:
    stem = (signature.example or "").encode()
    half = stem[: max(1, len(stem) // 2)]
    lines = [*HOSTILE, half * (16_384 // len(half)), stem * (16_384 // len(stem))]
    expression = compiled(signature.regex or "")
    begun = time.process_time()
    for line in lines:
        expression.search(line[:16_384])
    assert time.process_time() - begun < 1.0


def test_landmarks_and_bugs_go_into_one_set() -> None:
    whole = PatternSet.of(landmark_patterns(), BUGS.patterns())
    assert all(whole.matcher(kind) for kind in (LogKind.KUBELET, LogKind.KERNEL, LogKind.EVENT))


def test_microsofts_own_components_are_marked() -> None:
    owned = {bug.component for bug in BUGS if bug.microsoft_owned}
    assert {"azure-cni", "azure-npm", "cloud-provider-azure", "csi-azuredisk", "karpenter"} <= owned
    assert not owned & {"containerd", "runc", "kubelet-upstream", "systemd-upstream", "etcd"}
    foreign = [b for b in BUGS if b.upstream.project in ("containerd/containerd", "cilium/cilium")]
    assert not [bug.id for bug in foreign if bug.microsoft_owned]


# --- users' files --------------------------------------------------------------------------------

ENTRY = """\
- id: my-bug
  title: Something of ours
  component: own
  type: bug
  default_category: upstream-bug
  use: finding
  upstream: {project: own/own, refs: [{url: "https://example.test/1", kind: issue, read: true}]}
  symptom: It fails.
  signatures:
  - id: line
    where: [kubelet-journal]
    kind: log
    regex: 'our own failure \\d+'
    example: our own failure 7
    strength: strong
  workaround: Start again.
  severity: low
  confidence: high
"""


def user_dir(tmp_path: Path, text: str) -> Path:
    (tmp_path / "bugs").mkdir()
    (tmp_path / "bugs" / "own.yaml").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_users_entry_is_added(tmp_path: Path) -> None:
    bugs = load_bugs([user_dir(tmp_path, ENTRY)])
    assert len(bugs) == len(BUGS) + 1
    assert bugs.get("my-bug").title == "Something of ours"
    assert any(pattern.id == "my-bug/line" for pattern in bugs.patterns().patterns)


def test_the_same_id_replaces(tmp_path: Path) -> None:
    text = ENTRY.replace("my-bug", "irqbalance-275")
    bugs = load_bugs([user_dir(tmp_path, text)])
    assert len(bugs) == len(BUGS)
    assert bugs.get("irqbalance-275").component == "own"


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("  title: Something", "  titel: Something", None, "title"),
        ("  severity: low", "  severity: dreadful", 17, "severity"),
        ("  severity: low", "  severity: low\n  colour: red", 18, "unknown key"),
        ("our own failure \\d+", "(a+)+b", 10, "repeat inside a repeat"),
        ("our own failure \\d+", "\\d+", 10, "no literal"),
        ("our own failure \\d+", "our own (", None, "missing"),
        ("example: our own failure 7", "example: something else", None, "example does not match"),
        ("[kubelet-journal]", "[kubelet-diary]", 10, "unknown place"),
        ("- id: my-bug", "id: my-bug", None, ""),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(
    tmp_path: Path, old: str, new: str, line: int | None, what: str
) -> None:
    assert old in ENTRY
    with pytest.raises(BugDataError) as refused:
        load_bugs([user_dir(tmp_path, ENTRY.replace(old, new))])
    assert "own.yaml" in str(refused.value)
    assert what in str(refused.value)
    assert refused.value.line is not None
    if line is not None:
        assert refused.value.line == line


@pytest.mark.skipif(not FACTS.is_file(), reason="the researched facts are not beside the project")
def test_the_researched_file_is_accepted_as_it_is(tmp_path: Path) -> None:
    bugs = load_bugs([user_dir(tmp_path, FACTS.read_text(encoding="utf-8"))])
    assert len(bugs) == len(BUGS)
    assert bugs.patterns()
