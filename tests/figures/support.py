"""Metric frames and events for tests of figures and exports."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

import obslib
from obslib.core.provenance import Provenance, attach

START = pd.Timestamp("2026-11-01", tz="UTC")


def metric(
    values: Sequence[Sequence[float]] | np.ndarray,
    *,
    names: Sequence[str] | None = None,
    step: str = "1min",
    unit: str = "s",
    warnings: tuple[str, ...] = (),
) -> pd.DataFrame:
    """A frame with provenance: rows are steps, columns series of the label `service`."""
    matrix = np.asarray(values, dtype=float)
    times = pd.date_range(START, periods=len(matrix), freq=step)
    services = names if names is not None else [f"svc-{place}" for place in range(matrix.shape[1])]
    frame = obslib.metric_frame(times, matrix, [{"service": name, "job": "api"} for name in services])
    window = obslib.Window(START, START + max(len(matrix), 1) * pd.Timedelta(step))
    told = Provenance(
        profile="demo",
        source="store",
        query="avg by (service) (latency_seconds)",
        language="promql",
        start=window.start.isoformat(),
        end=window.end.isoformat(),
        step="1m",
        fetched_at="2026-11-02T00:00:00+00:00",
        unit=unit,
        warnings=warnings,
    )
    return attach(frame, told)


def waves(series: int, steps: int, *, seed: int = 0) -> pd.DataFrame:
    """Smooth series of different heights with a little noise and an hour without data."""
    random = np.random.default_rng(seed)
    heights = np.exp(random.normal(0, 1, series)) * 0.05
    shape = 1 + 0.3 * np.sin(np.linspace(0, 12, steps))[:, None] + 0.1 * random.normal(size=(steps, series))
    values = heights * shape
    values[steps // 3 : steps // 3 + steps // 20] = np.nan
    return metric(values)


def events(*rows: tuple[str, str | None, str, str]) -> pd.DataFrame:
    """EVENTS of (start, end, kind, name)."""
    return obslib.EVENTS.build(
        {
            "start": pd.to_datetime([row[0] for row in rows], utc=True),
            "end": pd.to_datetime([row[1] for row in rows], utc=True),
            "kind": [row[2] for row in rows],
            "name": [row[3] for row in rows],
        }
    )
