"""The first screen: verdict, ledger, notices."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.model.diagnosis import Diagnosis, NetworkInfo
from analyzer.model.finding import Finding
from analyzer.model.gap import Presence
from analyzer.model.owner import Owner, Stance
from analyzer.render.index import Index, mark
from analyzer.render.marks import Link
from analyzer.render.roots import ROOTS_OPEN, SAME_RULE_MAX, kind_of
from analyzer.render.shape import LedgerRow, Notice, Verdict
from analyzer.render.text import clip_words, count, first_words, one_line, sentence, when
from analyzer.render.words import ACTOR_NAMES

_ROOTS_PER_ROW = 2
_STEP_MAX = 160
_LEDGER_TITLE_MAX = 90
_ARTICLES = ("The ", "A ", "An ")
_NODE = re.compile(r"nodes/[^/]+")
#: The verdict where one owner has all: of one issue, and of several.
_ALL_OF_ONE = {
    Owner.MICROSOFT: ("It needs Microsoft.", "All of them need Microsoft."),
    Owner.CUSTOMER: ("It is the customer's.", "All of them are the customer's."),
    Owner.UPSTREAM: ("It comes from an upstream bug.", "All of them come from upstream bugs."),
    Owner.BYOCNI_EXCLUDED: (
        "It is excluded from support under BYOCNI.",
        "All of them are excluded from support under BYOCNI.",
    ),
    Owner.UNDETERMINED: (
        "The bundle does not tell whose it is.",
        "The bundle does not tell whose they are.",
    ),
}
_COLLECT = "Collect what the findings name"
#: A root that explains a smaller share than this is no better start than the worst kind.
_TELLING = 0.02


def checks(diagnosis: Diagnosis) -> tuple[int, int]:
    """How many checks there were, and how many of them could not run (unknown or crashed)."""
    stopped = {result.rule for result in (*diagnosis.unknown, *diagnosis.crashed)}
    done = {result.rule for result in (*diagnosis.healthy, *diagnosis.not_applicable)}
    hit = {finding.rule for finding in diagnosis.findings}
    return len(stopped | done | hit), len(stopped - hit)


def silent_nodes(diagnosis: Diagnosis) -> int:
    """Nodes of the cluster that sent no archive."""
    return max(0, diagnosis.cluster.nodes.total - diagnosis.cluster.nodes.with_archive)


def network_words(network: NetworkInfo) -> str:
    """``BYOCNI (calico)`` or ``Azure CNI overlay``: mode and plugin, but neither said twice."""
    mode = "BYOCNI" if network.byocni else one_line(network.mode)
    plugin = one_line(network.plugin)
    if plugin.lower() in ("", "none", "unknown"):
        return mode
    short, long = _letters(mode), _letters(plugin)
    return plugin if short in long else mode if long in short else f"{mode} ({plugin})"


def _letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def is_partial(diagnosis: Diagnosis) -> bool:
    """True where something that could change the verdict was not there to be looked at."""
    return not diagnosis.bundle.complete or checks(diagnosis)[1] > 0


def is_too_little(diagnosis: Diagnosis) -> bool:
    """True where most checks could not run: that nothing was found then says nothing."""
    total, stopped = checks(diagnosis)
    return stopped * 2 > total


def build_verdict(index: Index) -> Verdict:
    """The sentences under the heading, made of counts alone."""
    diagnosis = index.diagnosis
    if diagnosis.cluster.aks == "no":
        return _not_aks(diagnosis)
    where = " in what was collected" if is_partial(diagnosis) else ""
    total, stopped = checks(diagnosis)
    ran = f"{total - stopped:,} of {count(total, 'check')} ran"
    if not index.findings and is_too_little(diagnosis):
        return Verdict(("Too little was collected to tell.", f"{ran}, and found no issue."))
    if not index.findings:
        rest = f", {stopped:,} could not run" if stopped else ""
        return Verdict((f"No issues found{where}.", f"{ran}{rest}."))
    start, reason = _start(index)
    return Verdict((_how_many(index, where), *_whose(index)), start, reason)


def _not_aks(diagnosis: Diagnosis) -> Verdict:
    sentences = ["This is not an AKS cluster."]
    if diagnosis.cluster.aks_reason:
        sentences.append(sentence(diagnosis.cluster.aks_reason))
    sentences.append("The AKS support policy does not reach it, so nothing here has an owner.")
    if diagnosis.findings:
        sightings = count(len(diagnosis.findings), "sighting")
        sentences.append(f"{sightings} of the checks are in the JSON report, not on this page.")
    return Verdict(tuple(sentences))


def _how_many(index: Index, where: str) -> str:
    issues, roots = len(index.findings), len(index.roots)
    verb = "comes" if issues == 1 else "come"
    kinds = len({kind_of(root) for root in index.roots})
    of_kinds = f" of {count(kinds, 'kind')}" if roots > ROOTS_OPEN and kinds < roots else ""
    if roots < issues:
        source = f"{count(roots, 'root cause')}{of_kinds}"
        return f"{count(issues, 'issue')}{where} {verb} from {source}."
    if issues == 1:
        return f"1 issue found{where}."
    return f"{count(issues, 'issue')}{of_kinds} found{where}; none of them explains another."


def _whose(index: Index) -> Iterator[str]:
    """Whose all are; else Microsoft's part, and what is open, which may still be Microsoft's."""
    total, needed = len(index.findings), _owned(index, Owner.MICROSOFT)
    left = _owned(index, Owner.UNDETERMINED)
    owners = {finding.owner for finding in index.findings}
    if len(owners) == 1:
        yield _ALL_OF_ONE[owners.pop()][total > 1]
        return
    if needed:
        yield f"{needed:,} {'needs' if needed == 1 else 'need'} Microsoft."
    elif not left:
        yield "None needs Microsoft."
    if left:
        verb = "is an open question" if left == 1 else "are open questions"
        yield f"{left:,} {verb}: the bundle does not tell whose."


def _owned(index: Index, owner: Owner) -> int:
    return sum(finding.owner is owner for finding in index.findings)


def _start(index: Index) -> tuple[Link | None, str]:
    """The root cause that explains most; the worst one where none explains another."""
    if len(index.findings) < 2:
        return None, ""
    weights = [(len(index.explained(root.id)), root) for root in index.roots]
    most, root = max(weights, key=lambda pair: pair[0])
    same = sum(kind_of(other) == kind_of(index.roots[0]) for other in index.roots)
    if not most and same <= SAME_RULE_MAX:
        return index.link(index.roots[0]), "nothing else here is more severe."
    if not most or most < len(index.findings) * _TELLING < same:
        words = f"it is one of {same:,} of its kind, and nothing here is more severe."
        return index.link(index.roots[0]), words
    others = len(index.findings) - 1
    if most == others:
        return index.link(
            root
        ), "it explains all others." if most > 1 else "it explains the other one."
    return index.link(root), f"it explains {most:,} of the other {others:,}."


def build_ledger(index: Index) -> tuple[LedgerRow, ...]:
    """Four owners always, and "undetermined" where there is something to settle."""
    if index.diagnosis.cluster.aks == "no":
        return ()
    rows = [_row(index, owner) for owner in Owner]
    return tuple(row for row in rows if row.owner.key != Owner.UNDETERMINED.value or row.number)


def _row(index: Index, owner: Owner) -> LedgerRow:
    own = [finding for finding in index.findings if finding.owner is owner]
    # A symptom may have another owner than its cause; then it stands for itself here.
    roots = [finding for finding in own if not index.causes[finding.id]] or own
    # Two of different kinds say more than two of the same.
    first_of = {kind_of(root): root for root in reversed(roots)}
    named = sorted(first_of.values(), key=roots.index)[:_ROOTS_PER_ROW]
    named += [root for root in roots if root not in named][: _ROOTS_PER_ROW - len(named)]
    links = tuple(
        Link(clip_words(index.link(root).text, _LEDGER_TITLE_MAX), index.link(root).href)
        for root in named
    )
    hidden = len(roots) - len(links)
    noun = "open question" if owner is Owner.UNDETERMINED else "issue"
    return LedgerRow(
        owner=mark(owner),
        number=len(own),
        count=count(len(own), noun),
        roots=links,
        more_roots=f"and {hidden:,} more" if hidden > 0 else "",
        next_step=_next_step(owner, roots, index.diagnosis),
    )


def _next_step(owner: Owner, roots: list[Finding], diagnosis: Diagnosis) -> str:
    if not roots:
        return "Not known" if is_too_little(diagnosis) else "Nothing to do"
    if owner is Owner.MICROSOFT:
        return "Open a support request and paste the ticket summary"
    if owner is Owner.UNDETERMINED:
        missing = next((text for root in roots for text in root.would_change), "")
        # What it would settle stands with the finding; here only what to get.
        what = one_line(missing).partition(": ")[0]
        what = what[:1].lower() + what[1:] if what.startswith(_ARTICLES) else what
        return f"To settle it: {clip_words(what, _STEP_MAX)}" if what else _COLLECT
    act = roots[0].act_next
    step = first_words(act.what, _STEP_MAX)
    # An upstream bug or a CNI of one's own says whose it is, and not who moves now.
    return step if act.who.value == owner.value else f"{ACTOR_NAMES[act.who]}: {step}"


def build_notices(index: Index, masked_total: int) -> tuple[Notice, ...]:
    """What a reader must know before believing the page, most important first."""
    diagnosis = index.diagnosis
    notices = [
        *_support_notice(index),
        *_redaction_notice(diagnosis),
        *_identity_notice(diagnosis),
        *_gap_notice(diagnosis),
        *_time_notice(diagnosis),
        *(Notice(sentence(text)) for text in diagnosis.notices),
    ]
    if not masked_total and not diagnosis.bundle.redacted:
        look = Link("Check before you attach it", "#redaction")
        notices.append(Notice("Nothing was masked.", look))
    return tuple(notices)


def _support_notice(index: Index) -> list[Notice]:
    findings = [f for f in index.findings if f.stance is Stance.CLUSTER_UNSUPPORTED]
    if not findings and not index.diagnosis.summary.cluster_unsupported:
        return []
    text = "The support policy puts this cluster outside support as it is."
    return [Notice(text, index.link(findings[0]) if findings else None)]


def _redaction_notice(diagnosis: Diagnosis) -> list[Notice]:
    if not diagnosis.bundle.redacted:
        return []
    text = "Made from a redacted bundle: names and addresses are stand-ins."
    return [Notice(text, Link("How to read them", "#redaction"))]


def _identity_notice(diagnosis: Diagnosis) -> list[Notice]:
    if diagnosis.cluster.aks != "unknown":
        return []
    reason = f" {sentence(diagnosis.cluster.aks_reason)}" if diagnosis.cluster.aks_reason else ""
    return [Notice(f"The bundle does not show whether this is an AKS cluster.{reason}")]


def _gap_notice(diagnosis: Diagnosis) -> list[Notice]:
    total, stopped = checks(diagnosis)
    silent, nodes = silent_nodes(diagnosis), diagnosis.cluster.nodes.total
    unasked = min(silent, _not_asked(diagnosis))
    silent -= unasked
    parts: list[str] = []
    if unasked:
        words = "node was not asked", "nodes were not asked"
        parts.append(f"{count(unasked, *words)} for an archive")
    if silent and nodes:
        who = "no node" if silent == nodes else f"{silent:,} of {count(nodes, 'node')}"
        parts.append("no node sent an archive" if silent == nodes else f"{who} sent nothing")
    if stopped:
        parts.append(f"{stopped:,} of {count(total, 'check')} could not run")
    if not parts and diagnosis.bundle.complete:
        return []
    lead = "Not everything could be checked" if stopped else "Not every node is seen"
    lead = lead if diagnosis.bundle.complete else "Incomplete bundle"
    lost = len(diagnosis.bundle.missing)
    if lost and not silent and not unasked and not diagnosis.bundle.complete:
        parts.insert(0, f"{count(lost, 'input is', 'inputs are')} missing or damaged")
    detail = ", ".join(parts) or "what is missing is not known"
    return [Notice(f"{lead}: {detail}.", Link("See what is missing", "#missing"))]


def _not_asked(diagnosis: Diagnosis) -> int:
    """Nodes that the collector left out on purpose: Windows, virtual nodes, those not chosen."""
    return sum(
        gap.reason is Presence.NOT_ASKED and _NODE.fullmatch(gap.path) is not None
        for gap in diagnosis.bundle.missing
    )


def _time_notice(diagnosis: Diagnosis) -> list[Notice]:
    bundle = diagnosis.bundle
    if any("when it was collected" in text for text in diagnosis.notices):
        return []
    if bundle.collected_at is None:
        return [
            Notice("The bundle does not tell when it was collected; nothing here depends on age.")
        ]
    if any(word in bundle.collected_at_source for word in ("manifest", "collection")):
        return []
    source = one_line(bundle.collected_at_source)
    return [Notice(f"“Now” is {when(bundle.collected_at)}, taken from {source}.")]
