"""Speed of the embedded PromQL evaluator: `sum by (service) (rate(x[5m]))` from arrays.

    python -m benchmarks.promql [--scale 1.0] [--rounds 3]

7,000 series x 1,440 steps over 10,080,000 samples, one minute apart. Prints samples per second and core
(CPU time, best round); exits 1 below the goal.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from obslib.core.series import SeriesBlock
from obslib.languages.promql import MemorySeries, query_range

QUERY = "sum by (service) (rate(http_requests_total[5m]))"
GOAL = 10e6
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
    best = min(measure(block, steps) for _ in range(options.rounds))
    rate = samples / best
    print(f"goal: >= {GOAL / 1e6:.1f}M samples/s/core from arrays; {rate / 1e6:.1f}M ({best:.2f} CPU-s)")
    return 0 if rate >= GOAL else 1


def measure(block: SeriesBlock, steps: int) -> float:
    """CPU seconds of one query over the samples."""
    reader = MemorySeries(block)
    start = time.process_time()
    result = query_range(QUERY, reader, start=START, end=START + (steps - 1) * STEP, step=STEP)
    spent = time.process_time() - start
    print(f"  {spent:.2f} CPU-s, total {np.nansum(result.values):.4f}")
    return spent


if __name__ == "__main__":
    sys.exit(main())
