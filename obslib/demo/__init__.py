"""Freedom Fashion: synthetic telemetry of a price-tracking shop, with known truth.

`generate` makes all signals from one model of load, latency and failures, so that they agree with
each other; `truth` says what went wrong, when, and why. Everything ends at `NOW`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pandas as pd
import pyarrow as pa

from obslib.core.errors import InputError
from obslib.core.layout import Batch
from obslib.demo.clock import DAY_MINUTES, LOG_DAYS, NOW, SPAN_DAYS, Grid
from obslib.demo.events import events_table
from obslib.demo.exemplars import exemplars_table
from obslib.demo.incidents import truth_table
from obslib.demo.logs import UNTRACED, logs_table
from obslib.demo.metrics import all_metrics
from obslib.demo.platform import Platform
from obslib.demo.spans import identify, spans_table
from obslib.demo.traces import SAMPLING, draw_traces

__all__ = ["NOW", "generate", "truth"]


def generate(*, seed: int = 7, scale: float = 1.0, days: int = 35) -> Iterator[Batch]:
    """Make the telemetry of the last `days` before `NOW`, in batches of at most one UTC day, oldest first.

    Parameters
    ----------
    seed
        Same arguments, equal tables.
    scale
        Factor on the number of traces and log lines (metrics always describe all traffic).
    days
        Length of the metrics and events; logs cover the last 3 days of it, spans the last 2.

    Yields
    ------
    Batch
        Metrics and events, and in the last days logs, spans and exemplars; schemas of
        `obslib.core.layout`.

    Raises
    ------
    InputError
        If `days` is below 1 or `scale` is not positive.
    """
    if days < 1 or scale <= 0:
        raise InputError(
            f"the demo needs days >= 1 and scale > 0, got days={days!r}, scale={scale!r}.",
            fix="for a quick look: generate(days=2, scale=0.05).",
        )
    return _batches(Platform.of(seed, scale, days))


def truth(*, days: int = 35) -> pd.DataFrame:
    """The incidents within the last `days` and their causes. For judging analyses, never an input to one.

    Returns
    -------
    pd.DataFrame
        EVENTS with `source` "truth", one row per incident: `service` is the cause's. Further columns:
        `cause_metric` (a PromQL selector), `affected` and `signals` (comma-separated), `acknowledged`
        and `resolved` (UTC).
    """
    return truth_table(Grid(days))


def _batches(platform: Platform) -> Iterator[Batch]:
    metrics, grid = all_metrics(platform), platform.grid
    for lo, hi in _blocks(grid):
        logs, spans, exemplars = None, None, None
        if lo >= grid.tail(LOG_DAYS):
            share = SAMPLING if lo >= grid.tail(SPAN_DAYS) else 0.0
            drawn = draw_traces(platform, lo, hi, purpose="traces", share=share)
            traced = [identify(platform, one, lo) for one in drawn]
            untraced = draw_traces(platform, lo, hi, purpose="untraced", share=UNTRACED)
            logs = _by_time(logs_table(platform, lo, hi, traced, untraced))
            if traced:
                spans, exemplars = _by_time(spans_table(platform, traced)), exemplars_table(traced)
        yield Batch(metrics.batch(lo, hi), logs, spans, events_table(platform, lo, hi), exemplars)


def _blocks(grid: Grid) -> list[tuple[int, int]]:
    """The grid's days, and half days where logs exist (they bound the memory); cut also where spans begin."""
    edges = {edge for block in grid.blocks() for edge in block} | {grid.tail(SPAN_DAYS)}
    edges |= set(range(grid.tail(LOG_DAYS), grid.size, DAY_MINUTES // 2))
    return list(pairwise(sorted(edges)))


def _by_time(table: pa.Table) -> pa.Table:
    return table.sort_by("timestamp")
