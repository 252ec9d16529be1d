"""plot_heatmap: from cumulative buckets to what is seen."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import obslib
from obslib.core.errors import InputError
from obslib.core.provenance import Provenance, attach
from obslib.figures import theme
from obslib.figures.buckets import bound_unit, buckets_of, row_names
from obslib.figures.heatmap import plot_heatmap
from obslib.figures.summary import figure_summary, figure_table
from tests.figures.support import START

QUERY = "sum by (le) (increase(http_request_duration_seconds_bucket[5m]))"


def histogram(values, bounds=("0.1", "0.5", "+Inf"), *, step="5min", unit="", query=QUERY):
    times = pd.date_range(START, periods=len(values), freq=step)
    frame = obslib.metric_frame(times, np.asarray(values, float), [{"le": bound} for bound in bounds])
    window = obslib.Window(START, START + pd.Timedelta("1h"))
    told = Provenance.of_query("store", query, window, language="promql")
    return attach(frame, Provenance(**{**told.__dict__, "unit": unit}))


def test_buckets_are_counts_between_bounds():
    (cells,) = plot_heatmap(histogram([[3, 5, 5], [1, 1, 9]])).data
    assert cells.z.tolist() == [[3, 1], [2, 0], [0, 8]]
    assert list(cells.y) == ["0 to 100 ms", "100 ms to 500 ms", "over 500 ms"]


def test_bounds_are_sorted_as_numbers_not_as_text():
    frame = histogram([[9, 1, 4, 12]], ("10", "0.25", "2.5", "+Inf"))
    assert plot_heatmap(frame).data[0].z.ravel().tolist() == [1, 3, 5, 3]


def test_the_axis_has_the_bounds_with_the_unit_of_the_metrics_name():
    axis = plot_heatmap(histogram([[1, 2, 3]])).layout.yaxis
    assert list(axis.ticktext) == ["0", "100 ms", "500 ms", "∞"]
    assert list(axis.tickvals) == [-0.5, 0.5, 1.5, 2.5]
    sizes = histogram([[1, 2, 3]], ("1024", "1048576", "+Inf"), query="sum by (le) (rate(x_size_bytes_bucket[1m]))")
    assert list(plot_heatmap(sizes).layout.yaxis.ticktext) == ["0", "1 KiB", "1 MiB", "∞"]
    assert list(plot_heatmap(sizes, bucket_unit="").layout.yaxis.ticktext)[1] == "1.02k"


def test_many_bounds_are_thinned_on_the_axis_only():
    bounds = [str(2.0**power) for power in range(40)]
    figure = plot_heatmap(histogram([np.arange(40)], bounds))
    assert len(figure.layout.yaxis.ticktext) == 14
    assert figure.data[0].z.shape == (40, 1)


def test_counts_have_the_unit_of_the_data_on_the_colour_bar_and_under_the_mouse():
    cells = plot_heatmap(histogram([[1_000, 2_000, 3_000]], unit="{request}/s")).data[0]
    assert cells.z.max() == 1.0
    assert cells.colorbar.title.text == "k request/s"
    assert "request/s" in cells.hovertemplate


def test_bounds_below_zero_have_no_lower_end():
    assert row_names(np.array([-np.inf, -1.0, 1.0]), "") == ["up to -1", "-1 to 1"]
    assert row_names(np.array([-np.inf, np.inf]), "") == ["all"]


def test_unknown_stays_unknown_and_missing_steps_stay_open():
    frame = histogram([[1, 2, 3], [np.nan] * 3, *[[1, 2, 3]] * 6]).drop(START + pd.Timedelta("20min"))
    frame = frame.drop(START + pd.Timedelta("25min"))
    cells = plot_heatmap(frame).data[0]
    assert np.isnan(cells.z).all(axis=0).tolist() == [False, True, False, False, True, False, False]
    assert cells.hoverongaps is False


def test_long_windows_are_averaged_and_it_is_said():
    values = np.tile([2.0, 2.0, 2.0], (1_000, 1))
    values[::2] = 0
    figure = plot_heatmap(histogram(values, step="1min"))
    assert figure.data[0].z.shape[1] <= 480
    assert "each column is the mean of 3 steps" in figure.layout.title.subtitle.text
    assert np.nanmean(figure.data[0].z[0]) == pytest.approx(1.0, abs=0.01)


def test_counts_that_fall_are_no_histogram_and_it_is_said():
    figure = plot_heatmap(histogram([[5, 2, 6]]))
    assert figure.data[0].z.ravel().tolist() == [5, 0, 4]
    assert "1 cumulative counts are lower" in figure.layout.title.subtitle.text


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([{"le": "1"}, {"service": "web"}], "one series per bucket"),
        ([{"le": "1", "service": "a"}, {"le": "1", "service": "b"}], "same bucket bound"),
        ([{"le": "low"}, {"le": "high"}], "is no number"),
    ],
)
def test_what_is_no_histogram_is_refused(labels, said):
    frame = obslib.metric_frame(pd.DatetimeIndex([START]), [[1, 2]], labels)
    with pytest.raises(InputError, match=said):
        plot_heatmap(frame)


def test_an_empty_frame_says_so_and_what_it_needs():
    empty = histogram(np.empty((2, 0)), ())
    figure = plot_heatmap(empty, title="Durations")
    assert "no series matched" in figure.layout.annotations[0].text
    assert figure_summary(figure) == "Durations. No data."
    asked = obslib.catalog.get("http.latency_distribution").ask({}).describe(empty)
    assert figure_summary(plot_heatmap(asked)).endswith(
        "No data; it needs http_server_request_duration_seconds_bucket."
    )


def test_the_summary_has_a_row_per_bucket():
    figure = plot_heatmap(histogram([[3, 5, 5], [1, 1, 9]], unit="1/s"), title="Durations")
    assert figure_table(figure)["name"].tolist() == ["0 to 100 ms", "100 ms to 500 ms", "over 500 ms"]
    said = "Durations. 3 series, 2026-11-01 00:00 to 00:05 UTC. Highest: over 500 ms 8 /s at 00:05"
    assert figure_summary(figure).startswith(said)
    assert figure_summary(json.loads(figure.to_json())) == figure_summary(figure)


def test_every_colour_is_the_themes():
    text = plot_heatmap(histogram([[3, 5, 5]])).to_json()
    assert {word for word in text.split('"') if word.startswith(("#", "rgb"))} <= set(theme.DARK_TWINS)


def test_the_unit_of_bounds_is_in_the_metrics_name():
    assert [bound_unit(text) for text in (QUERY, "rate(a_b_bytes_bucket[1m])", "up", "")] == ["s", "By", "", ""]


@given(st.lists(st.lists(st.integers(0, 1_000), min_size=4, max_size=4), min_size=1, max_size=8))
def test_adding_up_and_taking_apart_give_the_counts_back(counts):
    frame = histogram(np.cumsum(counts, axis=1), ("1", "2", "4", "+Inf"))
    assert buckets_of(frame).counts.tolist() == counts
    assert buckets_of(frame).falling == 0
