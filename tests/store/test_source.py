"""The store as a source: every signal as its canonical table, with provenance."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from obslib.core.errors import QueryError, UnsupportedError
from obslib.core.frames import EVENTS, LOGS, SPANS, labels_of
from obslib.core.layout import Batch
from obslib.core.protocols import EventSource, LogSource, MetricSource, TraceSource
from obslib.core.provenance import provenance_of
from obslib.core.window import Window
from obslib.store.source import StoreSource
from obslib.store.store import Store

from .conftest import MIDNIGHT, counters, log_batch, span_batch

HOUR = Window(MIDNIGHT, MIDNIGHT + 3_600_000)
STEP = pd.Timedelta("1min")


def moment(seconds: float) -> pd.Timestamp:
    return pd.Timestamp(MIDNIGHT, unit="ms", tz="UTC") + pd.Timedelta(seconds=seconds)


@pytest.fixture
def source(store: Store) -> StoreSource:
    store.append(counters(3, 30))
    store.append(log_batch(10))
    store.append(span_batch(5))
    stamp = pa.timestamp("ns", "UTC")
    events = pa.table(
        {
            "start_timestamp": pa.array([moment(0), moment(600), moment(4_000)], stamp),
            "end_timestamp": pa.array([moment(60), None, moment(5_000)], stamp),
            "event_kind": ["deploy", "incident", "deploy"],
            "event_name": ["web 1.2", "latency", "web 1.3"],
            "service_name": ["web", "web", ""],
            "event_attributes": ['{"version":"1.2"}', "{}", '{"version":"1.3"}'],
        }
    )
    store.append(Batch(events=events))
    return StoreSource(store)


@pytest.mark.parametrize("protocol", [MetricSource, LogSource, TraceSource, EventSource])
def test_the_store_keeps_every_protocol(source: StoreSource, protocol: type):
    assert isinstance(source, protocol)


def test_promql_runs_over_the_stored_samples(source: StoreSource):
    frame = source.query_metrics("sum by (service) (rate(requests_total[5m]))", HOUR, step=STEP)
    assert labels_of(frame) == [{"service": "s0"}, {"service": "s1"}, {"service": "s2"}]
    assert np.allclose(frame.iloc[10].to_numpy(), [1 / 60, 2 / 60, 3 / 60])
    assert frame.index[0] >= HOUR.start
    assert frame.index[-1] < HOUR.end


def test_an_instant_query_is_one_row(source: StoreSource):
    frame = source.query_instant("sum by (service) (requests_total)", moment(120))
    assert frame.index.tolist() == [moment(120)]
    assert frame.iloc[0].tolist() == [2.0, 4.0, 6.0]
    assert provenance_of(frame).query == "sum by (service) (requests_total)"


def test_series_are_listed_with_their_labels(source: StoreSource):
    found = source.series(['requests_total{service=~"s[01]"}', 'requests_total{service="s1"}'], HOUR)
    assert found.to_dict("list") == {
        "__name__": ["requests_total", "requests_total"],
        "instance": ["i0", "i1"],
        "service": ["s0", "s1"],
    }
    assert source.series(["nothing"], HOUR).empty


def test_an_answer_says_where_it_came_from(source: StoreSource):
    origin = provenance_of(source.query_metrics("requests_total", HOUR, step=STEP))
    assert (origin.source, origin.language, origin.query, origin.step) == ("store", "promql", "requests_total", "1m")
    assert (origin.start, origin.end) == (HOUR.start.isoformat(), HOUR.end.isoformat())
    assert len(origin.data_hash) == 16


def test_a_wrong_query_is_pointed_at(source: StoreSource):
    with pytest.raises(QueryError) as caught:
        source.query_metrics("sum(rate(requests_total{[5m]))", HOUR, step=STEP)
    assert "^" in str(caught.value)


def test_warnings_of_the_evaluation_reach_the_provenance(source: StoreSource):
    frame = source.query_metrics("quantile(2, requests_total)", HOUR, step=STEP)
    assert any("quantile" in text for text in provenance_of(frame).warnings)


def test_labels_are_those_of_series_with_samples_in_the_window(source: StoreSource):
    assert source.label_names(HOUR) == ["__name__", "instance", "service"]
    assert source.label_values("service", HOUR) == ["s0", "s1", "s2"]
    assert source.label_values("instance", HOUR, matchers=['requests_total{service=~"s[12]"}']) == ["i1", "i2"]
    assert source.label_values("service", HOUR.shift("2h")) == []


def test_a_matcher_that_is_no_selector_is_refused(source: StoreSource):
    with pytest.raises(QueryError, match="selector"):
        source.label_values("service", HOUR, matchers=["rate(requests_total[5m])"])


def test_logs_come_newest_first_with_their_fields_as_columns(source: StoreSource):
    logs = LOGS.check(source.query_logs("*", HOUR, limit=4))
    assert logs["body"].tolist() == ["hello 9", "hello 8", "hello 7", "hello 6"]
    assert logs["severity"].tolist() == ["INFO", "ERROR", "INFO", "INFO"]
    assert logs["http.response.status_code"].tolist() == [201, 200, 201, 200]
    assert logs["user"].tolist() == ["u9", "u8", "u7", "u6"]
    assert logs["span_id"].isna().all()
    assert provenance_of(logs).warnings == ("cut at 4 rows; there may be more (raise limit=)",)


def test_an_hour_without_logs_is_an_empty_table(source: StoreSource):
    logs = LOGS.check(source.query_logs("*", HOUR.shift("1d"), limit=4))
    assert logs.empty


def test_fields_are_the_fixed_columns_and_every_attribute(source: StoreSource):
    assert {"body", "severity", "user", "http.response.status_code"} <= set(source.fields(HOUR))


def test_spans_come_by_start_as_the_canonical_table(source: StoreSource):
    spans = SPANS.check(source.query_spans("{}", HOUR, limit=100))
    assert len(spans) == 20
    assert spans["start"].is_monotonic_increasing
    assert spans["duration"].unique().tolist() == [pd.Timedelta("5ms")]
    assert spans["parent_span_id"].isna().sum() == 5
    assert spans["kind"].unique().tolist() == ["SERVER"]
    assert spans["http.route"].unique().tolist() == ["/"]


def test_one_trace_is_found_by_its_id_in_any_case(source: StoreSource):
    trace = source.get_trace(f"{3:032X}")
    assert trace["span_id"].tolist() == [f"{n:016x}" for n in range(12, 16)]
    assert SPANS.check(source.get_trace("ffff")).empty


def test_services_and_operations_are_listed(source: StoreSource):
    assert source.services(HOUR) == ["s0", "s1", "s2", "s3"]
    assert source.operations("s1", HOUR) == ["GET /"]
    assert source.operations("nobody", HOUR) == []


def test_events_that_overlap_the_window_are_found(source: StoreSource):
    events = EVENTS.check(source.query_events(HOUR))
    assert events["name"].tolist() == ["web 1.2", "latency"]
    assert events["end"].isna().tolist() == [False, True]
    assert source.query_events(HOUR, kind="deploy")["version"].tolist() == ["1.2"]


def test_times_to_acknowledge_and_resolve_can_be_computed(store: Store):
    start = pa.array([moment(0), moment(60)], pa.timestamp("ns", "UTC"))
    attributes = ['{"acknowledged":"2026-09-22T00:05:00Z","resolved":"2026-09-22T00:20:00Z"}', "{}"]
    store.append(Batch(events=pa.table({"start_timestamp": start, "event_attributes": attributes})))
    events = StoreSource(store).query_events(HOUR)
    assert (events["resolved"] - events["start"]).tolist() == [pd.Timedelta("20min"), pd.NaT]
    assert (events["acknowledged"] - events["start"]).mean() == pd.Timedelta("5min")


@pytest.mark.parametrize(("method", "query"), [("query_logs", "severity:ERROR"), ("query_spans", "{ duration > 1s }")])
def test_a_language_the_store_does_not_know_is_refused_not_ignored(source: StoreSource, method: str, query: str):
    with pytest.raises(UnsupportedError, match="cannot evaluate"):
        getattr(source, method)(query, HOUR, limit=10)


def test_mixed_and_nested_attributes_become_text(store: Store):
    stamps = pa.array([moment(n) for n in range(3)], pa.timestamp("ns", "UTC"))
    attributes = ['{"a":1,"deep":{"x":1}}', '{"a":"one","list":[1,2]}', "{}"]
    store.append(Batch(logs=pa.table({"timestamp": stamps, "body": ["x", "y", "z"], "log_attributes": attributes})))
    logs = StoreSource(store).query_logs("*", HOUR, limit=10).sort_values("time")
    assert logs["a"].tolist()[:2] == ["1", "one"]
    assert logs["deep"].tolist()[0] == '{"x":1}'
    assert logs["list"].tolist()[1] == "[1,2]"
    assert logs["a"].isna().tolist() == [False, False, True]


def test_an_attribute_named_like_a_fixed_column_does_not_replace_it(store: Store):
    stamps = pa.array([moment(0)], pa.timestamp("ns", "UTC"))
    batch = Batch(
        logs=pa.table({"timestamp": stamps, "body": ["real"], "log_attributes": ['{"body":"fake","it\'s":1}']})
    )
    store.append(batch)
    logs = StoreSource(store).query_logs("*", HOUR, limit=10)
    assert logs["body"].tolist() == ["real"]
    assert logs["it's"].tolist() == [1]


def test_metadata_says_what_each_metric_is(source: StoreSource):
    known = source.metadata()
    assert list(known.columns) == ["metric", "type", "unit", "help"]
    assert known["metric"].is_unique
    name = known["metric"].iloc[0]
    assert source.metadata(name)["metric"].tolist() == [name]
    assert source.metadata("absent").empty
