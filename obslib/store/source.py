"""A store as a source: PromQL, logs, spans and events, like any backend.

PromQL runs here, over raw samples. The Lucene and TraceQL languages are not evaluated yet (`GAPS`):
`*` and `{}` return everything in the window, any other text raises `UnsupportedError`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from obslib.core.errors import InputError, QueryError, UnsupportedError
from obslib.core.frames import EVENTS, LOGS, SEVERITIES, SPAN_KINDS, SPAN_STATUSES, SPANS, TIME, Table
from obslib.core.protocols import Gap, Health
from obslib.core.provenance import Provenance, attach
from obslib.core.series import Matcher
from obslib.core.window import Moment, Window, parse_time, positive_duration
from obslib.languages import promql
from obslib.languages.promql.syntax import Selector
from obslib.store.attributes import attribute_columns
from obslib.store.store import Store

GAPS = (
    Gap("query_logs: Lucene", "notimpl", "only '*' (everything); filter the frame, or use ws.sql"),
    Gap("query_spans: TraceQL", "notimpl", "only '{}' (everything); filter the frame, or use ws.sql"),
)

_MOMENTS = ("acknowledged", "resolved")
"""Attributes of events that are moments, so that times to acknowledge and to repair can be computed."""
_START = "make_timestamp_ns($start)"
_END = "make_timestamp_ns($end)"
_IN_WINDOW = f"timestamp >= {_START} and timestamp < {_END}"


class StoreSource:
    """All four signals from one store.

    Parameters
    ----------
    store
        The store to ask.
    kind
        Name of the source in provenance: `store` or `demo`.
    """

    gaps = GAPS

    def __init__(self, store: Store, *, kind: str = "store") -> None:
        self.store = store
        self._kind = kind

    def query_metrics(self, query: str, window: Window, *, step: pd.Timedelta) -> pd.DataFrame:
        """Evaluate PromQL at every step of `window.grid(step)`; a metric frame with provenance."""
        grid = window.grid(step)
        if not len(grid):
            raise InputError(f"no multiple of the step {step} lies in {window}.", fix="use a shorter step.")
        result = promql.query_range(
            query,
            self.store,
            start=grid[0].value // 10**6,
            end=grid[-1].value // 10**6,
            step=positive_duration(step, "step").value // 10**6,
        )
        noted = (*result.warnings, *result.infos)
        made = Provenance.of_query(self._kind, query, window, language="promql", step=step, warnings=noted)
        return attach(result.to_frame(), made)

    def query_instant(self, query: str, at: Moment = "now") -> pd.DataFrame:
        """Evaluate PromQL at one moment; a metric frame of one row, or the raw samples of a range vector."""
        moment = parse_time(at).floor("ms")
        result = promql.query_instant(query, self.store, at=moment.value // 10**6)
        noted = (*result.warnings, *result.infos)
        instant = Window(moment, moment + pd.Timedelta(1, "ms"))
        made = Provenance.of_query(self._kind, query, instant, language="promql", warnings=noted)
        return attach(result.to_frame(), made)

    def series(self, matchers: Sequence[str], window: Window) -> pd.DataFrame:
        """One row per series that matches any selector, one text column per label, `""` where it is absent."""
        found = pd.DataFrame([dict(labels) for labels in self._series(window, matchers)]).fillna("").drop_duplicates()
        columns = sorted(found.columns)
        return found[columns].sort_values(columns, ignore_index=True) if columns else found

    def label_names(self, window: Window) -> list[str]:
        """Sorted names of all labels seen in the window."""
        return sorted({name for labels in self._series(window, ()) for name in labels})

    def label_values(self, name: str, window: Window, *, matchers: Sequence[str] = ()) -> list[str]:
        """Sorted values of one label among series that match any selector of `matchers`."""
        return sorted({labels[name] for labels in self._series(window, matchers) if name in labels})

    def metadata(self, metric: str = "") -> pd.DataFrame:
        """What each metric (or one) is: `metric, type, unit, help`, by name."""
        found = self.store.arrow(
            "select metric_name as metric, metric_type as type, metric_unit as unit, "
            "any_value(metric_description order by metric_description) as help "
            "from series where $metric = '' or metric_name = $metric group by all order by all",
            {"metric": metric},
        )
        return found.to_pandas().astype("str")

    def query_logs(self, query: str, window: Window, *, limit: int) -> pd.DataFrame:
        """The newest `limit` records, newest first, as LOGS."""
        _only("*", query, "Lucene")
        table = self._select("logs", window, f"order by timestamp desc, service_name, body limit {int(limit)}")
        frame = logs_frame(table)
        return attach(
            frame, Provenance.of_query(self._kind, query, window, language="lucene", warnings=_cut(table, limit))
        )

    def fields(self, window: Window) -> list[str]:
        """Sorted names of the fields that records in the window have."""
        found: set[str] = set(LOGS.columns)
        for column in ("log_attributes", "resource_attributes"):
            names = self.store.arrow(
                f"select distinct unnest(json_keys({column})) as name "
                f"from (select distinct {column} from logs where {_IN_WINDOW})",
                _bounds(window),
            )
            found |= set(names.column("name").to_pylist())
        return sorted(found)

    def query_spans(self, query: str, window: Window, *, limit: int) -> pd.DataFrame:
        """Up to `limit` spans that start in the window, by start, as SPANS."""
        _only("{}", query.replace(" ", ""), "TraceQL")
        table = self._select("spans", window, f"order by timestamp, span_id limit {int(limit)}")
        made = Provenance.of_query(self._kind, query, window, language="traceql", warnings=_cut(table, limit))
        return attach(spans_frame(table), made)

    def get_trace(self, trace_id: str) -> pd.DataFrame:
        """All spans of one trace, by start; empty SPANS if there is none."""
        wanted = trace_id.lower()
        table = self.store.arrow("select * from spans where trace_id = $id order by timestamp, span_id", {"id": wanted})
        return spans_frame(table)

    def services(self, window: Window) -> list[str]:
        """Sorted names of services with spans in the window."""
        return self._names("service_name", window, {})

    def operations(self, service: str, window: Window) -> list[str]:
        """Sorted span names of one service in the window."""
        return self._names("span_name", window, {"service": service})

    def query_events(self, window: Window, *, kind: str | None = None) -> pd.DataFrame:
        """Events that overlap the window, by start, as EVENTS."""
        table = self.store.arrow(
            f"select * from events where start_timestamp < {_END} "
            f"and coalesce(end_timestamp, start_timestamp) >= {_START} "
            "and ($kind is null or event_kind = $kind) order by start_timestamp",
            {**_bounds(window), "kind": kind},
        )
        return attach(events_frame(table), Provenance.of_query(self._kind, kind or "*", window, language="events"))

    def health(self) -> Health:
        """Whether the store opens, and what is in it."""
        held = [f"{one.rows:,} {one.signal}" for one in self.store.info() if one.rows]
        return Health(ok=True, detail=f"{self.store.folder}: {', '.join(held) or 'empty'}")

    def fixed_now(self) -> str:
        """The moment an archive's clock stands at, or `""` for live data."""
        return self.store.property("now")

    def scrape_interval(self) -> str:
        """Distance of the samples as `obslib scrape` noted it, or `""`."""
        return self.store.property("scrape_interval")

    def _series(self, window: Window, selectors: Sequence[str]) -> list[Mapping[str, str]]:
        start, end = window.as_millis()
        chosen = [_matchers(text) for text in selectors] or [()]
        return [labels for one in chosen for labels in self.store.live_series(one, start, end)]

    def _select(self, view: str, window: Window, rest: str) -> pa.Table:
        return self.store.arrow(f"select * from {view} where {_IN_WINDOW} {rest}", _bounds(window))

    def _names(self, column: str, window: Window, service: Mapping[str, str]) -> list[str]:
        of_service = "and service_name = $service" if service else ""
        table = self.store.arrow(
            f"select distinct {column} as name from spans where {_IN_WINDOW} {of_service} order by name",
            {**_bounds(window), **service},
        )
        return [str(name) for name in table.column("name").to_pylist()]


def logs_frame(table: pa.Table) -> pd.DataFrame:
    """Rows of the `logs` view as LOGS, attributes as columns."""
    text = table.column("severity_text").cast(pa.string()).to_pandas()
    number = table.column("severity_number").to_numpy()
    fixed = {
        "time": _times(table, "timestamp"),
        "service": _words(table, "service_name"),
        "severity": _severity(text, number),
        "body": table.column("body").to_pandas(),
        "trace_id": _words(table, "trace_id"),
        "span_id": _words(table, "span_id"),
    }
    return _with_attributes(LOGS, fixed, table, ("log_attributes", "resource_attributes"))


def spans_frame(table: pa.Table) -> pd.DataFrame:
    """Rows of the `spans` view as SPANS, attributes as columns."""
    fixed = {
        "trace_id": _words(table, "trace_id"),
        "span_id": _words(table, "span_id"),
        "parent_span_id": _words(table, "parent_span_id"),
        "service": _words(table, "service_name"),
        "name": _words(table, "span_name"),
        "kind": np.array(SPAN_KINDS, dtype=object)[np.clip(table.column("span_kind").to_numpy(), 0, 5)],
        "start": _times(table, "timestamp"),
        "duration": pd.to_timedelta(table.column("duration").to_numpy(), unit="ns"),
        "status": np.array(SPAN_STATUSES, dtype=object)[np.clip(table.column("status_code").to_numpy(), 0, 2)],
    }
    return _with_attributes(SPANS, fixed, table, ("span_attributes", "resource_attributes"))


def events_frame(table: pa.Table) -> pd.DataFrame:
    """Rows of the `events` view as EVENTS, attributes as columns."""
    fixed = {
        "start": _times(table, "start_timestamp"),
        "end": _times(table, "end_timestamp"),
        "kind": _words(table, "event_kind"),
        "name": _words(table, "event_name"),
        "severity": _words(table, "severity_text"),
        "service": _words(table, "service_name"),
        "source": _words(table, "source"),
    }
    frame = _with_attributes(EVENTS, fixed, table, ("event_attributes",))
    moments = {name: pd.to_datetime(frame[name].astype("str"), utc=True) for name in _MOMENTS if name in frame}
    return frame.assign(**{name: column.astype(TIME) for name, column in moments.items()})


def _with_attributes(
    kind: Table, fixed: Mapping[str, object], table: pa.Table, sources: tuple[str, ...]
) -> pd.DataFrame:
    return kind.build({**fixed, **attribute_columns(table, sources, frozenset(kind.columns))})


def _matchers(text: str) -> Sequence[Matcher]:
    """The matchers of a series selector such as `up{job="api"}`."""
    parsed = promql.parse(text)
    if not isinstance(parsed, Selector):
        raise QueryError("a series selector was expected.", query=text, fix='write up{job="api"} or {job="api"}.')
    return parsed.matchers


def _times(table: pa.Table, column: str) -> pd.Series:
    return table.column(column).cast(pa.timestamp("ns", "UTC")).to_pandas()


def _words(table: pa.Table, column: str) -> pd.Series:
    """Text with missing (`""` in the files) as missing."""
    text = table.column(column).cast(pa.string()).to_pandas()
    return text.where(text != "")


def _severity(text: pd.Series, number: np.ndarray) -> pd.Series:
    """OpenTelemetry's six names from the number (1-24), else the record's own word in capitals."""
    names = np.array([None, *SEVERITIES], dtype=object)[np.clip((number + 3) // 4, 0, 6)]
    own = text.str.upper().replace({"": None, "WARNING": "WARN", "CRITICAL": "FATAL"})
    return pd.Series(names, index=text.index, dtype="str").fillna(own)


def _bounds(window: Window) -> dict[str, object]:
    return {"start": window.start.value, "end": window.end.value}


def _cut(table: pa.Table, limit: int) -> tuple[str, ...]:
    return (f"cut at {limit:,} rows; there may be more (raise limit=)",) if table.num_rows == limit else ()


def _only(everything: str, query: str, language: str) -> None:
    if query.strip() not in {everything, ""}:
        raise UnsupportedError(
            f"the store cannot evaluate {language} yet, got {query!r}.",
            fix=f"ask for {everything!r} and filter the frame, or write the condition in ws.sql(...).",
        )
