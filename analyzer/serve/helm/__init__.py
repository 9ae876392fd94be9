"""``helm list`` on a bundle: releases put together from what Helm leaves on the objects.

Helm keeps its own records in Secrets, which no bundle holds. What is told here comes from
annotations, labels and custom resources, and each record says what is not known.
"""

from __future__ import annotations
