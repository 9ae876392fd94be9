"""The expected state of a cluster, whose an object is, and who changed it.

Data in ``data/`` says what AKS runs where and what a customer may change; ``catalogue`` loads it,
``select`` picks what one cluster should run, ``markers`` tells whose an object is, ``attribution``
reads who changed it and ``drift`` compares. Every data file carries its date and its sources.
"""

from __future__ import annotations

from analyzer.baselines.freshness import data_date

__all__ = ["data_date"]
