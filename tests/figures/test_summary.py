"""Figures in words and numbers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from obslib.core.errors import InputError
from obslib.figures.plain import array_of, numbers_of, times_of
from obslib.figures.summary import figure_summary, figure_table
from obslib.figures.timeseries import plot_timeseries
from tests.figures.support import START, events, metric, waves


def test_the_summary_names_title_extent_and_peaks():
    frame = metric([[0.010, 0.2], [0.050, np.nan], [0.020, 0.3]], names=["web", "api"])
    assert figure_summary(plot_timeseries(frame, title="Latency")) == (
        "Latency. 2 series, 2026-11-01 00:00 to 00:02 UTC. Highest: api 300 ms at 00:02, web 50 ms at 00:01. "
        "16.7% of the points are unknown."
    )


def test_the_summary_of_json_is_the_summary_of_the_figure():
    figure = plot_timeseries(waves(20, 3_000), title="Load", events=events(("2026-11-01T01Z", None, "deploy", "x")))
    assert figure_summary(json.loads(figure.to_json())) == figure_summary(figure)


def test_days_are_named_where_hours_would_be_ambiguous():
    figure = plot_timeseries(metric(np.arange(3.0)[:, None], step="1D", unit=""), title="Days")
    assert figure_summary(figure).endswith("Peak: api · svc-0 2 at 2026-11-03 00:00.")


def test_an_empty_figure_is_summarised_as_such():
    frame = metric(np.empty((0, 0)), names=[], warnings=("slow",))
    assert figure_summary(plot_timeseries(frame, title="Nothing")) == "Nothing. No data. Warning: slow."


def test_figures_made_elsewhere_are_summarised_too():
    assert figure_summary(go.Figure(go.Bar(x=["a", "b"], y=[1, 3]), layout_title_text="Bars")) == (
        "Bars. 1 series. Peak: value 3."
    )
    assert figure_summary(go.Figure(go.Pie(values=[1, 2]))) == "Chart. Chart of type pie."
    assert figure_summary(go.Figure()) == "Chart. No data."


def test_the_table_holds_the_data_in_its_own_unit():
    table = figure_table(plot_timeseries(metric([[0.010], [np.nan], [0.030]], names=["web"])))
    (row,) = table.to_dict("records")
    assert row["series"] == '{job="api", service="web"}'
    assert (row["points"], row["unknown"]) == (3, 1)
    assert (row["lowest"], row["highest"], row["latest"]) == pytest.approx((0.010, 0.030, 0.030))
    assert row["highest_at"] == START + pd.Timedelta("2min")


def test_bands_and_markers_are_no_rows_of_the_table():
    figure = plot_timeseries(waves(30, 50), top=5, events=events(("2026-11-01T00:10Z", None, "deploy", "x")))
    assert len(figure_table(figure)) == 5


def test_names_lose_the_escapes_that_plotly_needs():
    assert "a&b" in figure_summary(plot_timeseries(metric([[1.0, 2.0]], names=["a&b", "c"])))


def test_arrays_are_read_from_lists_arrays_and_packed_bytes():
    packed = json.loads(go.Figure(go.Scatter(y=np.array([1.5, 2.5]))).to_json())["data"][0]["y"]
    assert array_of(packed).tolist() == array_of([1.5, 2.5]).tolist() == array_of(np.array([1.5, 2.5])).tolist()
    assert array_of({"dtype": "i1", "bdata": "AQIDBA==", "shape": "2, 2"}).tolist() == [[1, 2], [3, 4]]
    assert array_of(None).size == 0


def test_damaged_arrays_are_refused():
    with pytest.raises(InputError, match="cannot be read"):
        array_of({"dtype": "f8", "bdata": "AQI="})


def test_text_is_no_number():
    assert np.isnan(numbers_of({"y": ["a", "2", None]})).tolist() == [True, False, True]


@pytest.mark.parametrize(
    "trace",
    [
        {"x0": "2026-11-01 00:00:00", "dx": 60_000},
        {"x": ["2026-11-01T00:00:00Z", "2026-11-01T00:01:00Z"]},
        {"x": [1793491200000, 1793491260000]},
        {"x": np.array(["2026-11-01T00:00", "2026-11-01T00:01"], dtype="datetime64[ns]")},
    ],
)
def test_times_are_read_in_every_form(trace):
    figure = {"layout": {"xaxis": {"type": "date"}}}
    assert times_of(figure, trace, 2).tolist() == [START, START + pd.Timedelta("1min")]


@pytest.mark.parametrize("trace", [{"x": ["a", "b"]}, {"x": [1, 2]}, {}, {"x": ["not a date"] * 2}])
def test_other_axes_are_no_times(trace):
    assert times_of({"layout": {}}, trace, 2) is None
