"""What the demo platform costs: CPU, rows per signal, bytes per row, peak memory; exit 1 where a goal is missed.

    python -m benchmarks.demo [--scale 1.0] [--days 35]

Bytes are those of plain sorted zstd Parquet, as a store without tricks would write them; the goals
are checked at the default size only.
"""

from __future__ import annotations

import argparse
import io
import resource
import sys
import time
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from obslib import demo
from obslib.core.layout import Batch

GOALS = {
    "CPU seconds": (60.0, "at most"),
    "peak RSS GB": (1.5, "at most"),
    "stored MB": (200.0, "at most"),
    "series": (400.0, "at least"),
    "log rows": (1_000_000.0, "at least"),
    "span rows": (1_000_000.0, "at least"),
    "bytes per sample": (2.1, "at most"),
    "bytes per log row": (45.0, "at most"),
    "bytes per span": (55.0, "at most"),
    "incidents": (14.0, "at least"),
}
DELTA = ("time", "timestamp", "observed_timestamp", "end_timestamp")
PLAIN = ("value", "duration", "span_id", "body", "log_attributes", "span_attributes")


def main() -> int:
    """Generate, measure, print; 0 if every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="factor on log lines and spans (default 1)")
    parser.add_argument("--days", type=int, default=35, help="days of metrics (default 35)")
    arguments = parser.parse_args()
    measured = measure(arguments.scale, arguments.days)
    full = arguments.scale == 1.0 and arguments.days == 35
    missed = 0
    for name, value in measured.items():
        goal, side = GOALS[name]
        fails = full and (value > goal if side == "at most" else value < goal)
        missed += fails
        print(f"{name:<18} {value:>14,.2f}   goal {side} {goal:,.1f}{'   MISSED' if fails else ''}")
    return 1 if missed else 0


def measure(scale: float, days: int) -> dict[str, float]:
    """Generate once and count; the time to encode Parquet is not part of the CPU seconds."""
    rows: Counter[str] = Counter()
    size: Counter[str] = Counter()
    series: set[tuple[str, str]] = set()
    started, writing = time.process_time(), 0.0
    for batch in demo.generate(scale=scale, days=days):
        paused = time.process_time()
        for signal, table in _tables(batch):
            rows[signal] += table.num_rows
            size[signal] += _stored(table)
        if batch.metrics is not None:
            names, labels = (batch.metrics.series.column(name).to_pylist() for name in ("metric_name", "labels"))
            series |= {(name, str(one)) for name, one in zip(names, labels, strict=True)}
        writing += time.process_time() - paused
    return {
        "CPU seconds": time.process_time() - started - writing,
        "peak RSS GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "stored MB": sum(size.values()) / 1e6,
        "series": float(len(series)),
        "log rows": float(rows["logs"]),
        "span rows": float(rows["spans"]),
        "bytes per sample": size["metrics"] / rows["metrics"],
        "bytes per log row": size["logs"] / rows["logs"],
        "bytes per span": size["spans"] / rows["spans"],
        "incidents": float(len(demo.truth(days=days))),
    }


def _tables(batch: Batch) -> list[tuple[str, pa.Table]]:
    found = [(name, getattr(batch, name)) for name in ("logs", "spans", "events", "exemplars")]
    if batch.metrics is not None:
        columns = {"series_id": batch.metrics.codes, "time": batch.metrics.times, "value": batch.metrics.values}
        found.append(("metrics", pa.table(columns)))
    return [(name, table) for name, table in found if table is not None]


def _stored(table: pa.Table) -> int:
    """Bytes of the table as one Parquet file."""
    buffer = io.BytesIO()
    encoding = {name: "DELTA_BINARY_PACKED" for name in table.column_names if name in DELTA}
    encoding |= {name: "PLAIN" for name in table.column_names if name in PLAIN}
    if "labels" in table.column_names:  # exemplars: few, and nested
        encoding = {}
    pq.write_table(
        table,
        buffer,
        compression="zstd",
        row_group_size=1 << 17,
        use_dictionary=[name for name in table.column_names if name not in encoding],
        column_encoding=encoding or None,
    )
    return buffer.getbuffer().nbytes


if __name__ == "__main__":
    sys.exit(main())
