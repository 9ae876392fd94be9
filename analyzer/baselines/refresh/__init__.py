"""Rebuilds tables of ``data/`` from local checkouts of the public sources; used by maintainers.

``python -m analyzer.baselines.refresh SOURCES --as-of DATE`` (or ``make data SOURCES=DIR``) reads
``SOURCES/AgentBaker`` (Azure/AgentBaker), ``SOURCES/AKS`` (Azure/AKS) and
``SOURCES/azure-aks-docs`` (MicrosoftDocs/azure-aks-docs), writes node images, component versions,
the support calendar and the endpoints, prints what changed, and asks about what is kept by hand.
The same checkouts give the same bytes, with the commit ids in the files.
"""
