"""The explorer's widgets: set a control, read what is shown."""

from __future__ import annotations

import warnings

import pytest

import obslib
from obslib.workspace import connect
from tests.widgets.test_metric_exploration import HOSTILE, store_at

PLOTLY = "application/vnd.plotly.v1+json"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    return store_at(tmp_path_factory.mktemp("explorer") / "store")


@pytest.fixture
def shown(address):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # ipywidgets' own, without a kernel
        yield obslib.explore.metrics(connect(address), last="1h")


def figure(shown):
    (output,) = shown._chart.outputs
    return output["data"][PLOTLY]


def toggle_of(shown, label):
    return next(one for one in shown._split.children if getattr(one, "tooltip", None) == label)


def descriptions(box):
    return [one.description for one in box.children if hasattr(one, "description")]


def test_it_opens_with_every_metric_and_its_thumbnail(shown):
    assert "3 of 3 metrics" in shown._found.value
    assert [row.children[0].description for row in shown._results.children] == [
        "depth",
        "hits_total",
        "took_seconds_bucket",
    ]
    assert "<svg" in shown._results.children[1].children[1].value
    assert "counter · Requests answered." in shown._results.children[1].children[2].value
    assert shown._panel.layout.display == "none"


def test_typing_narrows_the_list(shown):
    shown._words.value = "answered"
    assert [row.children[0].description for row in shown._results.children] == ["hits_total"]
    shown._words.value = "nothing like it"
    assert shown._found.value.startswith("0 of 3")


def test_a_click_on_a_metric_draws_it_and_shows_its_query(shown):
    shown._results.children[1].children[0].click()
    assert figure(shown)["layout"]["title"]["text"] == "hits_total, per second"
    assert shown._promql.value == "sum (rate(hits_total[5m]))"
    assert shown._copy.text == shown.state.code
    assert shown._panel.layout.display == ""


def test_controls_change_the_query_and_the_chart(shown):
    shown.choose("hits_total")
    toggle_of(shown, "service").value = True
    assert len(figure(shown)["data"]) == 3
    shown._week.value = True
    assert "offset 1w" in shown._promql.value
    assert toggle_of(shown, "service").value
    toggle_of(shown, "service").value = False
    assert shown.state.query.by == ()
    shown._view.value = "increase"
    assert "increase(" in shown._promql.value
    shown._last.value = "15m"
    assert shown.state.last == "15m"


def test_a_click_on_a_value_drills_down_and_a_click_on_the_filter_goes_back(shown):
    shown.choose("hits_total")
    shown._label.value = "service"
    button = next(one for one in shown._values.children if one.tooltip == HOSTILE)
    button.click()
    assert shown.state.query.filters == {"service": HOSTILE}
    assert descriptions(shown._filters) == [f"service = {HOSTILE}  ✕"]
    assert shown._label.value == "service"
    shown._filters.children[0].click()
    assert shown.state.query.filters == {}


def test_an_edited_query_runs_on_demand(shown):
    shown.choose("depth")
    shown._promql.value = "depth * 2"
    shown._run.click()
    assert figure(shown)["layout"]["title"]["text"] == "depth * 2"


def test_a_wrong_query_is_explained_and_the_chart_stays(shown):
    shown.choose("depth")
    before = figure(shown)
    shown._promql.value = "sum(<b>"
    shown._run.click()
    assert "&lt;b&gt;" in shown._error.value
    assert shown._promql.value == "sum(<b>"
    assert figure(shown) == before
    shown._view.value = "change per second"
    assert shown._error.value == ""


def test_a_histogram_has_no_aggregation_to_choose(shown):
    shown.choose("took_seconds_bucket")
    assert shown._aggregation.disabled
    assert shown._view.options == ("p95", "p50", "p90", "p99", "requests per second", "distribution")


def test_an_export_shows_the_query_and_the_chart_in_words(shown):
    shown.choose("depth")
    bundle = shown._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "<pre>avg (depth)</pre>" in data["text/html"]
    assert "depth, value. 1 series" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
