"""Choices to PromQL."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.languages.promql import parse
from obslib.languages.promql.syntax import Selector, walk
from obslib.widgets.metric_query import VIEWS, MetricQuery, kind_of

FIVE = pd.Timedelta("5min")


def query(metric="hits_total", kind="counter", **choices):
    return MetricQuery(metric, kind, FIVE, **choices)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (query(), "sum (rate(hits_total[5m]))"),
        (query(view="increase", by=("job",)), "sum by (job) (increase(hits_total[5m]))"),
        (query("up", "gauge"), "avg (up)"),
        (query("up", "gauge", view="change per second", aggregation="max"), "max (deriv(up[5m]))"),
        (query("d_bucket", "histogram"), "histogram_quantile(0.95, sum by (le) (rate(d_bucket[5m])))"),
        (query("d_bucket", "histogram", view="distribution", by=("job",)), "sum by (le) (rate(d_bucket[5m]))"),
        (
            query("d_bucket", "histogram", view="requests per second", by=("job",), aggregation="avg"),
            "sum by (job) (rate(d_count[5m]))",
        ),
        (query(filters={"job": 'a"b'}), 'sum (rate(hits_total{job="a\\"b"}[5m]))'),
        (query("my.metric", "gauge", filters={"a.b": "c"}), 'avg ({"my.metric", "a.b"="c"})'),
        (query("job:up:sum", "gauge"), "avg (job:up:sum)"),
    ],
)
def test_choices_become_promql(asked, text):
    assert asked.text() == text
    parse(text)


def test_a_comparison_is_one_query_whose_parts_have_a_label():
    lines = query(compare=True).text().splitlines()
    assert lines == [
        'label_replace(sum (rate(hits_total[5m])), "week", "this week", "", "")',
        'or label_replace(sum (rate(hits_total[5m] offset 1w)), "week", "last week", "", "")',
    ]


def test_a_distribution_is_not_compared():
    assert "offset" not in query("d_bucket", "histogram", view="distribution", compare=True).text()


@given(
    st.sampled_from([(kind, view) for kind, views in VIEWS.items() for view in views]),
    st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=3),
    st.text(min_size=1, max_size=8),
    st.booleans(),
)
def test_any_label_and_value_reads_back_literally(choice, filters, by, compare):
    kind, view = choice
    filters.pop("__name__", None)
    text = query("d_bucket", kind, view=view, filters=filters, by=(by,), compare=compare).text()
    for node in walk(parse(text)):
        if isinstance(node, Selector):
            assert {one.name: one.value for one in node.matchers if one.name != "__name__"} == filters


@pytest.mark.parametrize(
    ("name", "declared", "kind"),
    [
        ("a_total", "", "counter"),
        ("a", "counter", "counter"),
        ("a_seconds_count", "histogram", "counter"),
        ("a_seconds_bucket", "", "histogram"),
        ("a", "gauge", "gauge"),
        ("a", "", "gauge"),
    ],
)
def test_the_kind_follows_the_name_where_nothing_is_declared(name, declared, kind):
    assert kind_of(name, declared) == kind


def test_units_follow_what_is_seen():
    assert query("a_seconds_bucket", "histogram").unit() == "s"
    assert query("a_seconds_bucket", "histogram", view="distribution").unit("s") == "1/s"
    assert query("a_bytes_total").unit() == "By/s"
    assert query("a_total").unit("{request}") == "{request}/s"
    assert query("load", "gauge").unit("1") == ""
    assert query("hit_ratio", "gauge").unit("1") == "1"
