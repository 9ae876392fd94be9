"""Rebuilds tables of ``data/`` from local checkouts of the public sources; used by maintainers.

``python -m analyzer.baselines.refresh SOURCES`` reads ``SOURCES/AgentBaker`` (Azure/AgentBaker) and
``SOURCES/azure-aks-docs`` (MicrosoftDocs/azure-aks-docs), writes the tables of node images and the
support calendar, and prints what changed. The same checkouts give the same bytes.
"""
