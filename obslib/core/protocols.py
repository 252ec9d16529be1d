"""What a source can be asked. No inheritance: a class is a MetricSource by having the methods.

A source may implement any subset. What it cannot do is declared in `gaps`, never silently absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import pandas as pd

from obslib.core.window import Moment, Window


@dataclass(frozen=True)
class Gap:
    """A declared hole in a source: `feature` is a method or a language feature.

    `notimpl`: this project has not done it yet; `notyet`: the vendor's API cannot yet;
    `never`: it makes no sense for this backend.
    """

    feature: str
    status: Literal["notimpl", "notyet", "never"]
    reason: str


@dataclass(frozen=True)
class Health:
    """Answer of a source to `obslib doctor`: reachable or not, what it is, and how to mend it.

    `clock_skew_seconds` is the server's clock minus ours, NaN where it tells no time.
    """

    ok: bool
    detail: str
    fix: str = ""
    clock_skew_seconds: float = float("nan")


@runtime_checkable
class MetricSource(Protocol):
    """Answers PromQL with metric frames."""

    def query_metrics(self, query: str, window: Window, *, step: pd.Timedelta) -> pd.DataFrame:
        """Evaluate PromQL at every step of `window.grid(step)`; a metric frame."""
        ...

    def label_names(self, window: Window) -> list[str]:
        """Sorted names of all labels seen in the window."""
        ...

    def label_values(self, name: str, window: Window, *, matchers: Sequence[str] = ()) -> list[str]:
        """Sorted values of one label among series that match any selector of `matchers`."""
        ...


@runtime_checkable
class MetricDirectory(Protocol):
    """A source of metrics that also says what each one is."""

    def metadata(self, metric: str = "") -> pd.DataFrame:
        """One row per metric and differing description, by name: texts `metric, type, unit, help`."""
        ...


@runtime_checkable
class InstantSource(Protocol):
    """A MetricSource that also answers for a single moment."""

    def query_instant(self, query: str, at: Moment = "now") -> pd.DataFrame:
        """Evaluate PromQL at one moment; a metric frame of one row."""
        ...


@runtime_checkable
class LogSource(Protocol):
    """Answers Lucene query strings with LOGS."""

    def query_logs(self, query: str, window: Window, *, limit: int) -> pd.DataFrame:
        """The newest `limit` matching records, newest first, as LOGS."""
        ...

    def fields(self, window: Window) -> list[str]:
        """Sorted names of the fields that records in the window have."""
        ...


@runtime_checkable
class TraceSource(Protocol):
    """Answers TraceQL with SPANS."""

    def query_spans(self, query: str, window: Window, *, limit: int) -> pd.DataFrame:
        """Up to `limit` matching spans that start in the window, as SPANS."""
        ...

    def get_trace(self, trace_id: str) -> pd.DataFrame:
        """All spans of one trace, by start; empty SPANS if there is none."""
        ...

    def services(self, window: Window) -> list[str]:
        """Sorted names of services with spans in the window."""
        ...

    def operations(self, service: str, window: Window) -> list[str]:
        """Sorted span names of one service in the window."""
        ...


@runtime_checkable
class EventSource(Protocol):
    """Deploys, alerts, incidents and annotations."""

    def query_events(self, window: Window, *, kind: str | None = None) -> pd.DataFrame:
        """Events that overlap the window, by start, as EVENTS."""
        ...
