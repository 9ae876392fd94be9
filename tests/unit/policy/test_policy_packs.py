"""The packaged packs: they load, agree on their ids, differ where the documents differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from analyzer.policy import (
    ClauseClass,
    Decides,
    Party,
    PolicyError,
    PolicyPack,
    available,
    load_pack,
)

BASE, LATER = "2023-08-28", "2026-06-09"
DATA = Path(__file__).parents[3] / "analyzer" / "policy" / "data"
SHARED = Path(__file__).parents[4] / "shared"
LONGEST_SHARED_RUN = 8

#: The areas in which the later document differs, and the clauses that must show it.
CHANGED = {
    "intro": {"MGD-07"},
    "roles": {"SUP-11"},
    "ingress": {"SUP-08", "UNS-17"},
    "network-policy": {"SUP-10", "UNS-16"},
    "unsupported-new": {"NET-05", "UNS-05", "UNS-10"} | {f"UNS-{n}" for n in range(14, 21)},
    "node-images": {"IMG-02", "NODE-05", "NODE-06"},
}
#: Areas in which the documents say the same.
SAME = {"vulnerabilities": {"UNS-08", "UNS-12", "UNS-13"}, "auto-repair": {"NODE-04", "REP-01"}}
#: Clauses that refer to what changed elsewhere.
FOLLOWING = {"SHR-03", "NODE-02", "NODE-11"}
#: Read-only commands that may settle what a bundle leaves open.
READ_ONLY = re.compile(r"^az [a-z -]*?(show|list|list-instances|get-upgrades)( -|$)")


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"no ../shared/{name}")
    return path


@pytest.fixture(params=[BASE, LATER])
def pack(request: pytest.FixtureRequest) -> PolicyPack:
    return load_pack(request.param)


def substance(date: str, id_: str) -> dict[str, object]:
    """What a clause says, without where it stands."""
    return load_pack(date).clauses[id_].model_dump(exclude={"section", "source"})


def test_newest_is_the_default() -> None:
    assert available() == (BASE, LATER)
    assert load_pack().date == LATER
    assert load_pack() is load_pack(LATER)


def test_unknown_date_names_those_there_are() -> None:
    with pytest.raises(PolicyError, match=f"no policy pack of 2020-01-01; .*{BASE}, {LATER}"):
        load_pack("2020-01-01")


def test_a_path_is_not_a_date() -> None:
    with pytest.raises(PolicyError, match="no policy pack of"):
        load_pack("../data")


def test_ids_are_unique_within_each_folder() -> None:
    for folder in (DATA / BASE, DATA / LATER):
        texts = [path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))]
        ids = re.findall(r"^  - id: (\S+)$", "\n".join(texts), re.MULTILINE)
        assert ids and len(ids) == len(set(ids)), folder.name


def test_both_packs_know_the_same_ids_in_order() -> None:
    base, later = load_pack(BASE).clauses, load_pack(LATER).clauses
    assert list(base) == sorted(base) == list(later)
    assert all(id_ == clause.id for id_, clause in later.items())


def test_every_researched_row_has_its_clause(pack: PolicyPack) -> None:
    facts = yaml.safe_load(shared("facts/policy.yaml").read_text(encoding="utf-8"))
    ids = {row["id"] for row in facts["rules"] + facts["related_docs"]}
    assert len(ids) == 82
    assert ids <= set(pack.clauses)


def test_the_related_documents_have_a_file_of_their_own() -> None:
    facts = yaml.safe_load(shared("facts/policy.yaml").read_text(encoding="utf-8"))
    text = (DATA / BASE / "related.yaml").read_text(encoding="utf-8")
    ids = re.findall(r"^  - id: (\S+)$", text, re.MULTILINE)
    assert sorted(ids) == sorted(row["id"] for row in facts["related_docs"])


@pytest.mark.parametrize("id_", sorted(set().union(*CHANGED.values()) | FOLLOWING))
def test_changed_clauses_differ(id_: str) -> None:
    assert substance(BASE, id_) != substance(LATER, id_)


def test_nothing_else_differs() -> None:
    ids = load_pack(BASE).clauses
    differ = {id_ for id_ in ids if substance(BASE, id_) != substance(LATER, id_)}
    assert differ == set().union(*CHANGED.values()) | FOLLOWING
    assert not differ & set().union(*SAME.values())


def test_every_researched_difference_is_accounted_for() -> None:
    facts = yaml.safe_load(shared("facts/policy.yaml").read_text(encoding="utf-8"))
    areas = {row["area"] for row in facts["seed_to_current_changes"]}
    assert areas == set(CHANGED) | set(SAME)
    moved_on = {row["id"] for row in facts["rules"] if not row["now"].startswith("same")}
    # SEC-03's row speaks of a web page for looking CVEs up, not of the text.
    assert moved_on - {"SEC-03"} <= set().union(*CHANGED.values()) | FOLLOWING


@pytest.mark.parametrize(
    ("id_", "before", "after"),
    [
        ("IMG-02", "supported", "not-supported"),
        ("UNS-17", "best-effort", "not-supported"),
        ("UNS-16", "supported", "not-supported"),
        ("SUP-08", "best-effort", "supported"),
        ("NET-05", "not-supported", "best-effort"),
        ("UNS-18", "best-effort", "not-supported"),
    ],
)
def test_stances_that_turn(id_: str, before: str, after: str) -> None:
    assert load_pack(BASE).clauses[id_].stance == before
    assert load_pack(LATER).clauses[id_].stance == after


def test_what_only_the_later_text_says_is_marked() -> None:
    unstated = {id_ for id_, clause in load_pack(BASE).clauses.items() if not clause.stated}
    named = (CHANGED["unsupported-new"] - {"UNS-05"}) | {"IMG-02"}
    assert unstated == named
    assert all(not load_pack(BASE).clauses[id_].testable for id_ in unstated)
    assert all(clause.stated for clause in load_pack(LATER).clauses.values())


def test_what_raises_findings_has_a_stance(pack: PolicyPack) -> None:
    for clause in pack.clauses.values():
        informational = clause.class_ is ClauseClass.INFORMATIONAL
        assert (clause.stance is None) == informational, clause.id


def test_excluded_is_never_supported(pack: PolicyPack) -> None:
    for clause in pack.clauses.values():
        if clause.who is Party.EXCLUDED:
            assert clause.stance in (None, "not-supported", "best-effort"), clause.id


def test_commands_that_settle_only_read(pack: PolicyPack) -> None:
    commands = {clause.settles for clause in pack.clauses.values() if clause.settles}
    assert len(commands) > 5
    assert [command for command in sorted(commands) if not READ_ONLY.match(command)] == []


def test_arm_only_says_what_would_settle_it(pack: PolicyPack) -> None:
    arm_only = [c for c in pack.clauses.values() if c.decides is Decides.ARM_ONLY]
    assert arm_only and all(clause.settles for clause in arm_only)


def test_clauses_named_in_texts_exist(pack: PolicyPack) -> None:
    for clause in pack.clauses.values():
        for id_ in re.findall(r"\b[A-Z]{2,5}-\d{2}\b", f"{clause.says} {clause.rule}"):
            assert id_ in pack.clauses, f"{clause.id} names {id_}"


def test_a_pack_cannot_be_written_to() -> None:
    pack = load_pack()
    with pytest.raises(TypeError):
        pack.clauses["MGD-01"] = pack.clauses["MGD-02"]  # type: ignore[index]
    with pytest.raises(ValidationError):
        pack.clauses["MGD-01"].says = "other"  # type: ignore[misc]


def test_json_round_trip(pack: PolicyPack) -> None:
    again = PolicyPack.model_validate_json(pack.model_dump_json(by_alias=True))
    assert again == pack
    assert '"class":"microsoft-managed"' in pack.model_dump_json(by_alias=True)


def test_sections_are_headings_of_the_document(pack: PolicyPack) -> None:
    text = shared(f"policy/aks-support-policies-{pack.date}.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^#{2,4} (.+)$", text, re.MULTILINE))
    own = [c for c in pack.clauses.values() if c.source == pack.source]
    assert len(own) > 70
    assert {c.id: c.section for c in own if c.section not in headings} == {}


def test_every_heading_with_statements_has_a_clause(pack: PolicyPack) -> None:
    text = shared(f"policy/aks-support-policies-{pack.date}.md").read_text(encoding="utf-8")
    sections = {clause.section for clause in pack.clauses.values()}
    # Headings above other headings, and the links to release notes, state nothing to test.
    bare = {"Service updates and releases", "AKS support coverage for agent nodes"}
    bare |= {"AKS support coverage"} if pack.date == LATER else set()
    assert set(re.findall(r"^#{2,4} (.+)$", text, re.MULTILINE)) - bare - sections == set()


def words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", ""))


def runs(tokens: list[str]) -> Iterator[tuple[str, ...]]:
    width = LONGEST_SHARED_RUN + 1
    return (tuple(tokens[i : i + width]) for i in range(len(tokens) - width + 1))


def test_the_comparison_finds_a_copied_run() -> None:
    text = shared(f"policy/aks-support-policies-{BASE}.md").read_text(encoding="utf-8")
    copied = "The agent nodes receive OS patches automatically. Issues with the Kubernetes"
    assert set(runs(words(text))) & set(runs(words(copied)))


def test_no_clause_copies_the_policy(pack: PolicyPack) -> None:
    published: set[tuple[str, ...]] = set()
    for date in (BASE, LATER):
        text = shared(f"policy/aks-support-policies-{date}.md").read_text(encoding="utf-8")
        published |= set(runs(words(text)))
    for clause in pack.clauses.values():
        for text in (clause.says, clause.rule):
            shared_runs = published & set(runs(words(text)))
            assert not shared_runs, f"{clause.id}: {sorted(shared_runs)}"
