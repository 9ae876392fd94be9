"""Files to typed facts: cluster, nodes, workloads, pods, events, network, and what is missing.

Objects are slim: fields that nobody asks about are ignored, and a field that was not shown is
``None``, which means unknown and never false. A listing that was not collected raises
:class:`analyzer.model.gap.NotCollected` instead of looking empty.
"""
