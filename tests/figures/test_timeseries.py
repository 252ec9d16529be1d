"""plot_timeseries: what is drawn, what is said, what is never lost."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import obslib
from obslib.core.errors import InputError, SchemaError
from obslib.figures import theme
from obslib.figures.plain import about_of
from obslib.figures.timeseries import plot_timeseries
from tests.figures.support import START, events, metric, waves


def lines(figure):
    return [trace for trace in figure.data if trace.meta["role"] == "series"]


def role(figure, name):
    return [trace for trace in figure.data if trace.meta["role"] == name]


def test_one_line_per_series_in_the_scale_that_reads_best():
    figure = plot_timeseries(metric([[0.010, 0.200], [0.020, 0.300]], names=["web", "api"]), title="Latency")
    assert [line.name for line in lines(figure)] == ["api", "web"]
    assert lines(figure)[0].y.tolist() == [200.0, 300.0]
    assert figure.layout.yaxis.ticksuffix == " ms"
    assert "ms" in lines(figure)[0].hovertemplate


def test_bytes_are_drawn_in_binary_units_and_rates_per_second():
    assert plot_timeseries(metric([[3_000_000.0]]), unit="By").layout.yaxis.ticksuffix == " MiB"
    assert plot_timeseries(metric([[30.0]]), unit="1/s").layout.yaxis.ticksuffix == " /s"


def test_a_long_unit_goes_to_the_axis_title():
    axis = plot_timeseries(metric([[30.0]]), unit="{requests}/s").layout.yaxis
    assert (axis.title.text, axis.ticksuffix) == ("requests/s", "")


def test_plain_numbers_have_no_unit_and_no_space():
    assert plot_timeseries(metric([[30_000.0]], unit="")).layout.yaxis.ticksuffix == "k"


def test_title_and_unit_default_to_the_provenance():
    figure = plot_timeseries(metric([[1.0]]))
    about = about_of(figure.to_plotly_json())
    assert figure.layout.title.text == "avg by (service) (latency_seconds)"
    assert (about.unit, about.provenance["profile"]) == ("s", "demo")


def test_regular_times_take_a_start_and_a_step_only():
    line = lines(plot_timeseries(waves(1, 100)))[0]
    assert (line.x, line.x0, line.dx) == (None, "2026-11-01 00:00:00.000", 60_000)


def test_irregular_times_are_kept_exactly():
    times = pd.DatetimeIndex([START, START + pd.Timedelta("7s"), START + pd.Timedelta("9s")])
    line = lines(plot_timeseries(obslib.metric_frame(times, [[1], [2], [3]], [{"a": "b"}])))[0]
    assert pd.to_datetime(line.x, unit="ms", utc=True).tolist() == times.tolist()


def test_gaps_stay_gaps():
    figure = plot_timeseries(metric([[1.0], [np.nan], [3.0], [4.0]]))
    assert np.isnan(lines(figure)[0].y).tolist() == [False, True, False, False]
    assert lines(figure)[0].connectgaps is None


def test_missing_rows_are_gaps_too():
    frame = metric(np.ones((10, 1))).drop(START + pd.Timedelta("5min"))
    frame = frame.drop(START + pd.Timedelta("6min"))
    assert np.isnan(lines(plot_timeseries(frame))[0].y).sum() == 1


def test_a_value_between_two_gaps_gets_a_marker():
    points = role(plot_timeseries(metric([[1000.0], [np.nan], [3000.0]], unit="")), "points")
    assert [trace.y.tolist() for trace in points] == [[1.0, 3.0]]
    assert points[0].showlegend is False


def test_the_highest_peaks_get_lines_and_the_rest_a_band():
    values = np.outer(np.ones(5), np.arange(1.0, 31.0))
    figure = plot_timeseries(metric(values, unit=""), top=3)
    assert [line.name for line in lines(figure)] == ["svc-29", "svc-28", "svc-27"]
    (band,) = role(figure, "band")
    assert band.name == "27 more, lowest to highest"
    assert (np.nanmin(band.y), np.nanmax(band.y)) == (1.0, 27.0)
    assert "the 3 of 30 series" in figure.layout.title.subtitle.text


def test_a_short_spike_brings_a_series_out_of_the_band():
    values = np.outer(np.ones(50), np.arange(1.0, 31.0))
    values[17, 0] = 500.0
    assert lines(plot_timeseries(metric(values), top=3))[0].name == "svc-0"


def test_a_band_is_never_made_for_a_single_series():
    figure = plot_timeseries(metric(np.ones((4, 4))), top=3)
    assert (len(lines(figure)), role(figure, "band")) == (4, [])


def test_the_band_has_gaps_where_no_series_has_a_value():
    values = np.outer(np.ones(9), np.arange(1.0, 11.0))
    values[3:5] = np.nan
    (band,) = role(plot_timeseries(metric(values), top=2), "band")
    assert np.isnan(band.y).sum() == 1  # two polygons, one break
    assert band.fill == "toself"


def test_spikes_survive_thinning_and_it_is_said():
    values = np.zeros((50_000, 1))
    values[31_415] = 7.0
    figure = plot_timeseries(metric(values, unit="", step="1s"))
    line = lines(figure)[0]
    assert len(line.y) <= 2_002
    place = int(np.argmax(line.y))
    assert pd.Timestamp(line.x[place], unit="ms", tz="UTC") == START + pd.Timedelta(seconds=31_415)
    assert "thinned from 50,000 points" in figure.layout.title.subtitle.text


def test_infinite_values_are_left_out_and_counted():
    figure = plot_timeseries(metric([[np.inf, 1.0], [2.0, -np.inf]], unit=""))
    assert "2 infinite values" in figure.layout.title.subtitle.text
    assert max(np.nanmax(line.y) for line in lines(figure)) == 2.0


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (metric(np.empty((5, 0)), names=[]), "no series matched"),
        (metric(np.empty((0, 2))), "no step lies in this window"),
        (metric(np.full((5, 3), np.nan)), "3 series, but no value is known"),
        (obslib.concat_metrics([]), "no series matched"),
    ],
    ids=["no series", "no steps", "all unknown", "nothing at all"],
)
def test_an_empty_frame_says_so(frame, said):
    figure = plot_timeseries(frame, title="Nothing")
    assert said in figure.layout.annotations[0].text
    assert len(figure.data) == 0


def test_warnings_of_the_backend_are_in_the_subtitle():
    figure = plot_timeseries(metric([[1.0]], warnings=("one shard did not answer",)))
    assert "warning: one shard did not answer" in figure.layout.title.subtitle.text


def test_labels_with_markup_are_shown_as_text():
    figure = plot_timeseries(metric([[1.0, 2.0]], names=["<b>x</b>", "a&b"]), title="<script>")
    assert {line.name for line in lines(figure)} == {"&lt;b&gt;x&lt;/b&gt;", "a&amp;b"}
    assert figure.layout.title.text == "&lt;script&gt;"


def test_events_are_marked_by_kind_and_lasting_ones_are_shaded():
    seen = events(
        ("2026-11-01T00:10Z", None, "deploy", "web 7"),
        ("2026-11-01T00:20Z", "2026-11-01T00:30Z", "incident", "pool <exhausted>"),
        ("2026-11-02T00:20Z", None, "deploy", "outside of the window"),
    )
    figure = plot_timeseries(waves(2, 60), events=seen)
    marks = {trace.name: trace for trace in role(figure, "event")}
    assert set(marks) == {"deploy", "incident"}
    assert len(marks["deploy"].x) == 1
    assert marks["incident"].hovertext[0] == "incident: pool &lt;exhausted&gt;"
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [("2026-11-01 00:20:00", "2026-11-01 00:30:00")]


def test_an_event_that_began_earlier_is_shaded_from_the_left_edge():
    figure = plot_timeseries(
        waves(1, 60), events=events(("2026-10-31T00:00Z", "2026-11-01T00:05Z", "incident", "long"))
    )
    assert figure.layout.shapes[0].x0 == "2026-11-01 00:00:00"


def test_many_events_are_capped_and_it_is_said():
    many = events(*[(f"2026-11-01T00:{i // 60:02}:{i % 60:02}Z", None, "deploy", f"n{i}") for i in range(150)])
    figure = plot_timeseries(waves(1, 60), events=many)
    assert len(role(figure, "event")[0].x) == 100
    assert "only the latest 100 of 150 events" in figure.layout.title.subtitle.text


def test_a_table_that_is_no_events_table_is_refused():
    with pytest.raises(SchemaError, match="start"):
        plot_timeseries(waves(1, 10), events=pd.DataFrame({"a": [1]}))


def test_thresholds_are_drawn_in_the_units_of_the_data_and_stay_in_view():
    figure = plot_timeseries(metric([[0.010], [0.020]]), thresholds={"SLO": 0.3})
    assert figure.layout.shapes[0].y0 == pytest.approx(300.0)
    assert figure.layout.annotations[0].text == "SLO: 300 ms"
    assert figure.layout.yaxis.autorangeoptions.include == (300.0,)


def test_top_must_be_positive():
    with pytest.raises(InputError, match="top must be at least 1"):
        plot_timeseries(metric([[1.0]]), top=0)


def test_the_frame_is_not_changed():
    frame = waves(20, 50)
    before = frame.copy(deep=True)
    plot_timeseries(frame, top=3)
    pd.testing.assert_frame_equal(frame, before)


def test_every_colour_of_a_figure_is_the_themes():
    figure = plot_timeseries(
        waves(20, 60), thresholds={"SLO": 0.1}, events=events(("2026-11-01T00:10Z", "2026-11-01T00:20Z", "deploy", "x"))
    )
    text = json.dumps(json.loads(figure.to_json()))
    colours = {word for word in text.split('"') if word.startswith(("#", "rgb"))}
    assert colours <= set(theme.DARK_TWINS)


def test_long_names_make_the_figure_taller_instead_of_squeezing_the_plot():
    names = [f"/api/v1/products/{{id}}/prices/{place:020}" for place in range(12)]
    assert plot_timeseries(metric(np.ones((3, 12)), names=names)).layout.height > 380


def test_importing_the_figures_loads_no_plotly():
    code = "import sys, obslib.figures.timeseries; sys.exit('plotly' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_stored_point_takes_less_than_twelve_bytes():
    assert len(plot_timeseries(waves(12, 1_440)).to_json()) < 12 * 12 * 1_440


def test_remarks_of_promql_are_counted_in_the_subtitle_not_quoted():
    said = plot_timeseries(metric([[1.0]], warnings=("PromQL info: a", "PromQL info: b", "slow"))).layout.title.subtitle
    assert said.text.endswith("warning: slow — 2 remarks of PromQL")


def test_shares_near_their_top_are_not_drawn_from_zero():
    assert plot_timeseries(metric([[0.999], [0.99]], unit="1")).layout.yaxis.rangemode == "normal"
    assert plot_timeseries(metric([[0.999], [0.5]], unit="1")).layout.yaxis.rangemode == "tozero"
