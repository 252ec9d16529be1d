"""DuckDB over Arrow columns, for what Arrow has no kernel for: JSON, time patterns, base64."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pyarrow as pa

from obslib.store.ingest.nested import one_array


def columns_of(
    query: str, given: Mapping[str, pa.Array], parameters: Mapping[str, str] | None = None
) -> list[pa.Array]:
    """The columns of `query` over a table `given`, in the order of its rows; parameters are bound by name."""
    with _engine().cursor() as connection:
        connection.register("given", pa.table(dict(given)))
        answer = connection.sql(query, params=dict(parameters) if parameters else None).to_arrow_table()
    return [one_array(column) for column in answer.columns]


@cache
def _engine() -> Any:
    """One engine a process: opening one costs as much as parsing some thousand lines."""
    import duckdb

    return duckdb.connect()
