"""One server that speaks the Prometheus HTTP API, as a source of metrics and alerts.

Reference: prometheus.io/docs/prometheus/latest/querying/api.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec
import pandas as pd

from obslib.core.errors import (
    InputError,
    QueryError,
    SourceError,
    TimeoutError,  # noqa: A004 - the field's own word
)
from obslib.core.frames import EVENTS
from obslib.core.protocols import Gap, Health
from obslib.core.provenance import Provenance, attach, provenance_of
from obslib.core.window import Moment, Window, format_duration, parse_time, positive_duration
from obslib.sources._answers import BrokenBodyError, Head
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Request
from obslib.sources.prometheus import tables
from obslib.sources.prometheus.answers import decode_data, explained, is_too_much, open_envelope
from obslib.sources.prometheus.instant import Instant, instant_frame
from obslib.sources.prometheus.matrix import read_matrix
from obslib.sources.prometheus.names import escaped_name
from obslib.sources.prometheus.steps import MAX_POINTS, Part, Stretch, join

T = TypeVar("T")

PARALLEL = 4
LONGEST_GET = 2_000
FORM = "application/x-www-form-urlencoded"
PROBE_SECONDS = 10.0
MILLISECOND = 10**6

GAPS = (
    Gap("query_metrics: native histograms", "notimpl", "refused; take numbers of them by histogram_quantile and such"),
    Gap("query_events: other kinds than alert", "never", "Prometheus knows no other events"),
)

logger = logging.getLogger(__name__)


class _Build(msgspec.Struct):
    version: str


class Prometheus:
    """Metrics and alerts from one server.

    Parameters
    ----------
    http
        The client, whose URL is where `/api/v1/...` begins.
    parallel
        How many requests one question sends at a time at most.
    timeout
        Seconds for a whole range query, however many requests it takes.
    """

    gaps = GAPS

    def __init__(self, http: HttpClient, *, parallel: int = PARALLEL, timeout: float = Limits.timeout) -> None:
        self._http = http
        self._parallel = parallel
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Prometheus({self._http!r})"

    def query_metrics(self, query: str, window: Window, *, step: pd.Timedelta) -> pd.DataFrame:
        """Evaluate PromQL at every step of `window.grid(step)`; a metric frame with provenance.

        Ranges of any length: they are asked for in stretches that the server answers, some at a
        time, and in smaller ones where it finds a stretch too much.

        Raises
        ------
        InputError
            If no step lies in the window, or the step is not of whole milliseconds.
        QueryError
            If the query is wrong; shows where.
        SourceError
            If any part cannot be had: there is no partial result.
        """
        width = positive_duration(step, "step").value
        grid = window.grid(step)
        if width % MILLISECOND:
            raise InputError(f"the step {step} is not of whole milliseconds.", fix="use a step such as '15s'.")
        if not len(grid):
            raise InputError(f"no multiple of the step {step} lies in {window}.", fix="use a shorter step.")
        whole = Stretch(grid[0].value // MILLISECOND, width // MILLISECOND, len(grid))
        parts = self._fetch(query, whole.cut(MAX_POINTS))
        notes = tuple(dict.fromkeys(self._http.redact(note) for part in parts for note in part.notes))
        made = Provenance.of_query("prometheus", query, window, language="promql", step=step, warnings=notes)
        return attach(join(parts, grid), made)

    def query_instant(self, query: str, at: Moment = "now") -> pd.DataFrame:
        """Evaluate PromQL at one moment; a metric frame of one row, series in the server's order.

        Raises
        ------
        QueryError
            If the query is wrong, or its result is not numbers of one moment (a range vector, text).
        """
        moment = parse_time(at).floor("ms")
        params = {"query": query, "time": _seconds(moment.value // MILLISECOND)}
        data, notes = self._ask("query", params, Instant, query=query)
        made = Provenance.of_query(
            "prometheus",
            query,
            Window(moment, moment + pd.Timedelta(1, "ms")),
            language="promql",
            warnings=tuple(notes),
        )
        return attach(instant_frame(data, moment, query), made)

    def label_names(self, window: Window) -> list[str]:
        """Sorted names of all labels seen in the window (the server may round it to its blocks)."""
        return sorted(self._listed("labels", _bounds(window), list[str]))

    def label_values(self, name: str, window: Window, *, matchers: Sequence[str] = ()) -> list[str]:
        """Sorted values of one label among series that match any selector of `matchers`."""
        path = f"label/{quote(escaped_name(name), safe='')}/values"
        return sorted(self._listed(path, {**_bounds(window), "match[]": list(matchers)}, list[str], get=True))

    def series(self, matchers: Sequence[str], window: Window) -> pd.DataFrame:
        """One row per series that matches any selector, one text column per label, `""` where it is absent."""
        found = self._listed("series", {**_bounds(window), "match[]": list(matchers)}, list[dict[str, str]])
        return tables.series_table(found)

    def metadata(self, metric: str = "") -> pd.DataFrame:
        """What exporters say of their metrics (or of one): `metric, type, unit, help`."""
        params = {"metric": metric} if metric else {}
        return tables.metadata_table(self._listed("metadata", params, dict[str, list[tables.Meta]], get=True))

    def exemplars(self, query: str, window: Window) -> pd.DataFrame:
        """Exemplars of the series that a query selects: `time, value, trace_id, span_id` and their labels."""
        params = {"query": query, **_bounds(window)}
        data, notes = self._ask("query_exemplars", params, list[tables.Exemplars], query=query)
        made = Provenance.of_query("prometheus", query, window, language="promql", warnings=tuple(notes))
        return attach(tables.exemplars_table(data), made)

    def query_events(self, window: Window, *, kind: str | None = None) -> pd.DataFrame:
        """Alerts that fired in the window, by start, as EVENTS; found in the series `ALERTS`.

        Starts and ends are as exact as the window's step of about a thousandth; an alert that
        fires at the window's first step may have begun before, one that fires at the last has no end.
        """
        if kind not in {None, tables.ALERT}:
            return attach(EVENTS.empty(), Provenance.of_query("prometheus", str(kind), window, language="events"))
        fired = self.query_metrics('ALERTS{alertstate="firing"}', window, step=window.step())
        return attach(tables.firing_table(fired), provenance_of(fired))

    def alerts(self) -> pd.DataFrame:
        """Alerts that are pending or firing now, as EVENTS, with `state`, `value` and annotations."""
        return tables.alerts_table(self._listed("alerts", {}, tables.Alerts, get=True))

    def rules(self) -> pd.DataFrame:
        """Alerting and recording rules, with their health and last error."""
        return tables.rules_table(self._listed("rules", {}, tables.Groups, get=True))

    def targets(self) -> pd.DataFrame:
        """What is scraped, those that are down first: `job, instance, url, up, last_error, last_scrape, seconds`."""
        return tables.targets_table(self._listed("targets", {"state": "active"}, tables.Targets, get=True))

    def cardinality(self) -> pd.DataFrame:
        """What most series are about: the top lists of the server's TSDB status, `top, name, value`."""
        return tables.cardinality_table(self._listed("status/tsdb", {}, dict[str, object], get=True))

    def health(self) -> Health:
        """Whether the server answers, its version, and how far its clock is from ours."""
        try:
            version, skew = self._version()
        except SourceError as error:
            return Health(ok=False, detail=error.problem, fix=error.fix)
        return Health(ok=True, detail=f"{self._http.backend} answers PromQL, {version}", clock_skew_seconds=skew)

    def close(self) -> None:
        """Close idle connections; the source may still be used."""
        self._http.close()

    def _version(self) -> tuple[str, float]:
        """The server's version, and its clock minus ours in seconds, to about half a second."""
        before = time.time()
        head, _ = self._call("query", {"query": "1"}, _with_head(Instant), seconds=PROBE_SECONDS)
        middle = (before + time.time()) / 2
        try:
            skew = parsedate_to_datetime(head.headers.get("date", "")).timestamp() + 0.5 - middle
        except ValueError:
            skew = float("nan")
        try:
            _, built = self._call("status/buildinfo", {}, _with_head(_Build), get=True, seconds=PROBE_SECONDS)
        except SourceError:  # Google's managed service, for one, has no such page
            return "version unknown", skew
        return f"version {built.version}", skew

    def _fetch(self, query: str, stretches: Sequence[Stretch]) -> list[Part]:
        deadline = time.monotonic() + self._timeout

        def fetch(stretch: Stretch) -> list[Part]:
            return self._stretch(query, stretch, deadline)

        pool = ThreadPoolExecutor(min(self._parallel, len(stretches)), thread_name_prefix="obslib-prometheus")
        try:
            return list(chain.from_iterable(pool.map(fetch, stretches)))
        finally:
            pool.shutdown(cancel_futures=True)

    def _stretch(self, query: str, stretch: Stretch, deadline: float) -> list[Part]:
        """The parts of one stretch: one, or more where the server cannot take it whole."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(
                f"{self._http.backend}: the query was not answered whole within {format_duration(self._timeout)}.",
                fix="ask for a shorter window or a coarser step, or set a longer timeout in the profile.",
            )
        params = {
            "query": query,
            "start": _seconds(stretch.start),
            "end": _seconds(stretch.end),
            "step": _seconds(stretch.step),
        }
        try:
            part = self._call(
                "query_range", params, lambda _head, chunks: read_matrix(chunks, stretch), query=query, seconds=left
            )
        except QueryError as error:
            if stretch.count == 1 or not is_too_much(error):
                raise
        else:
            return [part]
        logger.info("the server finds %d steps too much; asking for halves", stretch.count)
        halves = stretch.cut(-(-stretch.count // 2))
        return [part for half in halves for part in self._stretch(query, half, deadline)]

    def _listed(self, path: str, params: Mapping[str, object], kind: type[T], *, get: bool = False) -> T:
        """Data that has no place for the backend's notes: those go to the log."""
        data, notes = self._ask(path, params, kind, get=get)
        for note in notes:
            logger.warning("%s: %s: %s", self._http.backend, path, note)
        return data

    def _ask(
        self, path: str, params: Mapping[str, object], kind: type[T], *, query: str = "", get: bool = False
    ) -> tuple[T, list[str]]:
        def read(_head: Head, chunks: Iterable[bytes]) -> tuple[T, list[str]]:
            envelope = open_envelope(b"".join(chunks))
            return decode_data(envelope.data, kind), [self._http.redact(note) for note in envelope.notes()]

        return self._call(path, params, read, query=query, get=get)

    def _call(
        self,
        path: str,
        params: Mapping[str, object],
        read: Callable[[Head, Iterable[bytes]], T],
        *,
        query: str = "",
        get: bool = False,
        seconds: float | None = None,
    ) -> T:
        """One request; by POST where it would be too long for a URL, unless the path knows only GET.

        What the server says may quote a credential. Errors that hold its words as they came are
        replaced outside of their `except` block, so that no traceback leads back to them.
        """

        def read_body(head: Head, chunks: Iterable[bytes]) -> T:
            try:
                return read(head, chunks)
            except BrokenBodyError as error:
                detail = self._http.redact(str(error))
            raise BrokenBodyError(detail)

        try:
            return self._http.call(_request(path, params, get=get, seconds=seconds), read_body)
        except SourceError as error:
            clean, cause = explained(error, self._http.backend, query, self._http.redact), error.__cause__
        raise clean from cause


def _request(path: str, params: Mapping[str, object], *, get: bool, seconds: float | None) -> Request:
    form = urlencode(params, doseq=True)
    if get or len(form) <= LONGEST_GET:
        return Request(f"/api/v1/{path}", params, timeout=seconds)
    return Request(f"/api/v1/{path}", method="POST", body=form.encode(), content_type=FORM, safe=True, timeout=seconds)


def _with_head(kind: type[T]) -> Callable[[Head, Iterable[bytes]], tuple[Head, T]]:
    def read(head: Head, chunks: Iterable[bytes]) -> tuple[Head, T]:
        return head, decode_data(open_envelope(b"".join(chunks)).data, kind)

    return read


def _bounds(window: Window) -> dict[str, str]:
    """The server's ranges include their ends, windows do not."""
    start, end = window.as_millis()
    return {"start": _seconds(start), "end": _seconds(max(start, end - 1))}


def _seconds(millis: int) -> str:
    """Epoch or step milliseconds as decimal seconds, without the rounding of a float."""
    sign, size = ("-", -millis) if millis < 0 else ("", millis)
    return f"{sign}{size // 1000}.{size % 1000:03d}"
