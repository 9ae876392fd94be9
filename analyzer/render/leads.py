"""Where to look: bursts of log lines that no signature explains. No verdict, no owner."""

from __future__ import annotations

from analyzer.model.diagnosis import Diagnosis, Lead
from analyzer.render.asides import LeadRow, Leads
from analyzer.render.exposures import places
from analyzer.render.text import clip, count, one_line, span

ROWS_MAX = 20
_TEXT_MAX = 300
_PLACES_MAX = 2


def build_leads(diagnosis: Diagnosis) -> Leads | None:
    """Rows in the order of the diagnosis (what stands out most comes first); None without leads."""
    if not diagnosis.leads or diagnosis.cluster.aks == "no":
        return None
    hidden = len(diagnosis.leads) - ROWS_MAX
    return Leads(
        rows=tuple(_row(lead) for lead in diagnosis.leads[:ROWS_MAX]),
        note=f"{count(hidden, 'more lead')} in the JSON report." if hidden > 0 else "",
    )


def _row(lead: Lead) -> LeadRow:
    source = [one_line(lead.component), f"on {one_line(lead.node)}" if lead.node else ""]
    return LeadRow(
        template=clip(one_line(lead.template), _TEXT_MAX),
        source=clip(" ".join(part for part in source if part), 160),
        rate=_rate(lead),
        seen=span(lead.onset, lead.last_seen),
        why=clip(one_line(lead.why), _TEXT_MAX),
        places=places(lead.evidence, _PLACES_MAX),
    )


def _rate(lead: Lead) -> str:
    """``420 lines, 14 a minute; usual here: 0.2``."""
    text = f"{count(lead.count, 'line')}, {_number(lead.rate)} a minute"
    return text if lead.usual is None else f"{text}; usual: {_number(lead.usual)}"


def _number(rate: float) -> str:
    """One decimal below ten; what is less than a tenth is not written as nothing."""
    if 0 < rate < 0.1:
        return "less than 0.1"
    return f"{rate:,.1f}" if 0 < rate < 10 else f"{rate:,.0f}"
