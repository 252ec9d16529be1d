"""DuckDB over the store's files: the views one queries, and what SQL text is let through."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from obslib.core.errors import QueryError
from obslib.store.files import KINDS, SERIES
from obslib.store.manifest import Manifest

VIEWS = "metrics, series, samples, logs, spans, events, exemplars"
Parameters = Sequence[object] | Mapping[str, object]

_METRICS = """
    select samples.time, series.metric_name, series.service_name, series.labels, samples.value, series_id
    from samples join series using (series_id)
"""


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that can read this folder, write nothing and load no extension."""
    connection = duckdb.connect(":memory:")
    for setting in (
        "global timezone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "parquet_metadata_cache = true",  # files never change once they are listed
        f"allowed_directories = [{_quote(str(folder))}]",
        "enable_external_access = false",
    ):
        connection.execute(f"set {setting}")
    return connection


def create_views(connection: duckdb.DuckDBPyConnection, folder: Path, manifest: Manifest) -> None:
    """(Re)create `samples, series, metrics, logs, spans, events, exemplars` over the manifest's files."""
    schemas = {"series": SERIES} | {name: kind.schema for name, kind in KINDS.items()}
    for signal, schema in schemas.items():
        files = [str(folder / file.path) for file in manifest.of(signal)]
        view = "samples" if signal == "metrics" else signal
        connection.execute(f"create or replace view {view} as {_scan(files, schema)}")
    connection.execute(f"create or replace view metrics as {_METRICS}")


def run(connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters = ()) -> pa.Table:
    """Run one SELECT with bound parameters; the answer as an Arrow table.

    Raises
    ------
    QueryError
        If the text is not exactly one SELECT (or EXPLAIN, DESCRIBE, SUMMARIZE), or DuckDB refuses it.
    """
    try:
        _only_reads(query)
        return connection.sql(query, params=_bindable(parameters)).to_arrow_table()
    except duckdb.Error as error:
        problem, position = _explain(str(error), query)
        raise QueryError(
            f"the store refused the SQL: {problem}", query=query, position=position, fix=_advice(error)
        ) from error


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Arrow to pandas: times, which the files hold without a zone, as UTC; maps of labels as dicts."""
    zoned = [
        item.with_type(pa.timestamp(item.type.unit, "UTC")) if pa.types.is_timestamp(item.type) else item
        for item in table.schema
    ]
    return table.cast(pa.schema(zoned)).to_pandas(maps_as_pydicts="strict")


def _only_reads(query: str) -> None:
    statements = duckdb.extract_statements(query)
    kinds = [statement.type for statement in statements]
    reads = {duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN}
    analyses = kinds == [duckdb.StatementType.EXPLAIN] and "analyze" in query.lower().split("select")[0]
    if len(kinds) != 1 or kinds[0] not in reads or analyses:
        found = ", ".join(kind.name for kind in kinds) or "nothing"
        raise QueryError(
            f"the store's SQL is read-only: one SELECT at a time, got {found}.",
            query=query,
            fix="read with SELECT; write with Store.append or `obslib ingest`.",
        )


def _bindable(parameters: Parameters) -> object:
    if isinstance(parameters, Mapping):
        return {name: _plain(value) for name, value in parameters.items()}
    return [_plain(value) for value in parameters]


def _plain(value: object) -> object:
    """Moments with all their nanoseconds, in UTC and without a zone, as the files hold them."""
    if not isinstance(value, datetime | np.datetime64):
        return value
    moment = pd.Timestamp(value)
    utc = moment if moment.tz is None else moment.tz_convert(None)
    return duckdb.Value(utc.as_unit("ns").isoformat(sep=" ", timespec="nanoseconds"), duckdb.sqltype("TIMESTAMP_NS"))


def _explain(text: str, query: str) -> tuple[str, int | None]:
    """DuckDB's message without its own excerpt, and the place in our query that it is about."""
    lines = text.splitlines() or [text]
    caret = next((n for n, line in enumerate(lines) if line.strip() and not line.strip(" ^")), None)
    if caret is None or not lines[caret - 1].startswith("LINE "):
        return lines[0], _place_of_name(lines[0], query)
    number, _, shown = lines[caret - 1].partition(": ")
    row = int(number.removeprefix("LINE "))
    column = lines[caret].index("^") - len(number) - 2
    source = query.splitlines()
    if row > len(source) or shown.startswith("..."):
        return lines[0], None
    return lines[0], sum(len(line) + 1 for line in source[: row - 1]) + column


def _place_of_name(message: str, query: str) -> int | None:
    """Where the name stands that DuckDB does not know; it gives no place for those."""
    named = re.search(r'column "([^"]+)" not found|name "?([^ "]+)"? does not exist', message)
    found = re.search(rf"\b{re.escape(named[1] or named[2])}\b", query) if named else None
    return found.start() if found else None


def _advice(error: duckdb.Error) -> str:
    lines = str(error).splitlines()
    nearest = next((line for line in lines if line.startswith(("Did you mean", "Candidate bindings"))), "")
    if nearest:
        return f"{nearest} (views: {VIEWS}; `DESCRIBE logs` lists the columns)."
    if "does not exist" in lines[0] or "not found in FROM" in lines[0]:
        return f"views: {VIEWS}; `DESCRIBE logs` lists the columns."
    if "parameter" in lines[0].lower():
        return "give one value per ? (or $name): ws.sql(text, [value, ...]) or ws.sql(text, {name: value})."
    if isinstance(error, duckdb.PermissionException):
        return f"only the store's own views can be read: {VIEWS}; bring other files in with `obslib ingest`."
    return "mend the SQL; it is DuckDB's dialect."


def _scan(files: list[str], schema: pa.Schema) -> str:
    if files:
        return f"select * from read_parquet([{', '.join(map(_quote, files))}], hive_partitioning = false)"
    columns = ", ".join(f"cast(null as {_duckdb_type(item.type)}) as {item.name}" for item in schema)
    return f"select {columns} where false"


def _duckdb_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp_ns" if kind.unit == "ns" else "timestamp"
    if pa.types.is_map(kind):
        return "map(varchar, varchar)"
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind):
        return "varchar"
    return {"int32": "integer", "int64": "bigint", "double": "double"}[str(kind)]


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
