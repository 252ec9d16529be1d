"""The packed block holds every number, in few bytes."""

from __future__ import annotations

import base64
import gzip
import json

import numpy as np
import plotly.graph_objects as go

from obslib.figures.timeseries import plot_timeseries
from obslib.report.packing import pack_figures, packed_plotly, slim_figure
from tests.figures.support import metric, waves


def unpacked(block: str) -> tuple[dict, bytes]:
    raw = gzip.decompress(base64.b64decode(block))
    length = int.from_bytes(raw[:4], "little")
    assert (4 + length) % 8 == 0
    return json.loads(raw[4 : 4 + length]), raw[4 + length :]


def plain(figure: go.Figure) -> dict:
    return json.loads(figure.to_json())


def array(place: dict, arrays: bytes) -> np.ndarray:
    found = np.frombuffer(arrays, dtype=f"<{place['dtype']}", count=place["count"], offset=place["at"])
    return found.reshape(place.get("shape", -1))


def test_numbers_survive_within_a_hundred_thousandth_of_their_range():
    frame = waves(3, 500)
    content, arrays = unpacked(pack_figures([plain(plot_timeseries(frame))]))
    for trace in content["figures"][0]["data"]:
        assert trace["y"]["dtype"] == "f4"
        assert trace["y"]["at"] % 8 == 0
    drawn = array(content["figures"][0]["data"][0]["y"], arrays)
    original = max((frame.iloc[:, place].to_numpy() for place in range(3)), key=np.nanmax) * 1_000
    np.testing.assert_allclose(drawn, original, rtol=1e-6)


def test_numbers_that_need_it_keep_double_precision():
    epochs = 1.7e9 + np.arange(100.0)[:, None]
    content, arrays = unpacked(pack_figures([plain(plot_timeseries(metric(epochs, unit="")))]))
    place = content["figures"][0]["data"][0]["y"]
    assert place["dtype"] == "f8"
    assert np.diff(array(place, arrays)).min() > 0


def test_matrices_keep_their_shape():
    figure = plain(go.Figure(go.Heatmap(z=np.arange(6.0).reshape(2, 3))))
    content, arrays = unpacked(pack_figures([figure]))
    assert array(content["figures"][0]["data"][0]["z"], arrays).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_our_figures_leave_template_and_title_to_the_page_and_others_keep_theirs():
    ours = slim_figure(plain(plot_timeseries(waves(2, 10), title="T")))
    assert ours["themed"]
    assert not {"template", "title", "meta"} & set(ours["layout"])
    assert ours["suffix"] == "ms"
    other = slim_figure(plain(go.Figure(go.Bar(y=[1]), layout_title_text="T")))
    assert not other["themed"]
    assert other["layout"]["title"]["text"] == "T"


def test_what_json_cannot_hold_becomes_null():
    content, _ = unpacked(pack_figures([{"data": [{"y": [1.0, float("nan")]}], "layout": {}}]))
    assert content["figures"][0]["data"][0]["y"] == [1.0, None]


def test_fifty_charts_take_less_than_half_a_megabyte():
    figure = plain(plot_timeseries(waves(1, 1_440)))
    assert len(pack_figures([figure] * 50)) < 500_000


def test_the_chart_library_is_plotlys_own():
    assert b"plotly.js v" in gzip.decompress(base64.b64decode(packed_plotly()))[:200]


def test_equal_figures_give_equal_bytes():
    figure = plain(plot_timeseries(waves(2, 50)))
    assert pack_figures([figure]) == pack_figures([json.loads(json.dumps(figure))])
