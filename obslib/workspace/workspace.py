"""The workspace: one profile's sources behind the questions a notebook asks."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import pandas as pd

from obslib.catalog import get as get_template
from obslib.core.config import Profile
from obslib.core.errors import InputError, UnsupportedError
from obslib.core.protocols import (
    EventSource,
    Health,
    InstantSource,
    LogSource,
    MetricDirectory,
    MetricSource,
    TraceSource,
)
from obslib.core.provenance import KEY, Provenance, attach, provenance_of
from obslib.core.series import METRIC_NAME
from obslib.core.window import Moment, Span, Window, parse_duration, parse_time, positive_duration
from obslib.store.source import StoreSource
from obslib.store.sql import Parameters

DEFAULT_LAST = "6h"
DEFAULT_INTERVAL = "1m"
ENOUGH_SAMPLES = 5
PANEL_POINTS = 250
S = TypeVar("S")


class Workspace:
    """What `obslib.connect()` returns: metrics, logs, spans and events of one profile.

    Every question takes `last="6h"` (counted from the workspace's clock) or `window=Window(...)`;
    without either it is the environment's `OBSLIB_LAST`, or six hours. Every answer carries its
    provenance in `frame.attrs["obslib"]`.

    Parameters
    ----------
    profile
        The profile that was connected.
    sources
        A source by signal: `metrics`, `logs`, `traces`, `events`.
    now
        The clock that relative windows count from; archived data has a fixed one.
    """

    def __init__(self, profile: Profile, sources: dict[str, object], now: Callable[[], pd.Timestamp]) -> None:
        self.profile = profile
        self._sources = sources
        self._now = now

    def now(self) -> pd.Timestamp:
        """The moment that relative windows count from: the clock, or the fixed end of the demo and of archives."""
        return self._now()

    @property
    def answers(self) -> frozenset[str]:
        """What this profile can be asked for: of `metrics`, `logs`, `traces`, `events`, `sql`."""
        protocols = {"metrics": MetricSource, "logs": LogSource, "traces": TraceSource, "events": EventSource}
        found = {signal for signal, source in self._sources.items() if isinstance(source, protocols[signal])}
        sql = any(isinstance(source, StoreSource) for source in self._sources.values())
        return frozenset(found | ({"sql"} if sql else set()))

    def window(self, last: Span | None = None) -> Window:
        """The window of length `last` that ends at `now()`."""
        usual = os.environ.get("OBSLIB_LAST")
        if last or not usual:
            return Window.last(last or DEFAULT_LAST, now=self.now())
        try:
            return Window.last(usual, now=self.now())
        except InputError as error:
            raise InputError(f"environment variable OBSLIB_LAST: {error.problem}", fix=error.fix) from error

    def between(self, start: Moment, end: Moment = "now", *, tz: str = "UTC") -> Window:
        """A window whose relative terms ("yesterday", "-2h") count from `now()`."""
        now = self.now()
        return Window(parse_time(start, now=now, tz=tz), parse_time(end, now=now, tz=tz))

    def metrics(
        self, query: str, *, last: Span | None = None, window: Window | None = None, step: Span | None = None
    ) -> pd.DataFrame:
        """Evaluate PromQL over a window; a metric frame.

        Parameters
        ----------
        query
            PromQL.
        last, window
            The time asked about; see the class.
        step
            Distance of the points; without it, a round one that gives about a thousand.

        Raises
        ------
        QueryError
            If the query is wrong; shows where.
        """
        asked = self._asked(last, window)
        width = asked.step() if step is None else parse_duration(step)
        return self._signed(self._source("metrics", MetricSource).query_metrics(query, asked, step=width))

    def ask(
        self,
        template: str,
        /,
        *,
        last: Span | None = None,
        window: Window | None = None,
        step: Span | None = None,
        **parameters: object,
    ) -> pd.DataFrame:
        """Ask a question of the catalogue; a metric frame whose provenance has unit and title for a figure.

        Parameters
        ----------
        template
            Its name; `obslib.catalog.search("redis")` finds it.
        last, window, step
            As for `metrics`.
        **parameters
            Of the template. A label's value is text, a list for any of, a compiled pattern, or None
            for all; whatever it holds, it is never more than a value.

        Raises
        ------
        InputError
            If there is no such template or parameter, or a value is of the wrong type.

        Examples
        --------
        >>> ws.ask("http.latency", quantile=0.99, service="checkout", last="6h")  # doctest: +SKIP
        """
        asked = self._asked(last, window)
        width = asked.step() if step is None else parse_duration(step)
        question = get_template(template).ask(parameters, auto=self.rate_range(width))
        return question.describe(self.metrics(question.text, window=asked, step=width))

    def ask_each(
        self, *templates: str, last: Span | None = None, window: Window | None = None, step: Span | None = None
    ) -> dict[str, pd.DataFrame]:
        """Ask several questions of the catalogue with their defaults; title -> metric frame, for `plot_board`.

        Without `step`, it is one that gives about 250 points: enough for a small panel.

        Examples
        --------
        >>> obslib.plot_board(ws.ask_each("http.requests", "http.latency"))  # doctest: +SKIP
        """
        asked = self._asked(last, window)
        width = asked.step(PANEL_POINTS) if step is None else parse_duration(step)
        frames = [self.ask(name, window=asked, step=width) for name in templates]
        return {provenance_of(frame).details["title"]: frame for frame in frames}

    def rate_range(self, step: Span) -> pd.Timedelta:
        """Length of a sliding window that misses no sample between steps and holds enough for a rate.

        That is the step, but at least five times the distance of the samples: `scrape_interval` of
        the profile, else what `obslib scrape` noted in the store, else a minute.
        """
        source = self._sources.get("metrics")
        noted = source.scrape_interval() if isinstance(source, StoreSource) else ""
        interval = self.profile.options.get("scrape_interval") or noted or DEFAULT_INTERVAL
        return max(parse_duration(step), ENOUGH_SAMPLES * positive_duration(str(interval), "scrape_interval"))

    def instant(self, query: str, *, at: Moment = "now") -> pd.DataFrame:
        """Evaluate PromQL at one moment (relative terms count from `now()`); a metric frame of one row."""
        moment = parse_time(at, now=self.now())
        return self._signed(self._source("metrics", InstantSource).query_instant(query, moment))

    def logs(
        self, query: str = "*", *, last: Span | None = None, window: Window | None = None, limit: int = 10_000
    ) -> pd.DataFrame:
        """The newest `limit` records that match a Lucene query string, newest first, as LOGS."""
        asked = self._asked(last, window)
        return self._signed(self._source("logs", LogSource).query_logs(query, asked, limit=limit))

    def spans(
        self, query: str = "{}", *, last: Span | None = None, window: Window | None = None, limit: int = 100_000
    ) -> pd.DataFrame:
        """Up to `limit` spans that match a TraceQL query, by start, as SPANS."""
        asked = self._asked(last, window)
        return self._signed(self._source("traces", TraceSource).query_spans(query, asked, limit=limit))

    def trace(self, trace_id: str) -> pd.DataFrame:
        """All spans of one trace, by start, as SPANS; empty if there is none."""
        return self._source("traces", TraceSource).get_trace(trace_id)

    def events(
        self, kind: str | None = None, *, last: Span | None = None, window: Window | None = None
    ) -> pd.DataFrame:
        """Deploys, alerts, incidents and the like that overlap the window, as EVENTS."""
        asked = self._asked(last, window)
        return self._signed(self._source("events", EventSource).query_events(asked, kind=kind))

    def sql(self, query: str, parameters: Parameters = ()) -> pd.DataFrame:
        """Run DuckDB SQL over `metrics, series, logs, spans, events` of a profile with an embedded store.

        Parameters are bound (`?` with a list, `$name` with a dict), never pasted; the text only reads.

        Raises
        ------
        QueryError
            If the SQL is wrong or would write.
        UnsupportedError
            If no signal of the profile lies in a store.
        """
        found = {signal: source.store for signal, source in self._sources.items() if isinstance(source, StoreSource)}
        signal, store = next(iter(found.items()), ("", None))
        if store is None:
            raise UnsupportedError(
                f"profile {self.profile.name!r} has no embedded store to run SQL on.",
                fix="ask in the backend's language, or bring the data into a store (`obslib scrape`, `obslib ingest`).",
            )
        made = Provenance(
            profile=self.profile.name,
            source=self.profile.signals[signal].source,
            query=query,
            language="sql",
            fetched_at=pd.Timestamp.now("UTC").floor("s").isoformat(),
        )
        return attach(store.sql(query, parameters), made)

    def metric_names(self, *, last: Span | None = None) -> pd.DataFrame:
        """Every metric that has samples in the window, by name, with what its source says of it.

        Returns
        -------
        pd.DataFrame
            Texts `metric, type, unit, help`; `""` where the source does not know. A series of a
            histogram or summary (`..._bucket`, `_sum`, `_count`) has the words of its family.
        """
        names = pd.DataFrame({"metric": self.label_values(METRIC_NAME, last=last)}, dtype="str")
        source = self._source("metrics", MetricSource)
        columns = ["metric", "type", "unit", "help"]
        told = source.metadata() if isinstance(source, MetricDirectory) else pd.DataFrame(columns=columns, dtype="str")
        told = told.drop_duplicates("metric").set_index("metric")
        family = names["metric"].str.replace(r"_(bucket|sum|count|total)$", "", regex=True)
        known = names["metric"].where(names["metric"].isin(told.index), family)
        return pd.concat([names, told.reindex(known).fillna("").reset_index(drop=True)], axis=1)[columns]

    def label_names(self, *, last: Span | None = None) -> list[str]:
        """Sorted names of the labels that metrics have in the window."""
        return self._source("metrics", MetricSource).label_names(self.window(last))

    def label_values(self, name: str, *, last: Span | None = None, matchers: Sequence[str] = ()) -> list[str]:
        """Sorted values of one label (`"__name__"` for the metrics' names) in the window."""
        return self._source("metrics", MetricSource).label_values(name, self.window(last), matchers=matchers)

    def fields(self, *, last: Span | None = None) -> list[str]:
        """Sorted names of the fields that logs have in the window."""
        return self._source("logs", LogSource).fields(self.window(last))

    def services(self, *, last: Span | None = None) -> list[str]:
        """Sorted names of the services that have spans in the window."""
        return self._source("traces", TraceSource).services(self.window(last))

    def operations(self, service: str, *, last: Span | None = None) -> list[str]:
        """Sorted span names of one service in the window."""
        return self._source("traces", TraceSource).operations(service, self.window(last))

    def health(self) -> dict[str, Health]:
        """Each signal's source: reachable or not, what it is, and how to mend it."""
        return {signal: source.health() for signal, source in self._sources.items() if hasattr(source, "health")}

    def _asked(self, last: Span | None, window: Window | None) -> Window:
        if last is not None and window is not None:
            raise InputError("both last= and window= were given.", fix="give one of them.")
        return window if window is not None else self.window(last)

    def _source(self, signal: str, protocol: type[S]) -> S:
        source = self._sources.get(signal)
        if source is None:
            raise UnsupportedError(
                f"profile {self.profile.name!r} has no source for {signal}.",
                fix=f"add [profiles.{self.profile.name}.{signal}] with a source to obslib.toml.",
            )
        if not isinstance(source, protocol):
            raise UnsupportedError(
                f"the source of {signal} in profile {self.profile.name!r} does not answer {signal}.",
                fix=f"bind {signal} to another source in [profiles.{self.profile.name}.{signal}].",
            )
        return source

    def _signed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Write the profile's name into the provenance that the source attached."""
        if KEY in frame.attrs:
            frame.attrs[KEY] = dataclasses.asdict(dataclasses.replace(provenance_of(frame), profile=self.profile.name))
        return frame

    def __repr__(self) -> str:
        signals = [signal for signal in self.profile.signals if signal in self.answers]
        bound = ", ".join(f"{signal}: {self.profile.signals[signal].source}" for signal in signals)
        return f"<obslib workspace {self.profile.name!r} ({bound}), now {self.now():%Y-%m-%d %H:%M} UTC>"
