"""Tables: the columns and cells that ``kubectl get`` prints. The server makes them, not kubectl."""

from __future__ import annotations

from analyzer.serve.tables.table import as_partial_list, as_table, table_of

__all__ = ["as_partial_list", "as_table", "table_of"]
