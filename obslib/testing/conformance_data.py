"""What a backend holds while `MetricSourceConformance` asks it: two hours of known samples.

Samples are 15 s apart and 7 s off the full minute, so that no rule about the edge of a window
decides an answer. Load them with whichever form the backend takes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obslib.core.layout import LABELS, SERIES, MetricBatch, conform
from obslib.core.series import METRIC_NAME
from obslib.core.window import Window

WINDOW = Window("2026-01-15T00:00Z", "2026-01-15T02:00Z")
START = WINDOW.start.value // 10**6
EVERY, OFFSET, COUNT = 15_000, 7_000, 480
REQUESTS, PLACES, GAP, SPECIAL = "conform_requests", "conform_place", "conform_gap", "conform_special"
RISES = {"web-a": 10.0, "web-b": 20.0, "db-c": 5.0}
"""Instances of the counter-like series and by how much they rise from sample to sample."""
HOSTILE = (
    'a "quoted" word',
    "back\\slash",
    "two\nlines",
    '"} or {job="x',
    "日本語 ✓",
    "'single' and `tick`",
    "{{.}} $1 %s",
    '[[1,"2"]],"values":[[3,"4"]]',
)
"""Label values that break what pastes or scans text; one series of `conform_place` each."""
SPECIALS = {"inf": math.inf, "negative_inf": -math.inf}
HOLE = range(120, 360)
"""Which samples of `conform_gap` are absent: the second half hour and the third."""


@dataclass(frozen=True)
class Known:
    """One series: its labels with `__name__`, and its samples in epoch milliseconds."""

    labels: Mapping[str, str]
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]


def known_series() -> list[Known]:
    """Every series that the suite asks for."""
    number = np.arange(COUNT)
    times = START + OFFSET + EVERY * number
    some = np.array([at not in HOLE for at in number])
    steady = [
        Known(
            {METRIC_NAME: REQUESTS, "service": name.split("-")[0], "instance": name},
            times,
            rise * number.astype(np.float64),
        )
        for name, rise in RISES.items()
    ]
    places = [
        Known({METRIC_NAME: PLACES, "place": text}, times, np.full(COUNT, 1.0 + at)) for at, text in enumerate(HOSTILE)
    ]
    special = [
        Known({METRIC_NAME: SPECIAL, "kind": kind}, times, np.full(COUNT, value)) for kind, value in SPECIALS.items()
    ]
    return [*steady, *places, *special, Known({METRIC_NAME: GAP}, times[some], np.ones(int(some.sum())))]


def metric_batch() -> MetricBatch:
    """The series for the embedded store."""
    known = known_series()
    labels = [[pair for pair in one.labels.items() if pair[0] != METRIC_NAME] for one in known]
    series = pa.table(
        {"metric_name": [one.labels[METRIC_NAME] for one in known], "labels": pa.array(labels, LABELS)},
    )
    codes = np.repeat(np.arange(len(known), dtype=np.int32), [len(one.times) for one in known])
    times, values = (np.concatenate([getattr(one, name) for one in known]) for name in ("times", "values"))
    return MetricBatch(conform(series, SERIES), codes, times, values)


def metric_text(*, ticks_per_second: int = 1) -> str:
    """The series as text: OpenMetrics (times in seconds), or with 1,000 ticks Prometheus' older format."""
    lines: list[str] = []
    for one in known_series():
        name = one.labels[METRIC_NAME]
        labels = ",".join(f'{key}="{_escaped(text)}"' for key, text in one.labels.items() if key != METRIC_NAME)
        selector = f"{name}{{{labels}}}" if labels else name
        pairs = zip((one.times * ticks_per_second // 1000).tolist(), one.values.tolist(), strict=True)
        lines += [f"{selector} {_number(value)} {at}" for at, value in pairs]
    return "\n".join([*lines, "# EOF", ""])


def expected(known: Known, grid: npt.NDArray[np.int64], *, lookback: int = 300_000) -> npt.NDArray[np.float64]:
    """The newest sample of the `lookback` milliseconds before each moment of `grid`, NaN where there is none."""
    at = np.searchsorted(known.times, grid, side="right") - 1
    fresh = (at >= 0) & (grid - known.times[np.maximum(at, 0)] < lookback)
    return np.where(fresh, known.values[np.maximum(at, 0)], np.nan)


def _number(value: float) -> str:
    return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, repr(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
