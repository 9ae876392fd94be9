"""Compare a diagnosis with what a scenario's author expects (``fixtures.scenario.Expect``)."""

from __future__ import annotations

import re

from analyzer.model.diagnosis import Diagnosis
from analyzer.model.finding import Finding
from analyzer.model.owner import Confidence
from analyzer.model.severity import Severity
from fixtures.scenario import Expect, Root


def serious(diagnosis: Diagnosis) -> list[Finding]:
    """Findings above low."""
    return [f for f in diagnosis.findings if f.severity.rank < Severity.LOW.rank]


def misses(diagnosis: Diagnosis, expect: Expect) -> list[str]:
    """Everything that is not as expected, as sentences."""
    wrong = _roots(diagnosis, expect)
    for subject in expect.folded:
        key = _resolve(subject, diagnosis)
        found = [f for f in diagnosis.findings if f.subject.key == key and not _is_group(f)]
        loose = [f.title for f in found if f.root and f.severity.rank < Severity.LOW.rank]
        if loose:
            wrong.append(f"not folded: {subject}: {loose}")
    for owner in expect.not_blamed:
        blamed = [f"{f.rule} {f.title}" for f in serious(diagnosis) if f.owner == owner]
        if blamed:
            wrong.append(f"{owner} is blamed: {blamed}")
    for owner in expect.not_confident:
        sure = [
            f"{f.rule} {f.title}"
            for f in serious(diagnosis)
            if f.owner == owner and f.confidence is not Confidence.LOW
        ]
        if sure:
            wrong.append(f"{owner} is blamed with confidence: {sure}")
    gaps = [str(gap) for gap in diagnosis.bundle.missing]
    for part in expect.missing:
        if not any(part in gap for gap in gaps):
            wrong.append(f"not told as missing: {part}")
    if not expect.roots and not expect.owners and serious(diagnosis):
        wrong.append(f"expected nothing: {[(f.rule, f.title) for f in serious(diagnosis)]}")
    return wrong


def _roots(diagnosis: Diagnosis, expect: Expect) -> list[str]:
    wrong = []
    for root in expect.roots:
        matched = matching(root, diagnosis)
        wanted = (root.owner,) if isinstance(root.owner, str) else root.owner
        right = [f for f in matched if f.owner in wanted]
        if not matched:
            wrong.append(f"root not found: {root.what} ({root.subject or root.component})")
        elif not right:
            got = sorted({f"{f.owner} by {f.rule} {f.decided_by}" for f in matched})
            wrong.append(f"{root.what}: owner is {got}, expected {wanted}")
        else:
            wrong += _of_root(right, root, diagnosis)
    if expect.owners:
        for finding in serious(diagnosis):
            if finding.root and finding.owner not in expect.owners:
                wrong.append(f"unexpected owner {finding.owner}: {finding.rule} {finding.title}")
    return wrong


def _of_root(right: list[Finding], root: Root, diagnosis: Diagnosis) -> list[str]:
    """What is wrong with a root that was found and has a right owner."""
    wrong = []
    if root.stance and root.stance not in {f.stance for f in right}:
        wrong.append(f"{root.what}: stance is {right[0].stance}, expected {root.stance}")
    if root.confidence and not {f.confidence for f in right} & set(root.confidence):
        got = sorted({f.confidence.value for f in right})
        wrong.append(f"{root.what}: confidence is {got}, expected {root.confidence}")
    told = " ".join(text for f in right for text in f.would_change)
    for word in root.collect:
        if word not in told:
            wrong.append(f"{root.what}: does not ask for {word}; asks for: {told or 'nothing'}")
    below = {f.id for f in right} | set(_below({f.id for f in right}, diagnosis))
    for subject in root.explains:
        found = [f for f in diagnosis.findings if _touches(f, subject, diagnosis)]
        if not any(f.id in below for f in found):
            seen = [f"{f.rule} {f.title}" for f in found]
            wrong.append(f"{root.what}: does not explain {subject} (found: {seen})")
    return wrong


def _below(ids: set[str], diagnosis: Diagnosis) -> set[str]:
    """All that hangs under these findings, over any number of steps."""
    found: set[str] = set()
    while True:
        more = {f.id for f in diagnosis.findings if set(f.explained_by) & (ids | found)} - found
        if not more:
            return found
        found |= more


def matching(finding_root: Root, diagnosis: Diagnosis) -> list[Finding]:
    """The roots of a diagnosis that are what the author means."""
    return [f for f in diagnosis.findings if f.root and _is(f, finding_root, diagnosis)]


def _is_group(finding: Finding) -> bool:
    """True for one finding about several entities of a kind; it is not about the first of them."""
    return any(s.kind == finding.subject.kind and s != finding.subject for s in finding.affects)


def _is(finding: Finding, root: Root, diagnosis: Diagnosis) -> bool:
    if root.bug and (finding.known_bug is None or finding.known_bug.id != root.bug):
        return False
    if root.component and finding.component != root.component:
        return False
    return not root.subject or _touches(finding, root.subject, diagnosis)


def _touches(finding: Finding, subject: str, diagnosis: Diagnosis) -> bool:
    """By key (``Deployment/shop/web``), or by words: ``cluster``, ``pool work``, ``subnet``."""
    if "/" in subject:
        keys = {finding.subject.key, *(s.key for s in finding.affects)}
        return _resolve(subject, diagnosis) in keys
    word, _, name = subject.partition(" ")
    if word == "cluster":
        return True
    if word == "pool":
        pools = {n.name: n.pool for n in diagnosis.cluster.node_list}
        touched = {finding.subject, *finding.affects}
        names = {s.name for s in touched if s.kind == "NodePool"}
        names |= {pools.get(s.node or s.name, "") for s in touched}
        return finding.subject.kind == "Cluster" or (name in names if name else bool(names - {""}))
    return finding.subject.kind.lower() == word


def _resolve(subject: str, diagnosis: Diagnosis) -> str:
    """``Node/{work/1}`` is the second node of pool work, by name."""
    match = re.search(r"\{(?P<pool>[^/}]+)/(?P<index>\d+)\}", subject)
    if not match:
        return subject
    names = sorted(n.name for n in diagnosis.cluster.node_list if n.pool == match["pool"])
    index = int(match["index"])
    return subject.replace(match[0], names[index] if index < len(names) else "(no such node)")
