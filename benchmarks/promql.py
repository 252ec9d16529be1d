"""Speed of the embedded PromQL evaluator: `sum by (service) (rate(x[5m]))` from arrays and from a store.

    python -m benchmarks.promql [--scale 1.0] [--rounds 3]

7,000 series x 1,440 steps over 10,080,000 samples, one minute apart. Prints samples per second and core
(CPU time, best round) from arrays, and how much longer the same takes from the files of an embedded
store; exits 1 if either misses its goal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from obslib.core.layout import LABELS, SERIES, Batch, MetricBatch, conform
from obslib.core.series import SeriesBlock, SeriesReader
from obslib.languages.promql import MemorySeries, query_range
from obslib.store.store import Store

QUERY = "sum by (service) (rate(http_requests_total[5m]))"
GOAL = 10e6
STORE_GOAL = 2.0
STEP = 60_000
START = 1_767_225_600_000


def counters(series: int, samples: int, *, seed: int = 1) -> SeriesBlock:
    """Counters of 20 services that rise at random, reset now and then, and are scraped with some jitter."""
    random = np.random.default_rng(seed)
    rises = random.poisson(30.0, (series, samples)).astype(np.float64)
    values = np.cumsum(rises, axis=1)
    restart = random.integers(0, samples, series)
    for row in np.flatnonzero(random.random(series) < 0.2):
        values[row, restart[row] :] -= values[row, restart[row]]
    jitter = random.integers(0, 5_000, (series, 1))
    times = START + jitter + STEP * np.arange(samples, dtype=np.int64)
    labels = [
        {"__name__": "http_requests_total", "service": f"service-{row * 20 // series:02d}", "pod": f"pod-{row:05d}"}
        for row in range(series)
    ]
    offsets = samples * np.arange(series + 1, dtype=np.int64)
    return SeriesBlock(labels, offsets, times.ravel(), values.ravel())


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 0 if the goal is met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.promql", description=__doc__.split("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the 7,000 series (default 1.0)")
    parser.add_argument("--rounds", type=int, default=3, help="the best of this many counts (default 3)")
    options = parser.parse_args(arguments)
    series, steps = max(1, round(7_000 * options.scale)), 1_440
    block = counters(series, steps)
    samples = len(block.times)
    print(f"{series:,} series x {steps:,} steps, {samples:,} samples: {QUERY}")
    end = START + (steps - 1) * STEP
    arrays = min(measure(MemorySeries(block), end) for _ in range(options.rounds))
    with tempfile.TemporaryDirectory() as folder:
        store = fill(Path(folder) / "store", block)
        files = min(measure(store, end) for _ in range(options.rounds))
    rate, ratio = samples / arrays, files / arrays
    print(f"from arrays {rate / 1e6:.1f}M samples/s/core ({arrays:.2f} CPU-s, goal >= {GOAL / 1e6:.0f}M); ", end="")
    print(f"from the store's files {ratio:.2f}x that time ({files:.2f} CPU-s, goal <= {STORE_GOAL:g}x)")
    return 0 if rate >= GOAL and ratio <= STORE_GOAL else 1


def fill(folder: Path, block: SeriesBlock) -> Store:
    """A store that holds the same samples."""
    names = pa.table(
        {
            "metric_name": [one["__name__"] for one in block.labels],
            "labels": pa.array([[(k, v) for k, v in one.items() if k != "__name__"] for one in block.labels], LABELS),
        }
    )
    codes = np.repeat(np.arange(len(block.labels), dtype=np.int32), np.diff(block.offsets))
    store = Store.create(folder)
    store.append(Batch(metrics=MetricBatch(conform(names, SERIES), codes, block.times, block.values)))
    return store


def measure(reader: SeriesReader, end: int) -> float:
    """CPU seconds of one query over the samples."""
    start = time.process_time()
    result = query_range(QUERY, reader, start=START, end=end, step=STEP)
    spent = time.process_time() - start
    print(f"  {spent:.2f} CPU-s, total {np.nansum(result.values):.4f}")
    return spent


if __name__ == "__main__":
    sys.exit(main())
