"""Where the report comes from, and what was masked on the way."""

from __future__ import annotations

from analyzer.model.diagnosis import Diagnosis
from analyzer.redact.mask import pattern_titles
from analyzer.render.overview import checks
from analyzer.render.run import Run
from analyzer.render.shape import Fact, Redaction
from analyzer.render.text import count, short, size, span, when

_NEVER = "The collector never reads Secret objects."
_REDACTED = (
    "This bundle is a redacted copy: names and addresses here are stand-ins, the same thing always "
    "under the same one. Who keeps the key file reads the report with 'demarc unmask'."
)
_KEPT = (
    "Kept on purpose, since network and node problems cannot be read without them: names of nodes, "
    "pods and namespaces, private and public addresses, resource ids."
)
_READ = "Read the page before you attach it; a public issue makes it public."


def build_redaction(diagnosis: Diagnosis, here: dict[str, int]) -> Redaction:
    """What the collector masked in the cluster, and what this program masked in what it shows."""
    titles = pattern_titles()
    there = diagnosis.bundle.masked
    sums: dict[str, tuple[int, int]] = {}
    for kind in sorted(set(there) | set(here)):
        # Two kinds with the same words are one row: collector and analyzer name some differently.
        words = titles.get(kind, short(kind))
        before = sums.get(words, (0, 0))
        sums[words] = before[0] + there.get(kind, 0), before[1] + here.get(kind, 0)
    rows = [(words, f"{a:,}", f"{b:,}") for words, (a, b) in sorted(sums.items()) if a or b]
    collected, shown = sum(there.values()), sum(here.values())
    # What another tool read is not known.
    never = f" {_NEVER}" if diagnosis.bundle.format else ""
    if not collected and not shown:
        summary = f"Nothing was masked: no text matched a known form of a secret.{never}"
    else:
        summary = (
            f"{count(collected, 'secret')} masked by the collector before the data left the "
            f"cluster, {count(shown, 'secret')} masked by this program in what the report shows."
            f"{never}"
        )
    if diagnosis.bundle.redacted:
        return Redaction(f"{_REDACTED} {summary}", _READ, tuple(rows))
    return Redaction(summary, f"{_KEPT} {_READ}", tuple(rows))


def build_provenance(diagnosis: Diagnosis, run: Run) -> tuple[Fact, ...]:
    """Bundle, tool, data files and the outcomes of all checks; empty values are left out."""
    bundle, tool = diagnosis.bundle, diagnosis.tool
    layout = f"demarc bundle, format {bundle.format}" if bundle.format else bundle.layout
    facts = [
        ("Bundle", bundle.name),
        ("Bundle size", f"{size(bundle.size_bytes)} ({bundle.size_bytes:,} bytes)"),
        ("Bundle SHA-256", bundle.sha256),
        ("Layout", layout),
        ("Complete", "yes" if bundle.complete else "no"),
        ("Collector", bundle.collector),
        ("Collector's options", _asked(bundle.collector_options)),
        ("Redacted", "yes" if bundle.redacted else ""),
        ("Collected", _collected(diagnosis)),
        (
            "Program",
            f"{tool.name} {tool.version}" + (f", commit {run.commit}" if run.commit else ""),
        ),
        ("Options", _options(run)),
        ("Support policy of", tool.policy),
        ("Baselines of", _with_digest(tool.baselines, run.baselines_sha256)),
        ("Known bugs of", tool.bugs),
        ("Checks", _outcomes(diagnosis)),
    ]
    return tuple(Fact(name, short(value, 600)) for name, value in facts if value.strip())


def _asked(options: dict[str, str]) -> str:
    """``since 24h, max_node_mb 32``."""
    return ", ".join(
        short(name, 60) if value == "yes" else f"{short(name, 60)} {value}"
        for name, value in options.items()
    )


def _options(run: Run) -> str:
    return " ".join(run.arguments) if run.arguments else "none that change what is said here"


def _with_digest(date: str, sha256: str) -> str:
    return f"{date}, sha256 {sha256}" if sha256 else date


def _collected(diagnosis: Diagnosis) -> str:
    bundle = diagnosis.bundle
    if bundle.collected_at is None:
        return "time not known"
    times = (
        span(bundle.started, bundle.collected_at) if bundle.started else when(bundle.collected_at)
    )
    return f"{times} (from the {bundle.collected_at_source})"


def _outcomes(diagnosis: Diagnosis) -> str:
    if diagnosis.cluster.aks == "no" and len(diagnosis.not_applicable) == checks(diagnosis)[0]:
        return "none: all of them are for AKS clusters"
    hit = len({finding.rule for finding in diagnosis.findings})
    total, stopped = checks(diagnosis)
    parts = [
        f"{total - stopped:,} of {total:,} ran",
        f"{hit:,} with findings",
        f"{len(diagnosis.healthy):,} clear",
        f"{len(diagnosis.not_applicable):,} not applicable",
        f"{len(diagnosis.unknown):,} unknown",
        f"{len(diagnosis.crashed):,} crashed",
    ]
    return ", ".join(parts)
