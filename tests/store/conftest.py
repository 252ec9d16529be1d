"""Small batches for tests of the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from obslib.core.layout import LABELS, Batch, MetricBatch
from obslib.store.store import Store

MIDNIGHT = 1_790_035_200_000  # 2026-09-22T00:00Z, epoch ms


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "telemetry")


def series_table(labels: list[dict[str, str]], name: str = "requests_total") -> pa.Table:
    return pa.table(
        {
            "metric_name": [name] * len(labels),
            "metric_type": ["counter"] * len(labels),
            "metric_unit": [""] * len(labels),
            "metric_description": ["Requests."] * len(labels),
            "labels": pa.array([list(one.items()) for one in labels], LABELS),
        }
    )


def counters(services: int, steps: int, *, start: int = MIDNIGHT, every: int = 60_000, value: float = 0.0) -> Batch:
    """`services` series of `steps` samples each, in order of arrival (all series of a moment together)."""
    series = series_table([{"service": f"s{n}", "instance": f"i{n}"} for n in range(services)])
    codes = np.tile(np.arange(services, dtype=np.int32), steps)
    times = np.repeat(start + np.arange(steps, dtype=np.int64) * every, services)
    values = value + np.repeat(np.arange(steps, dtype=float), services) * (1 + codes)
    return Batch(metrics=MetricBatch(series, codes, times, values))


def log_batch(rows: int, *, start: int = MIDNIGHT, body: str = "hello") -> Batch:
    times = (start * 10**6 + np.arange(rows, dtype=np.int64) * 10**9).astype("datetime64[ns]")
    return Batch(
        logs=pa.table(
            {
                "timestamp": pa.array(times, pa.timestamp("ns", "UTC")),
                "service_name": [f"s{n % 3}" for n in range(rows)],
                "severity_number": pa.array([9 if n % 4 else 17 for n in range(rows)], pa.int32()),
                "body": [f"{body} {n}" for n in range(rows)],
                "trace_id": [f"{n // 2:032x}" for n in range(rows)],
                "log_attributes": [f'{{"http.response.status_code":{200 + n % 2},"user":"u{n}"}}' for n in range(rows)],
            }
        )
    )


def span_batch(traces: int, per_trace: int = 4, *, start: int = MIDNIGHT) -> Batch:
    rows = traces * per_trace
    place = np.arange(rows)
    begins = start * 10**6 + (place // per_trace) * 10**9 + (place % per_trace) * 10**6
    return Batch(
        spans=pa.table(
            {
                "timestamp": pa.array(begins.astype("datetime64[ns]"), pa.timestamp("ns", "UTC")),
                "end_timestamp": begins + 5 * 10**6,
                "duration": np.full(rows, 5 * 10**6),
                "trace_id": [f"{n // per_trace:032x}" for n in place],
                "span_id": [f"{n:016x}" for n in place],
                "parent_span_id": ["" if n % per_trace == 0 else f"{n - 1:016x}" for n in place],
                "service_name": [f"s{n % per_trace}" for n in place],
                "span_name": ["GET /"] * rows,
                "span_kind": pa.array([2] * rows, pa.int32()),
                "status_code": pa.array([0] * rows, pa.int32()),
                "span_attributes": ['{"http.route":"/"}'] * rows,
            }
        )
    )


@pytest.fixture
def names() -> Callable[[Store], int]:
    return lambda store: len(store.find_series([]))
