"""What every source of a signal must do, as pytest classes: subclass one and give it a `source`.

    class TestMine(MetricSourceConformance):
        differences = {"test_an_unknown_metric_is_an_empty_frame": "answers 404 (their issue 12)"}

        @pytest.fixture
        def source(self):
            return Mine(...)     # holds the data of obslib.testing.conformance_data

A declared difference must exist: a test named in `differences` has to fail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from obslib.core.errors import MissingDependencyError, QueryError
from obslib.core.frames import EVENTS, LOGS, SPANS, labels_of
from obslib.core.protocols import EventSource, LogSource, MetricSource, TraceSource
from obslib.core.provenance import provenance_of
from obslib.core.series import METRIC_NAME
from obslib.core.window import Window
from obslib.testing.conformance_data import (
    EVERY,
    GAP,
    HOSTILE,
    PLACES,
    REQUESTS,
    RISES,
    SPECIAL,
    SPECIALS,
    WINDOW,
    expected,
    known_series,
)

try:
    import pytest
except ModuleNotFoundError as error:
    raise MissingDependencyError("pytest", extra="test") from error

MINUTE = pd.Timedelta("1min")


class _Declared:
    """Differences that a subclass declares, by the name of the test."""

    differences: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _expect_difference(self, request: pytest.FixtureRequest) -> None:
        reason = self.differences.get(request.function.__name__)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


class MetricSourceConformance(_Declared):
    """Rules of a `MetricSource` that holds the series of `conformance_data`."""

    def test_it_keeps_the_protocol(self, source: MetricSource) -> None:
        """All methods are there."""
        assert isinstance(source, MetricSource)

    @pytest.mark.parametrize("step", ["15s", "1min", "7min", "30min"])
    def test_a_selector_is_the_newest_sample_at_every_step(self, source: MetricSource, step: str) -> None:
        """On the grid of the window, end excluded, with a lookback of five minutes."""
        assert_selected(source, REQUESTS, WINDOW, pd.Timedelta(step))

    def test_a_window_off_the_grid_has_the_steps_inside_it(self, source: MetricSource) -> None:
        """Steps are multiples of the step since the epoch, wherever the window begins."""
        assert_selected(
            source, REQUESTS, Window(WINDOW.start + pd.Timedelta("10min17s"), "2026-01-15T01:00:00.5Z"), MINUTE
        )

    def test_more_steps_than_backends_return_at_once(self, source: MetricSource) -> None:
        """14,400 of them."""
        assert_selected(source, REQUESTS, WINDOW, pd.Timedelta("500ms"))

    def test_aggregation_is_the_backends(self, source: MetricSource) -> None:
        """The sum per service is the sum of its series."""
        frame = source.query_metrics(f"sum by (service) ({REQUESTS})", WINDOW, step=MINUTE)
        assert labels_of(frame) == [{"service": "db"}, {"service": "web"}]
        of = {one.labels.get("instance"): expected(one, _millis(frame)) for one in known_series()}
        np.testing.assert_array_equal(frame.to_numpy().T, [of["db-c"], of["web-a"] + of["web-b"]])

    def test_a_steady_rise_has_its_rate(self, source: MetricSource) -> None:
        """From five minutes after the first sample on."""
        frame = source.query_metrics(f"sum by (instance) (rate({REQUESTS}[5m]))", WINDOW, step=MINUTE)
        rates = [{"instance": name} for name in sorted(RISES)]
        assert labels_of(frame) == rates
        steady = frame.iloc[6:].to_numpy()
        np.testing.assert_allclose(
            steady, np.broadcast_to([RISES[r["instance"]] * 1000 / EVERY for r in rates], steady.shape)
        )

    def test_a_number_has_no_labels(self, source: MetricSource) -> None:
        """A scalar is one column at every step."""
        frame = source.query_metrics("42", WINDOW, step=MINUTE)
        assert labels_of(frame) == [{}]
        assert (frame.to_numpy() == 42.0).all()
        assert len(frame) == 120

    def test_a_gap_is_unknown_and_not_bridged(self, source: MetricSource) -> None:
        """An hour without samples: NaN from five minutes on."""
        assert_selected(source, GAP, WINDOW, MINUTE)

    def test_infinities_arrive(self, source: MetricSource) -> None:
        """Both of them."""
        frame = source.query_metrics(SPECIAL, WINDOW, step=MINUTE)
        assert {one["kind"]: value for one, value in zip(labels_of(frame), frame.iloc[-1], strict=True)} == SPECIALS

    def test_labels_of_any_text_arrive_as_they_are(self, source: MetricSource) -> None:
        """Quotes, backslashes, line breaks, JSON, other scripts."""
        frame = source.query_metrics(PLACES, WINDOW, step=MINUTE)
        found = {one["place"]: value for one, value in zip(labels_of(frame), frame.iloc[-1], strict=True)}
        assert found == {text: 1.0 + at for at, text in enumerate(HOSTILE)}
        assert source.label_values("place", WINDOW) == sorted(HOSTILE)

    @pytest.mark.parametrize("text", HOSTILE)
    def test_labels_of_any_text_can_be_asked_for(self, source: MetricSource, text: str) -> None:
        """As a quoted string in a matcher: exactly the one series."""
        selector = f"{PLACES}{{place={json.dumps(text, ensure_ascii=False)}}}"
        frame = source.query_metrics(selector, WINDOW, step=MINUTE)
        assert [one["place"] for one in labels_of(frame)] == [text]
        assert source.label_values("place", WINDOW, matchers=[selector]) == [text]

    def test_an_unknown_metric_is_an_empty_frame(self, source: MetricSource) -> None:
        """No series, all steps."""
        frame = source.query_metrics("conform_absent", WINDOW, step=MINUTE)
        assert frame.shape == (120, 0)
        assert frame.index.equals(WINDOW.grid(MINUTE))

    def test_a_wrong_query_is_shown(self, source: MetricSource) -> None:
        """`QueryError` with the query and a caret, as far as the backend says where."""
        with pytest.raises(QueryError) as caught:
            source.query_metrics("sum(conform_requests{)", WINDOW, step=MINUTE)
        assert "sum(conform_requests{)" in str(caught.value)
        assert caught.value.position is not None

    def test_an_answer_says_where_it_came_from(self, source: MetricSource) -> None:
        """Query, language, window, step and rows; and no warning that nobody gave."""
        made = provenance_of(source.query_metrics(REQUESTS, WINDOW, step=MINUTE))
        assert (made.query, made.language, made.step, made.rows) == (REQUESTS, "promql", "1m", 120)
        assert (made.start, made.end) == (WINDOW.start.isoformat(), WINDOW.end.isoformat())
        assert made.source
        assert made.warnings == ()

    def test_labels_are_sorted_names_and_values(self, source: MetricSource) -> None:
        """Among all series, or those that any selector matches."""
        names = source.label_names(WINDOW)
        assert names == sorted(names)
        assert {METRIC_NAME, "instance", "kind", "place", "service"} <= set(names)
        assert {GAP, PLACES, REQUESTS, SPECIAL} <= set(source.label_values(METRIC_NAME, WINDOW))
        assert source.label_values("instance", WINDOW) == ["db-c", "web-a", "web-b"]
        chosen = [f'{REQUESTS}{{service="db"}}', f'{REQUESTS}{{instance=~"web-[b-z]"}}']
        assert source.label_values("instance", WINDOW, matchers=chosen) == ["db-c", "web-b"]

    def test_an_unknown_label_has_no_values(self, source: MetricSource) -> None:
        """It is no error to ask."""
        assert source.label_values("conform_absent", WINDOW) == []

    def test_a_matcher_that_is_no_selector_is_refused(self, source: MetricSource) -> None:
        """Whatever it is."""
        with pytest.raises(QueryError):
            source.label_values("instance", WINDOW, matchers=["rate(x[5m])"])


class EventSourceConformance(_Declared):
    """Rules of an `EventSource`; the fixture `window` covers some of its events."""

    def test_events_are_the_canonical_table(self, source: EventSource, window: Window) -> None:
        """By start, overlapping the window, with provenance."""
        events = EVENTS.check(source.query_events(window))
        assert len(events) > 0
        assert events["start"].is_monotonic_increasing
        assert (events["start"] < window.end).all()
        assert (events["end"].isna() | (events["end"] >= window.start)).all()
        assert provenance_of(events).rows == len(events)

    def test_events_of_one_kind(self, source: EventSource, window: Window) -> None:
        """Exactly those that have it; none of a kind that does not exist."""
        events = source.query_events(window)
        kind = str(events["kind"].iloc[0])
        assert len(source.query_events(window, kind=kind)) == int((events["kind"] == kind).sum())
        assert EVENTS.check(source.query_events(window, kind="conform_absent")).empty


class LogSourceConformance(_Declared):
    """Rules of a `LogSource`; the fixture `window` covers at least three of its records."""

    def test_logs_are_the_canonical_table(self, source: LogSource, window: Window) -> None:
        """Newest first, in the window, with provenance."""
        logs = LOGS.check(source.query_logs("*", window, limit=1_000))
        assert len(logs) >= 3
        assert logs["time"].is_monotonic_decreasing
        assert all(moment in window for moment in logs["time"])
        assert provenance_of(logs).rows == len(logs)

    def test_a_limit_keeps_the_newest_and_says_so(self, source: LogSource, window: Window) -> None:
        """The first rows of the longer answer, and a warning."""
        all_of_them = source.query_logs("*", window, limit=1_000)
        two = source.query_logs("*", window, limit=2)
        assert two["time"].tolist() == all_of_them["time"].tolist()[:2]
        assert provenance_of(two).warnings

    def test_fields_are_sorted_and_hold_the_fixed_columns(self, source: LogSource, window: Window) -> None:
        """What a picker offers."""
        fields = source.fields(window)
        assert fields == sorted(fields)
        assert {"body", "severity", "service"} <= set(fields)


class TraceSourceConformance(_Declared):
    """Rules of a `TraceSource`; the fixture `window` covers some of its traces."""

    def test_spans_are_the_canonical_table(self, source: TraceSource, window: Window) -> None:
        """They start in the window."""
        spans = SPANS.check(source.query_spans("{}", window, limit=10_000))
        assert len(spans) > 0
        assert all(moment in window for moment in spans["start"])
        assert provenance_of(spans).rows == len(spans)

    def test_a_trace_is_whole_and_by_start(self, source: TraceSource, window: Window) -> None:
        """At least the spans that the search found; an unknown trace is empty."""
        spans = source.query_spans("{}", window, limit=10_000)
        wanted = str(spans["trace_id"].iloc[0])
        trace = SPANS.check(source.get_trace(wanted))
        assert set(trace["trace_id"]) == {wanted}
        assert set(spans.loc[spans["trace_id"] == wanted, "span_id"]) <= set(trace["span_id"])
        assert trace["start"].is_monotonic_increasing
        assert SPANS.check(source.get_trace("f" * 32)).empty

    def test_services_and_operations_are_those_of_the_spans(self, source: TraceSource, window: Window) -> None:
        """Sorted, and nothing for a service that does not exist."""
        spans = source.query_spans("{}", window, limit=10_000)
        services = source.services(window)
        assert services == sorted(set(spans["service"].astype("str")))
        of_first = spans.loc[spans["service"] == services[0], "name"]
        assert source.operations(services[0], window) == sorted(set(of_first.astype("str")))
        assert source.operations("conform_absent", window) == []


def assert_selected(source: MetricSource, metric: str, window: Window, step: pd.Timedelta) -> None:
    """Assert that a bare metric name gives what `conformance_data` says, to the last bit."""
    frame = source.query_metrics(metric, window, step=step)
    assert frame.index.equals(window.grid(step))
    found: dict[Any, pd.Series] = {
        tuple(sorted(one.items())): frame.iloc[:, at] for at, one in enumerate(labels_of(frame))
    }
    for known in (one for one in known_series() if one.labels[METRIC_NAME] == metric):
        values = found.pop(tuple(sorted(known.labels.items()))).to_numpy()
        np.testing.assert_array_equal(values, expected(known, _millis(frame)))
    assert not found


def _millis(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(frame.index.as_unit("ns").asi8 // 10**6)
