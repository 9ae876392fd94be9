"""Many bundles: analysed in processes or on an engine, written as tables, asked in SQL.

Stages: ``sources`` (what is there) → ``local`` or ``dask_engine`` (one bundle at a time, ``work``)
→ ``state`` (what is done already) → ``tables`` (Parquet) → ``query`` and ``page``.
"""

from __future__ import annotations
