"""What was compared with the baseline: values that match, changes that are allowed, dates."""

from __future__ import annotations

from analyzer.model.diagnosis import ComparedObject, Comparison, Diagnosis
from analyzer.render.asides import ComparedRow, ComparisonView
from analyzer.render.text import clip, count, one_line, utc
from analyzer.render.words import PRESENCE_NAMES

ROWS_MAX = 200
_TEXTS_MAX, _TEXT_MAX = 12, 240
#: From here on the baseline's age is worth a word of warning: releases come about weekly.
OLD_DAYS = 60
_WORDS = {presence.value: words for presence, words in PRESENCE_NAMES.items()}


def build_comparison(diagnosis: Diagnosis) -> ComparisonView | None:
    """Count what was compared; None where nothing was."""
    comparison = diagnosis.comparison
    if comparison is None or diagnosis.cluster.aks == "no":
        return None
    objects = sorted(comparison.objects, key=lambda o: (o.component, o.subject.key))
    rows = [_row(compared) for compared in objects]
    hidden = len(rows) - ROWS_MAX
    return ComparisonView(
        summary=_summary(comparison),
        dates=_dates(comparison, diagnosis),
        told=tuple(row for row in rows if row.allowed or row.newer)[:ROWS_MAX],
        rows=tuple(rows[:ROWS_MAX]),
        rows_more=f"{count(hidden, 'more object')} in the JSON report." if hidden > 0 else "",
        not_compared=tuple(
            clip(_told(text), _TEXT_MAX) for text in comparison.not_compared[:ROWS_MAX]
        ),
    )


def _told(text: str) -> str:
    """The reason's last word as people say it: ``not-asked`` is the model's."""
    head, _, word = one_line(text).rpartition(": ")
    return f"{head}: {_WORDS[word]}" if word in _WORDS else one_line(text)


def _row(compared: ComparedObject) -> ComparedRow:
    return ComparedRow(
        component=clip(one_line(compared.component), 60),
        subject=clip(one_line(str(compared.subject)), 160),
        values=f"{compared.values:,}",
        matched=f"{compared.matched:,}",
        allowed=_texts(compared.allowed),
        newer=_texts(compared.newer),
    )


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    shown = tuple(clip(one_line(text), _TEXT_MAX) for text in texts[:_TEXTS_MAX])
    hidden = len(texts) - len(shown)
    return (*shown, f"and {hidden:,} more in the JSON report") if hidden else shown


def _summary(comparison: Comparison) -> str:
    """``All 212 values of 14 managed objects match.`` or how many do not."""
    objects = len(comparison.objects)
    if not objects:
        return "No managed object could be compared with the baseline."
    values = sum(o.values for o in comparison.objects)
    matched = sum(o.matched for o in comparison.objects)
    what = f"{count(values, 'value')} of {count(objects, 'managed object')}"
    if matched == values:
        return f"All {what} match the baseline."
    allowed = sum(len(o.allowed) for o in comparison.objects)
    newer = sum(len(o.newer) for o in comparison.objects)
    parts = [f"{matched:,} of {what} match the baseline and are not shown"]
    parts += [f"{count(allowed, 'difference')} that AKS allows"] if allowed else []
    word = count(newer, "image or version", "images or versions")
    parts += [f"{word} newer than the baseline"] if newer else []
    return "; ".join(parts) + "."


def _dates(comparison: Comparison, diagnosis: Diagnosis) -> str:
    """The baseline's date against the bundle's, with a warning where they are far apart."""
    collected = diagnosis.bundle.collected_at
    text = f"Baseline data of {one_line(comparison.as_of)}"
    if collected is None:
        return f"{text}; the bundle does not tell when it was collected."
    text += f", bundle of {utc(collected):%Y-%m-%d}"
    days = comparison.days_apart
    if days is None:
        return f"{text}."
    if days < 0:
        return f"{text}: the data is {count(-days, 'day')} newer than the bundle."
    if days <= OLD_DAYS:
        return f"{text}: {count(days, 'day')} apart."
    return (
        f"{text}: the data is {count(days, 'day')} older than the bundle. What AKS released since "
        "is not in it; newer images are named and not judged."
    )
