"""Series over the whole grid, scraped by target: gaps, stale markers, counters that reset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from obslib.core.layout import SERIES, MetricBatch
from obslib.core.series import STALE_NAN, STALE_NAN_BITS
from obslib.demo.clock import Flags, Floats
from obslib.demo.ids import stream
from obslib.demo.metrics.families import FAMILIES
from obslib.demo.model import Level
from obslib.demo.platform import Platform

SECONDS = 1.0 / 64.0
"""Resolution of counters of seconds; a power of two keeps the stored numbers short."""
LOST_SCRAPES = 1.5e-4
EXPORTER_DOWN = (
    ("node-exporter/10.20.0.12:9100", "2026-10-20T11:04Z", 23),
    ("postgres-exporter/postgresql-0", "2026-10-29T02:10Z", 9),
)
"""Targets that did not answer for a while: target, from when, how many minutes."""


@dataclass(frozen=True)
class OneSeries:
    """`values[i]` is the sample of minute `first + i`; NaN where there is none."""

    name: str
    labels: Mapping[str, str]
    target: str
    first: int
    values: Floats


class MetricSet:
    """Collects series. A target is what one scrape reads: `"job/instance"`."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.series: list[OneSeries] = []
        self._missed: dict[str, Flags] = {}
        self._spans: dict[str, tuple[int, int]] = {}

    def gauge(self, name: str, labels: Mapping[str, str], target: str, values: Level, *, first: int = 0) -> None:
        """Add a series as it is; a single number holds for the whole grid."""
        grid = self.platform.grid
        full = np.full(grid.size - first, values) if np.ndim(values) == 0 else np.array(values, dtype=np.float64)
        self._add(OneSeries(name, labels, target, first, full[: grid.size - first]))

    def counter(
        self,
        name: str,
        labels: Mapping[str, str],
        target: str,
        growth: Floats,
        *,
        resets: Iterable[float] = (),
        first: int = 0,
        start: float = 0.0,
        quantum: float = 1.0,
    ) -> None:
        """Add a counter that grows by `growth` per minute and falls to zero at each reset (minutes of the grid)."""
        total = np.cumsum(growth) + start
        for reset in sorted(resets):
            at = int(reset) - first
            if 0 < at < len(total):
                total[at:] -= total[at - 1]
        total = np.floor(total / quantum) * quantum
        self._add(OneSeries(name, labels, target, first, total))

    def add_targets(self) -> None:
        """Add `up` for every target seen so far."""
        for target, (first, end) in sorted(self._spans.items()):
            job, _, instance = target.partition("/")
            up = 1.0 - self._missed[target][first:end].astype(np.float64)
            labels = {"job": job, "instance": instance}
            self.series.append(OneSeries("up", labels, target, first, _ended(up, self.platform.grid.size - first)))

    def batch(self, lo: int, hi: int) -> MetricBatch:
        """The samples of minutes `lo` to `hi` (exclusive)."""
        grid = self.platform.grid
        rows: list[OneSeries] = []
        codes, times, values = [], [], []
        for one in self.series:
            start, stop = max(lo, one.first), min(hi, one.first + len(one.values))
            if start >= stop:
                continue
            part = one.values[start - one.first : stop - one.first]
            kept = np.flatnonzero(~np.isnan(part) | (part.view(np.uint64) == STALE_NAN_BITS))
            if len(kept) == 0:
                continue
            codes.append(np.full(len(kept), len(rows), dtype=np.int32))
            times.append(grid.ms[start:stop][kept] + _offset(one.target))
            values.append(part[kept])
            rows.append(one)
        return MetricBatch(_series_table(rows), np.concatenate(codes), np.concatenate(times), np.concatenate(values))

    def _add(self, one: OneSeries) -> None:
        grid = self.platform.grid
        end = one.first + len(one.values)
        missed = self._missed.setdefault(one.target, self._miss(one.target))
        first, last = self._spans.get(one.target, (one.first, end))
        self._spans[one.target] = (min(first, one.first), max(last, end))
        values = one.values
        here = missed[one.first : end]
        if here.any():
            begins = here & ~np.concatenate([[False], here[:-1]])
            values = np.where(here, np.where(begins, STALE_NAN, np.nan), values)
        self.series.append(
            OneSeries(one.name, one.labels, one.target, one.first, _ended(values, grid.size - one.first))
        )

    def _miss(self, target: str) -> Flags:
        grid = self.platform.grid
        missed = stream(self.platform.seed, "scrapes", target).random(grid.size) < LOST_SCRAPES
        for name, moment, minutes in EXPORTER_DOWN:
            at = grid.minute(moment)
            if name == target and at >= 0:
                missed[at : at + minutes] = True
        return missed


def _ended(values: Floats, room: int) -> Floats:
    """The values, with a stale marker behind them if the series ends before the grid does."""
    return values if len(values) >= room else np.append(values, STALE_NAN)


def _offset(target: str) -> int:
    """Each target is scraped at its own moment of the minute, in milliseconds, as Prometheus spreads them."""
    return int(stream(0, "offset", target).integers(0, 60_000))


def _series_table(rows: list[OneSeries]) -> pa.Table:
    families = [FAMILIES[_family(one.name)] for one in rows]
    columns: dict[str, pa.Array] = {
        "metric_name": pa.array([one.name for one in rows], pa.string()),
        "metric_type": pa.array([family.kind for family in families], pa.string()),
        "metric_unit": pa.array([family.unit for family in families], pa.string()),
        "metric_description": pa.array([family.text for family in families], pa.string()),
        "labels": pa.array([sorted(one.labels.items()) for one in rows], SERIES.field("labels").type),
    }
    return pa.Table.from_pydict(columns, schema=SERIES)


def _family(name: str) -> str:
    if name in FAMILIES:
        return name
    return name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count")


def poisson(rng: np.random.Generator, rate: Level, size: int) -> Floats:
    """Events per minute at `rate` per second."""
    return rng.poisson(np.broadcast_to(np.asarray(rate) * 60.0, size)).astype(np.float64)


def jitter(rng: np.random.Generator, size: int, spread: float) -> Floats:
    """Noise around 1 that wanders: half white, half over ten minutes."""
    slow = np.interp(np.arange(size), np.arange(size // 10 + 2) * 10, rng.normal(0.0, spread, size // 10 + 2))
    return 1.0 + np.clip(slow + rng.normal(0.0, spread / 2, size), -0.9, 3.0)


def rounded(values: npt.NDArray[np.float64] | float, step: float) -> Floats:
    """Values as multiples of `step`."""
    return np.asarray(np.rint(np.asarray(values) / step) * step)
