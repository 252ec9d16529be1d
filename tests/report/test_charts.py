"""The parts of a chart that need no script."""

from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from obslib.core.errors import NotebookError
from obslib.figures.board import plot_board
from obslib.figures.timeseries import plot_timeseries
from obslib.report.charts import render_chart
from tests.figures.support import metric


def rendered(figure: go.Figure) -> str:
    return render_chart(figure.to_plotly_json(), 0, where="book, cell 1 of 1")


def cells(text: str) -> list[str]:
    return re.findall(r"<td>(.*?)</td>", text)


def test_numbers_are_in_the_units_of_the_data():
    text = rendered(plot_timeseries(metric([[0.010], [0.030], [np.nan], [0.020]], names=["web"])))
    assert cells(text) == ["4", "1", "10 ms", "20 ms", "30 ms", "2026-11-01 00:01", "20 ms"]


def test_a_series_without_any_value_is_unknown_not_zero():
    text = rendered(plot_timeseries(metric([[1.0, np.nan], [2.0, np.nan]], names=["a", "b"], unit="")))
    assert cells(text)[7:] == ["2", "2", "unknown", "unknown", "unknown", "", "unknown"]


def test_warnings_of_the_backend_stand_in_the_caption():
    text = rendered(plot_timeseries(metric([[1.0]], warnings=("one <shard> did not answer",))))
    assert '<span class="warning">Warning: one &lt;shard&gt; did not answer</span>' in text


def test_many_series_are_capped_and_that_is_said():
    text = rendered(plot_timeseries(metric(np.ones((2, 80))), top=80))
    assert text.count('<th scope="row">') == 60
    assert "First 60 of 80 series." in text


def test_a_chart_without_provenance_has_no_source():
    frame = metric([[1.0]])
    frame.attrs.clear()
    text = rendered(plot_timeseries(frame, title="T"))
    assert "provenance" not in text
    assert 'class="source"' not in text


def test_an_empty_chart_keeps_its_source_and_has_no_numbers():
    text = rendered(plot_timeseries(metric(np.empty((0, 0)), names=[]), title="T"))
    assert "<table" not in text
    assert "<dt>Query</dt>" in text


def test_the_drawing_area_is_as_high_as_the_figure_without_its_title():
    assert 'style="height:452px"' in rendered(plot_timeseries(metric([[1.0]]), height=500))
    assert 'style="height:380px"' in rendered(go.Figure(go.Bar(y=[1])))


@pytest.mark.parametrize("kind", ["scattergl", "scatter3d", "scattermap", "choropleth", "parcoords"])
def test_charts_that_need_a_graphics_card_or_tiles_are_refused(kind):
    with pytest.raises(NotebookError, match=f"book, cell 1 of 1: a chart of type {kind}"):
        render_chart({"data": [{"type": kind}], "layout": {}}, 0, where="book, cell 1 of 1")


def test_infos_of_promql_are_remarks_not_warnings():
    text = rendered(plot_timeseries(metric([[1.0]], warnings=("PromQL info: might be no counter",))))
    assert '<span class="subtitle">Remark of PromQL: might be no counter</span>' in text
    assert 'class="warning"' not in text


def test_panels_of_a_board_have_numbers_in_their_own_unit():
    text = rendered(plot_board({"Took": metric([[0.01]]), "Held": metric([[2.0**20]], unit="By")}))
    assert "Took: {" in text
    assert {"10 ms", "1 MiB"} <= set(cells(text))
