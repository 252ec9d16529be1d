"""plot_board: small multiples with one legend."""

from __future__ import annotations

import json

import numpy as np
import pytest

import obslib
from obslib.core.errors import InputError
from obslib.figures import theme
from obslib.figures.board import plot_board
from obslib.figures.plain import about_of
from obslib.figures.summary import figure_summary, figure_table
from tests.figures.support import metric, waves

EMPTY = metric(np.empty((5, 0)), names=[])


def test_each_panel_has_its_own_unit_and_all_share_the_time():
    figure = plot_board({"Latency": metric([[0.01], [0.02]]), "Memory": metric([[2.0**20], [2.0**21]], unit="By")})
    assert (figure.layout.yaxis.ticksuffix, figure.layout.yaxis2.ticksuffix) == (" ms", " MiB")
    assert figure.layout.xaxis2.matches == "x"
    assert [note.text for note in figure.layout.annotations] == ["Latency", "Memory"]


def test_panels_do_not_overlap():
    layout = plot_board(dict.fromkeys("abcde", metric([[1.0], [2.0]])), columns=2).layout
    axes = ["", "2", "3", "4", "5"]
    boxes = [(*layout[f"xaxis{place}"].domain, *layout[f"yaxis{place}"].domain) for place in axes]
    for place, (left, right, low, high) in enumerate(boxes):
        assert 0 <= left < right <= 1
        assert 0 <= low < high <= 1
        for other in boxes[place + 1 :]:
            assert other[0] >= right or other[1] <= left or other[3] <= low or other[2] >= high


def test_a_name_has_the_same_line_in_every_panel_and_one_entry_of_the_legend():
    figure = plot_board(
        {"a": metric([[1, 2]], names=["web", "api"]), "b": metric([[3, 1, 2]], names=["web", "api", "x"])}
    )
    styles = {}
    for trace in figure.data:
        styles.setdefault(trace.name, set()).add((trace.line.color, trace.line.dash))
    assert {name: len(seen) for name, seen in styles.items()} == {"web": 1, "api": 1, "x": 1}
    assert sum(trace.showlegend for trace in figure.data) == 3


def test_hidden_series_are_counted_in_the_panels_title():
    figure = plot_board({"Load": waves(20, 50)}, top=5)
    assert len(figure.data) == 5
    assert figure.layout.annotations[0].text == "Load (15 more)"


def test_too_many_names_have_no_legend_and_it_is_said():
    figure = plot_board({"Load": waves(40, 50)}, top=30)
    assert figure.layout.showlegend is False
    assert figure.layout.title.subtitle.text == "point at a line for its name"


def test_an_empty_panel_says_what_it_needs():
    asked = obslib.catalog.get("node.memory").ask({}).describe(EMPTY)
    figure = plot_board({"Load": metric([[1.0]]), "Memory": asked})
    assert "node_memory_MemAvailable_bytes" in figure.layout.annotations[2].text
    assert "Memory: no data, it needs node_memory_MemAvailable_bytes" in figure_summary(figure)


def test_a_board_of_nothing_is_refused():
    with pytest.raises(InputError, match="a board needs frames"):
        plot_board({})
    with pytest.raises(InputError, match="columns"):
        plot_board({"a": EMPTY}, columns=0)


def test_shares_near_the_top_are_drawn_where_they_differ():
    figure = plot_board({"Availability": metric([[0.999], [0.998]], unit="1"), "Load": metric([[1.0], [1.0]])})
    assert (figure.layout.yaxis.rangemode, figure.layout.yaxis2.rangemode) == ("normal", "tozero")


def test_the_summary_speaks_of_each_panel_in_its_unit():
    figure = plot_board(
        {"Latency": metric([[0.01]], names=["web"]), "Memory": metric([[2.0**21]], names=["web"], unit="By")},
        title="Web",
    )
    said = figure_summary(figure)
    assert said.startswith("Web. 2 series, 2026-11-01 00:00 to 00:00 UTC. Latency: peak: ")
    assert "10 ms at 00:00. Memory: peak: " in said
    assert figure_summary(json.loads(figure.to_json())) == said
    assert figure_table(figure)["unit"].tolist() == ["s", "By"]


def test_a_boards_provenance_has_every_query_and_warning():
    frames = {"a": metric([[1.0]], warnings=("one",)), "b": metric([[1.0]], warnings=("one", "two"))}
    figure = plot_board(frames)
    told = about_of(figure.to_plotly_json()).provenance
    assert told["query"].splitlines() == [f"{name}: avg by (service) (latency_seconds)" for name in "ab"]
    assert told["warnings"] == ["one", "two"]
    assert "warning: two" in figure.layout.title.subtitle.text


def test_titles_and_names_are_escaped():
    figure = plot_board({"<i>": metric([[1, 2]], names=["<b>", "x"])}, title="<s>")
    assert figure.layout.annotations[0].text == "&lt;i&gt;"
    assert {trace.name for trace in figure.data} == {"&lt;b&gt;", "x"}
    assert figure.layout.title.text == "&lt;s&gt;"


def test_every_colour_is_the_themes():
    text = plot_board({"a": waves(9, 50), "b": EMPTY}).to_json()
    assert {word for word in text.split('"') if word.startswith(("#", "rgb"))} <= set(theme.DARK_TWINS)
