"""The questions of `benchmarks.store`, in the words of each engine: obslib, DuckDB and polars."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

os.environ.setdefault("POLARS_MAX_THREADS", "2")  # read once, when polars is imported

import duckdb
import polars as pl

from benchmarks.store_data import DAY, STEPS
from obslib.languages.promql import query_range
from obslib.store.store import Store

Question = Callable[[], object]

ONE_SERVICE = "service-07"
P95 = """
    select service_name, time_bucket(interval 5 minute, timestamp) as b, quantile_cont(duration, 0.95)
    from {spans} group by all
"""
PER_MINUTE = "select time_bucket(interval 1 minute, timestamp) as b, count(*) from {logs} where %s group by all"
LIKE = PER_MINUTE % "body like '%retried step 2%'"
REGEX = PER_MINUTE % "regexp_matches(body, 'failed step 1[0-9]+ in [0-9][0-9][0-9]')"
ATTRIBUTE = PER_MINUTE % """(log_attributes->>'$."http.response.status_code"')::int = 500"""
TRACE = "select * from {spans} where trace_id = '%s'"
RATE = """
    with steps as (
        select series_id, time, value - lag(value) over (partition by series_id order by time) as step
        from {samples} %s
    )
    select service_name, time_bucket(interval 1 minute, time) as minute,
        sum(case when step < 0 then 0 else step end) / 60 as rate
    from steps join {series} using (series_id) group by all
"""
RATE_OF_ONE = f"where series_id in (select series_id from {{series}} where service_name = '{ONE_SERVICE}')"


def of_obslib(store: Store, trace: str) -> dict[str, Question]:
    """PromQL for rates (with its resets and extrapolation), the store's SQL for the rest."""
    views = {"spans": "spans", "logs": "logs"}

    def promql(selector: str) -> object:
        query = f"sum by (service) (rate(http_requests_total{selector}[2m]))"
        return query_range(query, store, start=DAY, end=DAY + (STEPS - 1) * 60_000, step=60_000)

    sql = {name: text.format(**views) for name, text in _shared(trace).items()}
    rates = {
        "Q1 rate by service, 1 min, all samples": lambda: promql(""),
        "Q1b rate, one service": lambda: promql(f'{{service="{ONE_SERVICE}"}}'),
    }
    return rates | {name: lambda text=text: store.arrow(text) for name, text in sql.items()}  # type: ignore[misc]


def of_duckdb(files: Mapping[str, str], trace: str) -> dict[str, Question]:
    """Plain SQL over the Parquet files."""
    connection = duckdb.connect()
    for setting in ("threads = 2", "parquet_metadata_cache = true"):
        connection.execute(f"set {setting}")
    tables = {name: f"read_parquet('{path}')" for name, path in files.items()}
    rates = {"Q1 rate by service, 1 min, all samples": RATE % "", "Q1b rate, one service": RATE % RATE_OF_ONE}
    texts = {name: text.format(**tables) for name, text in (rates | _shared(trace)).items()}
    return {name: lambda text=text: connection.sql(text).to_arrow_table() for name, text in texts.items()}  # type: ignore[misc]


def of_polars(files: Mapping[str, str], trace: str) -> dict[str, Question]:
    """Lazy frames over the same files."""
    series, samples, spans, logs = (pl.scan_parquet(files[name]) for name in ("series", "samples", "spans", "logs"))
    minute = pl.col("timestamp").dt.truncate("1m").alias("b")

    def rate(wanted: pl.LazyFrame) -> object:
        step = (pl.col("value") - pl.col("value").shift(1).over("series_id")).clip(lower_bound=0)
        steps = wanted.with_columns(step=step).join(series, on="series_id")
        return steps.group_by("service_name", pl.col("time").dt.truncate("1m")).agg(pl.col("step").sum() / 60).collect()

    def count(condition: pl.Expr) -> object:
        return logs.filter(condition).group_by(minute).len().collect()

    one = samples.join(
        series.filter(pl.col("service_name") == ONE_SERVICE), on="series_id", how="semi", maintain_order="left"
    )
    p95 = pl.col("duration").quantile(0.95, "linear")
    status = pl.col("log_attributes").str.json_path_match('$["http.response.status_code"]')
    return {
        "Q1 rate by service, 1 min, all samples": lambda: rate(samples),
        "Q1b rate, one service": lambda: rate(one),
        "Q2 exact p95 by service, 5 min": lambda: (
            spans.group_by("service_name", pl.col("timestamp").dt.truncate("5m")).agg(p95).collect()
        ),
        "Q3 LIKE, per minute": lambda: count(pl.col("body").str.contains("retried step 2", literal=True)),
        "Q3b regex, per minute": lambda: count(pl.col("body").str.contains("failed step 1[0-9]+ in [0-9][0-9][0-9]")),
        "Q3c JSON attribute, per minute": lambda: count(status == "500"),
        "Q4 one trace by id": lambda: spans.filter(pl.col("trace_id") == trace).collect(),
    }


def _shared(trace: str) -> dict[str, str]:
    return {
        "Q2 exact p95 by service, 5 min": P95,
        "Q3 LIKE, per minute": LIKE,
        "Q3b regex, per minute": REGEX,
        "Q3c JSON attribute, per minute": ATTRIBUTE,
        "Q4 one trace by id": TRACE % trace,
    }
