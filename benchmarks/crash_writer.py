"""The writer that `benchmarks.crash` kills; a module of its own so that a fork server can load it first."""

from __future__ import annotations

from multiprocessing.connection import Connection

import numpy as np
import pyarrow as pa

from obslib.core.layout import LABELS, Batch, MetricBatch
from obslib.store.store import Store

ROWS = 24
START = 1_790_035_200_000


def batch(number: int) -> Batch:
    """The batch of this number: `ROWS` logs, spans and samples that all carry it."""
    moment = START + number * 1_000
    stamps = pa.array(np.full(ROWS, moment * 10**6).astype("datetime64[ns]"), pa.timestamp("ns", "UTC"))
    labels = pa.array([[("n", str(n)), ("batch", str(number % 50))] for n in range(ROWS)], LABELS)
    empty = [""] * ROWS
    series = pa.table(
        {
            "metric_name": ["m"] * ROWS,
            "metric_type": empty,
            "metric_unit": empty,
            "metric_description": empty,
            "labels": labels,
        }
    )
    return Batch(
        metrics=MetricBatch(
            series, np.arange(ROWS, dtype=np.int32), np.full(ROWS, moment), np.full(ROWS, float(number))
        ),
        logs=pa.table({"timestamp": stamps, "body": [str(number)] * ROWS}),
        spans=pa.table({"timestamp": stamps, "span_name": [str(number)] * ROWS, "duration": np.zeros(ROWS, np.int64)}),
    )


def write_for_ever(folder: str, first: int, pipe: Connection) -> None:
    """Child: append batches from number `first` on, compacting after every second, until killed."""
    store = Store.open(folder)
    number = first
    while True:
        pipe.send(("append", number))
        store.append(batch(number))
        pipe.send(("done", number))
        if number % 2 == 1:
            pipe.send(("compact", number))
            store.compact()
        number += 1
