"""The embedded store's promises: bytes a row, ingest CPU, and questions against plain DuckDB and polars.

    python -m benchmarks.store [--scale 1.0] [--dir DIR]

Scale 1 is 10,080,000 samples of 7,000 series, 2M logs with JSON attributes and 2M spans. The peers
read the same rows from sorted zstd Parquet that DuckDB wrote (samples and series in two files, as
here). CPU seconds, best of `--rounds`, all engines in the same run with two threads.
Goals: <= 2.1 bytes a sample, <= 45 a log record, <= 55 a span; each question within 1.1x of the
better peer; a trace by its id <= 20 ms.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import duckdb
import numpy as np
import polars as pl

from benchmarks import store_data
from obslib.store.store import Store

SIZES = {"metrics": 2.1, "logs": 45.0, "spans": 55.0}
SLACK = 1.1
TRACE_SECONDS = 0.020

RATE = """
    with steps as (
        select series_id, time, value - lag(value) over (partition by series_id order by time) as step from {samples} {where}
    )
    select service_name, time_bucket(interval 1 minute, time) as minute, sum(case when step < 0 then 0 else step end) / 60 as rate
    from steps join {series} using (series_id) group by all
"""
ONE = "where series_id in (select series_id from {series} where service_name = 'service-07')"
QUESTIONS = {
    "Q1 rate by service, 1 min, all samples": RATE.replace("{where}", ""),
    "Q1b rate, one service": RATE.replace("{where}", ONE),
    "Q2 exact p95 by service, 5 min": "select service_name, time_bucket(interval 5 minute, timestamp) as b, quantile_cont(duration, 0.95) from {spans} group by all",
    "Q3 LIKE, per minute": "select time_bucket(interval 1 minute, timestamp) as b, count(*) from {logs} where body like '%retried step 2%' group by all",
    "Q3b regex, per minute": "select time_bucket(interval 1 minute, timestamp) as b, count(*) from {logs} where regexp_matches(body, 'failed step 1[0-9]+ in [0-9]{{3}}') group by all",
    "Q3c JSON attribute, per minute": "select time_bucket(interval 1 minute, timestamp) as b, count(*) from {logs} where (log_attributes->>'$.\"http.response.status_code\"')::int = 500 group by all",
    "Q4 one trace by id": "select * from {spans} where trace_id = '{trace}'",
}


def polars_questions(files: dict[str, str], trace: str) -> dict[str, Callable[[], object]]:
    """The same questions in polars' own words."""
    series = pl.scan_parquet(files["series"])
    spans, logs = pl.scan_parquet(files["spans"]), pl.scan_parquet(files["logs"])
    minute = pl.col("timestamp").dt.truncate("1m").alias("b")

    def rate(samples: pl.LazyFrame) -> object:
        step = (pl.col("value") - pl.col("value").shift(1).over("series_id")).clip(lower_bound=0)
        steps = samples.with_columns(step=step).join(series, on="series_id")
        return steps.group_by("service_name", pl.col("time").dt.truncate("1m")).agg(pl.col("step").sum() / 60).collect()

    samples = pl.scan_parquet(files["samples"])
    status = pl.col("log_attributes").str.json_path_match('$["http.response.status_code"]')
    return {
        "Q1 rate by service, 1 min, all samples": lambda: rate(samples),
        "Q1b rate, one service": lambda: rate(
            samples.join(
                series.filter(pl.col("service_name") == "service-07"), on="series_id", how="semi", maintain_order="left"
            )
        ),
        "Q2 exact p95 by service, 5 min": lambda: (
            spans.group_by("service_name", pl.col("timestamp").dt.truncate("5m"))
            .agg(pl.col("duration").quantile(0.95, "linear"))
            .collect()
        ),
        "Q3 LIKE, per minute": lambda: (
            logs.filter(pl.col("body").str.contains("retried step 2", literal=True)).group_by(minute).len().collect()
        ),
        "Q3b regex, per minute": lambda: (
            logs.filter(pl.col("body").str.contains("failed step 1[0-9]+ in [0-9]{3}")).group_by(minute).len().collect()
        ),
        "Q3c JSON attribute, per minute": lambda: logs.filter(status == "500").group_by(minute).len().collect(),
        "Q4 one trace by id": lambda: spans.filter(pl.col("trace_id") == trace).collect(),
    }


def fill(store: Store, scale: float) -> dict[str, float]:
    """Append everything; CPU seconds by signal (generating the data is not counted)."""
    rng = np.random.default_rng(7)
    parts = {
        "metrics": store_data.metrics(max(20, int(7_000 * scale)), rng),
        "logs": store_data.logs(int(2_000_000 * scale), rng),
        "spans": store_data.spans(int(2_000_000 * scale), rng),
    }
    spent = {}
    for signal, batches in parts.items():
        spent[signal] = sum(cpu(lambda batch=batch: store.append(batch)) for batch in batches)  # type: ignore[misc]
    spent["compaction"] = cpu(store.compact)
    return spent


def write_peers(store: Store, folder: Path) -> dict[str, str]:
    """The same rows as sorted zstd Parquet, written by DuckDB with its own defaults."""
    orders = {
        "samples": "series_id, time",
        "series": "series_id",
        "logs": "service_name, timestamp",
        "spans": "service_name, timestamp",
    }
    files = {}
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for name, order in orders.items():
            files[name] = str(folder / f"{name}.parquet")
            connection.register("rows", store.arrow(f"select * from {name}"))
            connection.execute(
                f"copy (select * from rows order by {order}) to '{files[name]}' (format parquet, compression zstd)"
            )
            connection.unregister("rows")
    return files


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of all threads."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def best(work: Callable[[], object], rounds: int) -> float:
    """Least CPU seconds of several runs after one to warm up."""
    work()
    return min(cpu(work) for _ in range(rounds))


def compare(store: Store, files: dict[str, str], rounds: int) -> bool:
    """Ask every question of every engine; prints a table, returns whether the goals are met."""
    trace = store.sql("select trace_id from spans order by trace_id limit 1 offset 1000")["trace_id"][0]
    ours = {name: name for name in files}
    theirs = {name: f"read_parquet('{path}')" for name, path in files.items()}
    polars = polars_questions(files, trace)
    good = True
    print(f"{'question':<42}{'obslib':>9}{'duckdb':>9}{'polars':>9}{'x better':>10}")
    with duckdb.connect() as connection:
        for setting in ("global timezone = 'UTC'", "threads = 2", "parquet_metadata_cache = true"):
            connection.execute(f"set {setting}")
        for name, question in QUESTIONS.items():
            here = question.replace("{where}", "")
            mine = best(lambda: store.arrow(here.format(**ours, trace=trace)), rounds)  # noqa: B023
            duck = best(lambda: connection.sql(here.format(**theirs, trace=trace)).to_arrow_table(), rounds)  # noqa: B023
            pole = best(polars[name], rounds)
            ratio = mine / min(duck, pole)
            good &= ratio <= SLACK and (not name.startswith("Q4") or mine <= TRACE_SECONDS)
            print(f"{name:<42}{mine:>9.3f}{duck:>9.3f}{pole:>9.3f}{ratio:>9.2f}x")
    return good


def main() -> int:
    """Run from the command line; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", type=Path, help="where to keep the data; default: a temporary directory")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as temporary:
        store = Store.create(Path(temporary) / "store")
        spent = fill(store, arguments.scale)
        print("ingest CPU s: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in spent.items()))
        sizes = {one.signal: one.bytes / one.rows for one in store.info() if one.signal in SIZES}
        good = compare(store, write_peers(store, Path(temporary)), arguments.rounds)
    small = all(sizes[signal] <= goal for signal, goal in SIZES.items())
    listed = ", ".join(f"{signal} {sizes[signal]:.2f} (goal <= {goal:g})" for signal, goal in SIZES.items())
    print(
        f"bytes a row: {listed}; questions within {SLACK}x of the better peer and a trace <= 20 ms: {'yes' if good else 'NO'}"
    )
    return 0 if good and small else 1


if __name__ == "__main__":
    sys.exit(main())
