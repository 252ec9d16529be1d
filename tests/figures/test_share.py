"""plot_label_share: parts of a total."""

from __future__ import annotations

import json

import numpy as np
import pytest

from obslib.core.errors import InputError
from obslib.figures import theme
from obslib.figures.share import plot_label_share
from obslib.figures.summary import figure_summary, figure_table
from tests.figures.support import metric


def bars(figure):
    return dict(zip(figure.data[0].y, figure.data[0].x, strict=True))


def test_shares_are_parts_of_the_sum_over_all_steps_largest_first():
    figure = plot_label_share(metric([[1, 5], [1, 13]], names=["web", "api"], unit="1/s"), "service")
    assert bars(figure) == {"api": 90.0, "web": 10.0}
    assert list(figure.data[0].y) == ["web", "api"]  # plotly draws the last on top
    assert list(figure.data[0].text) == ["10.0 % · 1 /s", "90.0 % · 9 /s"]


def test_series_of_one_value_are_added_up():
    assert bars(plot_label_share(metric([[1, 5]], names=["web", "api"]), "job")) == {"api": 100.0}


def test_without_a_label_each_series_has_a_bar():
    assert set(bars(plot_label_share(metric([[1, 5]], names=["web", "api"])))) == {"web", "api"}


def test_the_rest_is_one_grey_bar_at_the_end():
    figure = plot_label_share(metric([np.arange(1.0, 11.0)]), top=3)
    assert figure.data[0].y[0] == "7 others"
    assert figure.data[0].marker.color[0] == theme.LIGHT.axis
    assert sum(figure.data[0].x) == pytest.approx(100)


def test_a_rest_of_one_keeps_its_name():
    assert "svc-0" in bars(plot_label_share(metric([np.arange(1.0, 5.0)]), top=3))


def test_unknown_and_infinite_values_add_nothing():
    assert bars(plot_label_share(metric([[np.nan, 1], [3, np.inf], [0, 2]]), "service")) == {
        "svc-0": 50.0,
        "svc-1": 50.0,
    }


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (metric(np.empty((5, 0)), names=[]), "no series matched"),
        (metric(np.empty((0, 2))), "no step lies"),
        (metric(np.full((5, 3), np.nan)), "the total is 0|no value"),
        (metric(np.zeros((5, 3))), "the total is 0"),
    ],
    ids=["no series", "no steps", "all unknown", "all zero"],
)
def test_an_empty_total_says_so(frame, said):
    figure = plot_label_share(frame, title="Share")
    assert len(figure.data) == 0
    assert any(word in figure.layout.annotations[0].text for word in said.split("|"))


def test_an_unknown_label_offers_the_nearest():
    with pytest.raises(InputError, match=r"no series has the label 'servce'.*\n.*service"):
        plot_label_share(metric([[1, 2]]), "servce")


def test_negative_totals_and_a_top_of_none_are_refused():
    with pytest.raises(InputError, match="0 or more"):
        plot_label_share(metric([[-1, 2]]))
    with pytest.raises(InputError, match="top must be"):
        plot_label_share(metric([[1, 2]]), top=0)


def test_names_are_escaped_and_long_ones_lose_their_middle():
    figure = plot_label_share(metric([[1, 2]], names=["<b>", "x" * 80]), "service")
    assert "&lt;b&gt;" in figure.data[0].y
    assert max(map(len, figure.data[0].y)) == 48


def test_the_summary_has_a_row_per_bar():
    figure = plot_label_share(metric([[1, 3]], names=["<web>", "api"]), "service", title="Load")
    assert figure_summary(figure) == "Load. 2 series. Highest: api 75 %, <web> 25 %."
    assert figure_table(figure)["highest"].tolist() == [0.25, 0.75]
    assert figure_summary(json.loads(figure.to_json())) == figure_summary(figure)


def test_every_colour_is_the_themes():
    text = plot_label_share(metric([np.arange(1.0, 11.0)]), top=3).to_json()
    assert {word for word in text.split('"') if word.startswith(("#", "rgb"))} <= set(theme.DARK_TWINS)
