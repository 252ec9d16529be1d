"""The explorer's state, without a widget."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import obslib
from obslib.core.errors import InputError, QueryError
from obslib.core.frames import labels_of
from obslib.core.layout import SERIES, Batch, MetricBatch
from obslib.figures.summary import figure_summary
from obslib.store.store import Store
from obslib.widgets.metric_exploration import MetricExploration
from obslib.workspace import connect

NOW = pd.Timestamp("2026-11-10T12:00Z")
HOSTILE = '<b>"x"\\</b>'
SERVICES = ("web", "web-2", HOSTILE)


def store_at(path):
    """Eight days, each minute: a counter, a histogram and a gauge."""
    times = NOW.value // 10**6 - 60_000 * np.arange(60 * 24 * 8, dtype=np.int64)[::-1]
    plain = {"metric_unit": "", "metric_description": ""}
    rows, values = [], []
    for place, service in enumerate(SERVICES):
        labels = [("job", "shop"), ("service", service)]
        counter = {"metric_name": "hits_total", "metric_type": "counter", "labels": labels}
        rows.append(plain | counter | {"metric_description": "Requests answered."})
        values.append(np.arange(len(times)) * 60.0 * (place + 1))
    for bound, share in (("0.1", 0.5), ("+Inf", 1.0)):
        labels = [("le", bound), ("service", "web")]
        rows.append(plain | {"metric_name": "took_seconds_bucket", "metric_type": "histogram", "labels": labels})
        values.append(np.arange(len(times)) * 60.0 * share)
    rows.append(plain | {"metric_name": "depth", "metric_type": "gauge", "labels": [("service", "web")]})
    values.append(np.full(len(times), 3.0))
    store = Store.create(path)
    codes = np.repeat(np.arange(len(rows), dtype=np.int32), len(times))
    series = SERIES.empty_table().from_pylist(rows, SERIES)
    store.append(Batch(metrics=MetricBatch(series, codes, np.tile(times, len(rows)), np.concatenate(values))))
    store.set_property("now", NOW.isoformat())
    return f"store:{path}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return store_at(tmp_path_factory.mktemp("explore") / "store")


@pytest.fixture
def seen(address):
    return MetricExploration(connect(address), last="1h")


def test_every_metric_is_known_with_type_and_help(seen):
    rows = seen.known.set_index("metric")
    assert list(rows.index) == ["depth", "hits_total", "took_seconds_bucket"]
    assert (rows.loc["hits_total", "type"], rows.loc["hits_total", "help"]) == ("counter", "Requests answered.")


def test_search_wants_every_word_in_name_or_help(seen):
    assert seen.search("answered REQUESTS")["metric"].tolist() == ["hits_total"]
    assert seen.search("took answered").empty
    assert len(seen.search()) == 3


def test_a_metric_is_first_seen_as_its_type_suggests(seen):
    seen.choose("hits_total")
    assert seen.promql == "sum (rate(hits_total[5m]))"
    assert figure_summary(seen.figure()).startswith("hits_total, per second. 1 series")
    seen.choose("took_seconds_bucket")
    assert "histogram_quantile(0.95" in seen.promql


def test_splitting_gives_a_line_per_value(seen):
    seen.choose("hits_total")
    seen.split(["service"])
    assert {one["service"] for one in labels_of(seen.frame())} == set(SERVICES)


def test_labels_are_counted_after_the_filters(seen):
    seen.choose("hits_total")
    before = seen.labels()
    assert before[before["label"] == "job"].to_dict("records") == [{"label": "job", "value": "shop", "series": 3}]
    seen.drill("service", HOSTILE)
    assert seen.labels()["series"].tolist() == [1, 1]
    assert seen.frame().iloc[-1, 0] == pytest.approx(3.0)
    seen.undrill("service")
    assert len(seen.labels()) == len(before)


def test_buckets_are_no_label_to_split_by(seen):
    seen.choose("took_seconds_bucket")
    assert set(seen.labels()["label"]) == {"service"}


def test_last_week_is_a_line_beside_this_one(seen):
    seen.choose("hits_total")
    seen.compare(True)
    assert {one["week"] for one in labels_of(seen.frame())} == {"this week", "last week"}


def test_the_distribution_is_a_heatmap(seen):
    seen.choose("took_seconds_bucket")
    seen.view("distribution")
    assert seen.figure().data[0].type == "heatmap"
    assert "plot_heatmap" in seen.code


def test_an_edited_query_holds_until_the_next_choice(seen):
    seen.choose("depth")
    seen.edit(" depth * 2 ")
    assert (seen.promql, seen.frame().iloc[-1, 0]) == ("depth * 2", 6.0)
    seen.aggregate("max")
    assert seen.promql == "max (depth)"


def test_an_unchanged_text_is_no_edit(seen):
    seen.choose("depth")
    seen.edit(seen.promql)
    assert figure_summary(seen.figure()).startswith("depth, value.")


def test_a_wrong_query_says_where(seen):
    seen.edit("sum(")
    with pytest.raises(QueryError):
        seen.figure()


def test_a_longer_window_has_longer_rates(seen):
    seen.choose("hits_total")
    seen.look_back("7d")
    assert seen.promql == "sum (rate(hits_total[1h]))"


def test_what_does_not_exist_offers_what_does(seen):
    with pytest.raises(InputError, match="no metric is chosen"):
        seen.split(["a"])
    with pytest.raises(InputError, match="hits_total"):
        seen.choose("hit_total")
    seen.choose("depth")
    with pytest.raises(InputError, match="no view 'p95'"):
        seen.view("p95")


@pytest.mark.parametrize("metric", ["depth", "hits_total"])
def test_a_thumbnail_is_a_few_numbers(seen, metric):
    values = seen.thumbnail(metric)
    assert 20 <= len(values) <= 70
    assert np.isfinite(values).any()


def test_a_metric_without_its_count_has_an_empty_thumbnail(seen):
    assert np.isnan(seen.thumbnail("took_seconds_bucket")).all()


def test_the_copied_cell_draws_the_same_figure(seen, address):
    seen.choose("hits_total")
    seen.drill("service", HOSTILE)
    seen.compare(True)
    space = {"ws": connect(address), "obslib": obslib}
    *_, call = seen.code.splitlines()
    exec(seen.code, space)  # noqa: S102 - our own text
    assert eval(call, space).data[0].name in {"this week", "last week"}  # noqa: S307 - our own text
