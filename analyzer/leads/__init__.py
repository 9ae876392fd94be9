"""Leads: bursts of error lines that no signature explains. Where to look, and never a verdict."""

from analyzer.leads.find import find_leads

__all__ = ["find_leads"]
