"""The embedded store's promises: bytes a row, ingest CPU, and questions against plain DuckDB and polars.

    python -m benchmarks.store [--scale 1.0] [--dir DIR]

Scale 1 is 10,080,000 samples of 7,000 series, 2M logs with JSON attributes and 2M spans. The peers
read the same rows in the same order from zstd Parquet that DuckDB wrote. Each engine is asked in its
own words (`benchmarks.store_questions`): obslib answers rates with PromQL, all else with SQL. CPU
seconds, best of `--rounds`, all engines in the same run with two threads.
Goals: <= 2.1 bytes a sample, <= 45 a log record, <= 55 a span; each question within 1.1x of the
better peer; a trace by its id <= 20 ms.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

from benchmarks import store_data
from benchmarks.store_questions import of_duckdb, of_obslib, of_polars
from obslib.store.store import Store

SIZES = {"metrics": 2.1, "logs": 45.0, "spans": 55.0}
SLACK = 1.1
TRACE_SECONDS = 0.020


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
    """The same rows in the same order as zstd Parquet, written by DuckDB with its own defaults."""
    orders = {"samples": "series_id, time", "series": "series_id", "logs": "timestamp", "spans": "timestamp"}
    files = {name: str(folder / f"{name}.parquet") for name in orders}
    with duckdb.connect() as connection:
        for name, order in orders.items():
            connection.register("rows", store.arrow(f"select * from {name}"))
            target = f"'{files[name]}' (format parquet, compression zstd)"
            connection.execute(f"copy (select * from rows order by {order}) to {target}")
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


def compare(store: Store, files: dict[str, str], rounds: int) -> list[str]:
    """Ask every question of every engine and print a table; returns the questions that miss the goal."""
    trace = store.sql("select trace_id from spans order by trace_id limit 1 offset 1000")["trace_id"][0]
    engines = [of_obslib(store, trace), of_duckdb(files, trace), of_polars(files, trace)]
    missed = []
    print(f"{'CPU s':<42}{'obslib':>9}{'duckdb':>9}{'polars':>9}{'of better':>11}")
    for name in engines[0]:
        ours, *peers = (best(engine[name], rounds) for engine in engines)
        ratio = ours / min(peers)
        print(f"{name:<42}{ours:>9.3f}{peers[0]:>9.3f}{peers[1]:>9.3f}{ratio:>10.2f}x")
        if ratio > SLACK or (name.startswith("Q4") and ours > TRACE_SECONDS):
            missed.append(name.split()[0])
    return missed


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
        missed = compare(store, write_peers(store, Path(temporary)), arguments.rounds)
    small = all(sizes[signal] <= goal for signal, goal in SIZES.items())
    listed = ", ".join(f"{signal} {sizes[signal]:.2f} (goal <= {goal:g})" for signal, goal in SIZES.items())
    answer = f"missed by {', '.join(missed)}" if missed else "met by all"
    print(f"bytes a row: {listed}; goal <= {SLACK}x of the better peer, a trace <= 20 ms: {answer}")
    return 0 if small and not missed else 1


if __name__ == "__main__":
    sys.exit(main())
