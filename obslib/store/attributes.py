"""Attributes kept as JSON text become typed columns of a table."""

from __future__ import annotations

import duckdb
import msgspec
import pandas as pd
import pyarrow as pa


def attribute_columns(table: pa.Table, sources: tuple[str, ...], taken: frozenset[str]) -> dict[str, pd.Series]:
    """One column per attribute name in the JSON columns `sources`; earlier sources win.

    Numbers and truth values are typed where all rows agree, else text; nested objects and lists
    stay JSON text. Names in `taken` belong to fixed columns and are skipped.
    """
    columns: dict[str, pd.Series] = {}
    with duckdb.connect(":memory:") as connection:
        connection.register("records", table.select(sources))
        for source in sources:
            for name, column in _expand(connection, source).items():
                if name not in taken:
                    columns.setdefault(name, column)
    return columns


def _expand(connection: duckdb.DuckDBPyConnection, source: str) -> dict[str, pd.Series]:
    found = connection.sql(
        f"select json_group_structure(one::json) from (select distinct {source} as one from records)"
    )
    ((structure,),) = found.fetchall()
    shape = msgspec.json.decode(structure) if structure else None
    if not isinstance(shape, dict) or not shape:
        return {}
    wanted = msgspec.json.encode({name: _column_type(kind) for name, kind in shape.items()}).decode()
    rows = connection.sql(
        f"select unnest(json_transform({source}::json, '{wanted.replace(chr(39), chr(39) * 2)}')) from records"
    )
    return dict(rows.to_arrow_table().to_pandas().items())


def _column_type(kind: object) -> str:
    """Nested values as JSON text, values of several types as plain text, all else as DuckDB found it."""
    if not isinstance(kind, str):
        return "JSON"
    return "VARCHAR" if kind in {"JSON", "NULL"} else kind
