"""Scraping: metrics endpoints, on a fixed grid of times, into a store.

Semantics are those of Prometheus' scrape loop: every sample without a time of its own gets the
scheduled time; `up`, `scrape_duration_seconds` and `scrape_samples_scraped` are recorded for each
scrape; a series that is gone, and every series of a target that failed, gets a stale marker. One
difference: a line that cannot be read is left out and reported, where Prometheus drops the whole scrape.
Reference: prometheus.io/docs/concepts/jobs_instances and .../prometheus/latest/querying/basics, "Staleness".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from obslib.core.errors import InputError, SourceError
from obslib.core.layout import SERIES, Batch, MetricBatch
from obslib.core.series import STALE_NAN
from obslib.sources._credentials import ANONYMOUS, Credentials, split_userinfo
from obslib.sources._http import HttpClient
from obslib.sources._request import Answer, Limits, Timing
from obslib.store.ingest import IngestReport, parse_openmetrics
from obslib.store.series_index import keys_of

ACCEPT = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
LONGEST_SCRAPE_SECONDS = 10.0
BODY_BYTES = 128 << 20
AT_ONCE = 16
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OWN_METRICS = (
    ("up", "1 if the scrape succeeded, else 0.", ""),
    ("scrape_duration_seconds", "How long the scrape took.", "seconds"),
    ("scrape_samples_scraped", "How many samples the target exposed.", ""),
)


@dataclass(frozen=True)
class Target:
    """An endpoint, the labels that its series get (`job` and `instance` among them), and what opens it."""

    url: str = field(repr=False)  # its query may hold a key
    labels: Mapping[str, str]
    credentials: Credentials = ANONYMOUS

    @property
    def instance(self) -> str:
        """Host and port."""
        return self.labels["instance"]


def parse_target(address: str, *, job: str = "scrape", labels: Mapping[str, str] | None = None) -> Target:
    """Read a target as people write it: `localhost:9100` means `http://localhost:9100/metrics`.

    Raises
    ------
    InputError
        If a label's name is none that Prometheus knows, or is `job` or `instance`.
    """
    for name in labels or {}:
        if not _LABEL.fullmatch(name) or name.startswith("__") or name in {"job", "instance"}:
            raise InputError(
                f"{name!r} cannot be a target's label.",
                fix="use letters, digits and _; the job is set by --job, the instance is the target's host and port.",
            )
    url, credentials = split_userinfo(address if "://" in address else f"http://{address}")
    parts = urlsplit(url)
    if parts.path in {"", "/"} and not parts.query:
        url = f"{url.rstrip('/')}/metrics"
    return Target(url, {**(labels or {}), "job": job, "instance": parts.netloc}, credentials)


@dataclass(frozen=True)
class Scrape:
    """What one scrape of one target brought. `problem` says why it failed, `notes` what was left out."""

    target: Target
    seconds: float
    batch: Batch = field(default_factory=Batch)
    samples: int = 0
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tick:
    """All scrapes of one moment (epoch ms), committed together; `skipped` moments before it were missed."""

    time_ms: int
    scrapes: Sequence[Scrape]
    skipped: int = 0

    @property
    def samples(self) -> int:
        """Samples that the targets exposed."""
        return sum(one.samples for one in self.scrapes)

    @property
    def failed(self) -> list[Scrape]:
        """The scrapes that failed."""
        return [one for one in self.scrapes if one.problem]


class TargetScraper:
    """Scrapes one target, and remembers what it exposed to mark what is gone.

    `ca_file` names certificates to trust instead of the system's.
    """

    def __init__(self, target: Target, *, timeout: float, ca_file: str = "", timing: Timing | None = None) -> None:
        self.target = target
        self._timing = timing or Timing()
        limits = Limits(timeout=timeout, stall=timeout, attempts=1, body_bytes=BODY_BYTES)
        self._http = HttpClient(
            target.url,
            backend=target.instance,
            credentials=target.credentials,
            ca_file=ca_file,
            limits=limits,
            timing=timing,
        )
        self._alive = SERIES.empty_table()

    def scrape(self, time_ms: int) -> Scrape:
        """One scrape; a failure is a result too."""
        began = self._timing.clock()
        report = IngestReport(origin=self.target.url)
        try:
            batch = self._parse(self._http.get(accept=ACCEPT), time_ms, report)
        except (SourceError, InputError) as error:
            seconds = self._timing.clock() - began
            stale = Batch(metrics=self._own(time_ms, seconds, 0, up=False, gone=self._take_alive(None)))
            return Scrape(self.target, seconds, stale, problem=error.problem)
        seconds = self._timing.clock() - began
        metrics = batch.metrics
        count = 0 if metrics is None else len(metrics.codes)
        own = self._own(time_ms, seconds, count, up=True, gone=self._take_alive(metrics, time_ms))
        whole = join_metrics([own] if metrics is None else [metrics, own])
        notes = tuple(f"{number} lines left out: {reason}" for reason, number in report.skipped.items())
        return Scrape(self.target, seconds, Batch(metrics=whole, exemplars=batch.exemplars), count, notes=notes)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def _parse(self, answer: Answer, time_ms: int, report: IngestReport) -> Batch:
        batch = parse_openmetrics(
            answer.body,
            content_type=answer.head.headers.get("content-type", ""),
            time_ms=time_ms,
            extra_labels=self.target.labels,
            report=report,
        )
        if report.skipped_total and (batch.metrics is None or not len(batch.metrics.codes)):
            raise InputError(
                f"{self.target.instance} answered with something that is not metrics text.",
                fix="give the URL of a Prometheus or OpenMetrics endpoint, usually .../metrics.",
            )
        return batch

    def _take_alive(self, metrics: MetricBatch | None, time_ms: int = 0) -> pa.Table:
        """Remember the series that stand now, and return those that stood before and are gone.

        Samples with times of their own do not go stale, as in Prometheus.
        """
        before = self._alive
        if metrics is None:
            self._alive = SERIES.empty_table()
        else:
            present = np.unique(metrics.codes[metrics.times == time_ms])
            self._alive = metrics.series if len(present) == len(metrics.series) else metrics.series.take(present)
        if self._alive.equals(before):
            return SERIES.empty_table()
        now = set(keys_of(self._alive))
        return before.take(pa.array([row for row, key in enumerate(keys_of(before)) if key not in now], pa.int64()))

    def _own(self, time_ms: int, seconds: float, count: int, *, up: bool, gone: pa.Table) -> MetricBatch:
        """The scrape's own series, and stale markers for the series that are gone."""
        labels = sorted(self.target.labels.items())
        rows = [
            {
                "metric_name": name,
                "metric_type": "gauge",
                "metric_unit": unit,
                "metric_description": text,
                "labels": labels,
            }
            for name, text, unit in _OWN_METRICS
        ]
        series = pa.concat_tables([pa.Table.from_pylist(rows, SERIES), gone])
        values = np.full(len(series), STALE_NAN)
        values[: len(rows)] = float(up), seconds, count
        return MetricBatch(series, np.arange(len(series), dtype=np.int32), np.full(len(series), time_ms), values)


def scrape_on_grid(
    scrapers: Sequence[TargetScraper],
    append: Callable[[Batch], None],
    *,
    every: pd.Timedelta,
    duration: pd.Timedelta | None = None,
    timing: Timing | None = None,
    stop: Event | None = None,
) -> Generator[Tick]:
    """Scrape all targets at every multiple of `every` since the epoch, yielding each tick once it is stored.

    The grid does not drift and is the same after a restart. A moment that passes while the last
    tick is still at work is skipped and counted.

    Parameters
    ----------
    scrapers
        One per target.
    append
        Stores a batch durably; called once per tick, before the next begins.
    every
        Distance of the grid; at least a millisecond.
    duration
        How long to go on; None for as long as the consumer does.
    timing
        Clock and sleep.
    stop
        Ends the loop once it is set; a tick at work is finished and stored first. It also wakes the
        sleep, unless `timing` brings its own.
    """
    stop = stop or Event()
    watch = timing or Timing(sleep=stop.wait)
    width = max(1, every.value // 10**6)
    now = _millis(watch)
    tick = -(-now // width) * width
    end = math.inf if duration is None else tick + duration.value // 10**6
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(scrapers))) as threads:
        skipped = 0
        while tick < end:
            while (now := _millis(watch)) < tick and not stop.is_set():
                watch.sleep((tick - now) / 1_000)
            if stop.is_set():
                return
            scrapes = list(threads.map(lambda one, at=tick: one.scrape(at), scrapers))
            append(join([one.batch for one in scrapes]))
            yield Tick(tick, scrapes, skipped)
            following = max(tick + width, _millis(watch) // width * width)
            skipped = (following - tick) // width - 1
            tick = following


def join(batches: Sequence[Batch]) -> Batch:
    """One batch of several."""
    exemplars = [batch.exemplars for batch in batches if batch.exemplars is not None]
    return Batch(
        metrics=join_metrics([batch.metrics for batch in batches if batch.metrics is not None]),
        exemplars=pa.concat_tables(exemplars) if exemplars else None,
    )


def join_metrics(batches: Sequence[MetricBatch]) -> MetricBatch:
    """One metric batch of several, their series side by side."""
    first = np.cumsum([0, *(len(batch.series) for batch in batches)])
    codes: list[npt.NDArray[np.int32]] = [
        batch.codes + np.int32(offset) for batch, offset in zip(batches, first[:-1], strict=True)
    ]
    return MetricBatch(
        pa.concat_tables([batch.series for batch in batches]),
        np.concatenate(codes),
        np.concatenate([batch.times for batch in batches]),
        np.concatenate([batch.values for batch in batches]),
    )


def _millis(timing: Timing) -> int:
    return math.floor(timing.wall() * 1_000)
