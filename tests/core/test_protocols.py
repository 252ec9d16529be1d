"""A class is a source by having the methods; nothing is inherited."""

from __future__ import annotations

import math

import pytest

from obslib.core.frames import EVENTS, LOGS, SPANS, concat_metrics
from obslib.core.protocols import EventSource, Gap, Health, LogSource, MetricSource, TraceSource
from obslib.core.window import Window


class Metrics:
    def query_metrics(self, query, window, *, step):
        return concat_metrics([])

    def label_names(self, window):
        return []

    def label_values(self, name, window, *, matchers=()):
        return []


class LogsAndEvents:
    def query_logs(self, query, window, *, limit):
        return LOGS.empty()

    def fields(self, window):
        return []

    def query_events(self, window, *, kind=None):
        return EVENTS.empty()


class Traces:
    def query_spans(self, query, window, *, limit):
        return SPANS.empty()

    def get_trace(self, trace_id):
        return SPANS.empty()

    def services(self, window):
        return []

    def operations(self, service, window):
        return []


@pytest.mark.parametrize(
    ("kind", "protocols"),
    [(Metrics, {MetricSource}), (LogsAndEvents, {LogSource, EventSource}), (Traces, {TraceSource}), (dict, set())],
)
def test_source_is_what_it_can_do(kind, protocols):
    source = kind()
    assert {one for one in (MetricSource, LogSource, TraceSource, EventSource) if isinstance(source, one)} == protocols


def test_one_missing_method_is_enough_not_to_be_a_source():
    class Half:
        query_spans = Traces.query_spans
        get_trace = Traces.get_trace
        services = Traces.services

    assert not isinstance(Half(), TraceSource)


def test_protocols_can_be_used_as_documented():
    window = Window("2026-11-01", "2026-11-02")
    source: LogSource = LogsAndEvents()
    LOGS.check(source.query_logs("*", window, limit=10))


def test_health_without_a_clock_has_an_unknown_skew():
    health = Health(ok=True, detail="prometheus 3.5")
    assert math.isnan(health.clock_skew_seconds)
    assert health.fix == ""


def test_gaps_compare_by_value():
    assert Gap("get_trace", "never", "keeps no traces") == Gap("get_trace", "never", "keeps no traces")
