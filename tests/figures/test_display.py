"""How figures show themselves in a notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

CODE = """
import json, sys
import obslib, pandas as pd, plotly.io as pio
from obslib.figures.timeseries import plot_timeseries
if sys.argv[1]: pio.renderers.default = sys.argv[1]
times = pd.date_range("2026-11-01", periods=2, freq="1min")
figure = plot_timeseries(obslib.metric_frame(times, [[1], [2]], [{"a": "b"}]), title="T")
print(json.dumps(sorted(figure._repr_mimebundle_())), pio.renderers.default)
"""


def shown(renderer: str, **environment: str) -> tuple[list[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", CODE, renderer],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
    )
    kinds, default = done.stdout.strip().rsplit(" ", 1)
    return json.loads(kinds), default


@pytest.mark.parametrize("environment", [{"PLOTLY_RENDERER": "plotly_mimetype"}], ids=["runner"])
def test_a_chart_is_stored_as_data_with_a_summary_as_text(environment):
    assert shown("", **environment)[0] == ["application/vnd.plotly.v1+json", "text/plain"]


def test_text_alone_is_stored_where_the_environment_asks_for_it():
    assert shown("", PLOTLY_RENDERER="plotly_mimetype", OBSLIB_FIGURES="text")[0] == ["text/plain"]


def test_a_renderer_that_the_user_chose_stays():
    assert shown("json")[1] == "json"
