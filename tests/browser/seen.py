"""Pages: how they are opened, what is visible on them, and the names of the reports."""

from __future__ import annotations

from typing import Any

import diagnoses

NAMES = tuple(diagnoses.CASES)
AKS = tuple(name for name in NAMES if name != "not_aks")
OPEN_ALL = "document.querySelectorAll('details').forEach(d => d.open = true)"
VISIBLE = "e => e.checkVisibility({contentVisibilityAuto: true}) && e.getClientRects().length > 0"


def visible(page: Any, selector: str) -> list[str]:
    """Ids or texts of what a reader sees."""
    found: list[str] = page.eval_on_selector_all(
        selector, f"all => all.filter({VISIBLE}).map(e => e.id || e.textContent.trim())"
    )
    return found


def watched(context: Any, address: str) -> Any:
    """A page that keeps what it asked for and what it said."""
    page = context.new_page()
    page.seen = []
    page.noise = []
    page.on("request", lambda request: page.seen.append(request.url))
    page.on("console", lambda message: page.noise.append(message.text))
    page.on("pageerror", lambda error: page.noise.append(str(error)))
    page.goto(address)
    return page
