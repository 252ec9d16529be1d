"""The strategies make what the contract says, and reach its edges."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import Phase, find, given, settings

from obslib.core.frames import EVENTS, LOGS, SPANS, labels_of
from obslib.testing.strategies import events, label_sets, logs, metric_frames, spans


@given(metric_frames())
def test_metric_frames_keep_the_contract(frame):
    assert frame.index.name == "time"
    assert str(frame.index.dtype) == "datetime64[ns, UTC]"
    assert frame.index.is_monotonic_increasing
    assert frame.index.is_unique
    assert frame.columns.is_unique
    assert (frame.dtypes == np.float64).all()


@given(metric_frames(max_series=2, max_steps=3, gaps=False))
def test_limits_and_gaps_are_kept(frame):
    assert frame.shape[0] <= 3
    assert frame.shape[1] <= 2
    assert np.isfinite(frame.to_numpy()).all()


@given(logs())
def test_logs_keep_the_contract_newest_first(frame):
    LOGS.check(frame)
    assert frame["time"].is_monotonic_decreasing


@given(events())
def test_events_keep_the_contract_and_end_after_their_start(frame):
    EVENTS.check(frame)
    over = frame[frame["end"].notna()]
    assert (over["end"] >= over["start"]).all()


@given(spans())
def test_spans_are_trees_of_one_trace_each(frame):
    SPANS.check(frame)
    assert frame["span_id"].is_unique
    assert (frame["duration"].dt.total_seconds() >= 0).all()
    trace_of = dict(zip(frame["span_id"], frame["trace_id"], strict=True))
    children = frame[frame["parent_span_id"].notna()]
    assert [trace_of[parent] for parent in children["parent_span_id"]] == children["trace_id"].tolist()


@given(label_sets())
def test_labels_have_no_empty_values(labels):
    assert "" not in labels.values()


@pytest.mark.parametrize(
    ("strategy", "edge"),
    [
        (metric_frames(), lambda frame: frame.shape[1] == 0 and len(frame) > 0),
        (metric_frames(), lambda frame: frame.shape[1] > 0 and len(frame) == 0),
        (metric_frames(), lambda frame: frame.shape[1] == 1 and labels_of(frame) == [{}]),
        (metric_frames(), lambda frame: bool(np.isnan(frame.to_numpy()).any())),
        (metric_frames(infinite=True), lambda frame: bool(np.isinf(frame.to_numpy()).any())),
        (logs(), lambda frame: frame.empty),
        (logs(), lambda frame: bool(frame["severity"].isna().any())),
        (spans(), lambda frame: bool(frame["parent_span_id"].notna().any())),
        (events(), lambda frame: bool(frame["end"].isna().any())),
    ],
)
def test_edges_are_reached(strategy, edge):
    find(strategy, edge, settings=settings(phases=[Phase.generate], max_examples=500))  # any example will do


def test_without_hypothesis_the_error_says_what_to_install():
    script = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from obslib.core.errors import MissingDependencyError\n"
        "try:\n    import obslib.testing.strategies\n"
        "except MissingDependencyError as error:\n    print(error.fix)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "pip install 'obslib[test]'"
