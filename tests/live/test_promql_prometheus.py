"""The embedded PromQL evaluator against a real Prometheus 3 on random queries over random series.

`OBSLIB_DIFFERENTIAL_QUERIES` says how many (default 300).
"""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obslib.core.errors import QueryError
from obslib.languages.promql import MemorySeries, Result, query_instant, query_range
from tests.languages.promql.strategies import SAMPLES, STEP, queries, random_series
from tests.live import promql_oracle as oracle
from tests.live.support import live_server

pytestmark = pytest.mark.live
COUNT = int(os.environ.get("OBSLIB_DIFFERENTIAL_QUERIES", "300"))
NO_SCRAPES = {"prometheus.yml": "global: {evaluation_interval: 1m}\n"}


@pytest.fixture(scope="module")
def judged() -> Iterator[tuple[str, MemorySeries, int]]:
    """A Prometheus with random series, the same series in memory, and when they start (ms)."""
    start = (int(time.time()) // 60 - 60) * 60_000
    series = random_series(7, start)
    with live_server("prometheus3", files=NO_SCRAPES) as server:
        oracle.write(server.url, series)
        yield server.url, MemorySeries.of(series), start


@settings(max_examples=COUNT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    query=queries(), first=st.integers(-4, SAMPLES), steps=st.integers(0, 12), step=st.sampled_from((15, 30, 60, 77))
)
def test_range_queries_give_what_prometheus_gives(judged, query, first, steps, step):
    url, series, origin = judged
    start = origin + first * STEP
    end = start + steps * step * 1_000
    expected = oracle.query_range(url, query, start, end, step * 1_000)
    assert_same(query, expected, lambda: query_range(query, series, start=start, end=end, step=step * 1_000))


@settings(max_examples=COUNT, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(query=queries(), at=st.integers(-4 * STEP, SAMPLES * STEP))
def test_instant_queries_give_what_prometheus_gives(judged, query, at):
    url, series, origin = judged
    expected = oracle.query_instant(url, query, origin + at)
    assert_same(query, expected, lambda: query_instant(query, series, at=origin + at))


def assert_same(query, expected, evaluate):
    if expected.error:
        with pytest.raises(QueryError):
            evaluate()
        return
    result = evaluate()
    found = values_of(result)
    assert found.keys() == expected.series.keys(), query
    for labels, points in expected.series.items():
        assert found[labels].keys() == points.keys(), f"{query}: times of {labels}"
        for moment, value in points.items():
            ours = found[labels][moment]
            close = math.isclose(ours, value, rel_tol=1e-8, abs_tol=1e-9) or (math.isnan(ours) and math.isnan(value))
            assert close, f"{query}: {labels} at {moment}: {ours}, Prometheus {value}"
    for ours, theirs in ((result.warnings, expected.warnings), (result.infos, expected.infos)):
        assert notes_of(query, ours) == notes_of(query, theirs), query


def notes_of(query, notes):
    """Annotations to compare.

    Prometheus 3.16 shows ten of a kind at most, and says more about buckets that it had to mend. With
    subqueries and @ only the kinds are compared: it loses positions where the inner expression stands in
    parentheses, warns of sort() in subqueries of one step, does not look for @ in parameters of aggregations,
    and of equal annotations keeps the one it happened to evaluate last.
    """
    if len(notes) >= 10:
        return {"many"}
    # Sums depend on the order of series in their last digits.
    notes = {re.sub(r"(?<=got )\S+", lambda number: f"{float(number.group()):.9g}", text) for text in notes}
    notes = {re.sub(r"(#histogram_quantile\)).*( \()", r"\1\2", text) for text in notes}
    if ":" not in query and "@" not in query:
        return notes
    kinds = {re.sub(r"(, got .*| \(\d+:\d+\))$", "", text) for text in notes}
    return {text for text in kinds if "sort is ineffective" not in text}


def values_of(result: Result) -> oracle.Answer:
    """A result by series and time."""
    return {
        tuple(sorted(labels.items())): {
            int(moment): float(value)
            for moment, value, there in zip(
                result.times, result.values[:, column], result.present[:, column], strict=True
            )
            if there
        }
        for column, labels in enumerate(result.labels)
    }
