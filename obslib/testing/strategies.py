"""Hypothesis strategies for the four tables, for tests of sources and analyses.

>>> from hypothesis import given
>>> from obslib.testing.strategies import metric_frames
>>> @given(metric_frames(max_series=2))
... def test_tidy_keeps_every_sample(frame):
...     assert len(obslib.tidy(frame)) == frame.size
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from obslib.core.errors import MissingDependencyError
from obslib.core.frames import EVENTS, LOGS, SEVERITIES, SPAN_KINDS, SPAN_STATUSES, SPANS, metric_frame

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise MissingDependencyError("hypothesis", extra="test") from error

LABEL_NAMES = ("instance", "job", "method", "service", "zone")
SERVICES = ("catalog", "checkout", "web")
EVENT_KINDS = ("alert", "annotation", "campaign", "config_change", "deploy", "incident")
_START = pd.Timestamp("2026-11-01", tz="UTC")
_WEEK_NS = 7 * 86_400 * 10**9
_WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def label_sets() -> st.SearchStrategy[dict[str, str]]:
    """Labels of one series: none to five of `LABEL_NAMES`, with any text but the empty one as value."""
    return st.dictionaries(st.sampled_from(LABEL_NAMES), _WORDS.filter(bool), max_size=len(LABEL_NAMES))


@st.composite
def metric_frames(
    draw: st.DrawFn, *, max_series: int = 5, max_steps: int = 20, gaps: bool = True, infinite: bool = False
) -> pd.DataFrame:
    """Metric frames, also ones without a series, a step or a label, at a regular or an uneven pace.

    Parameters
    ----------
    max_series, max_steps
        The largest frame.
    gaps
        Whether samples may be NaN, which is "not known".
    infinite
        Whether samples may be infinite.
    """
    labels = draw(st.lists(label_sets(), max_size=max_series, unique_by=lambda one: tuple(sorted(one.items()))))
    steps = draw(st.integers(0, max_steps))
    pauses = draw(st.lists(st.integers(1, 3_600), min_size=steps, max_size=steps))
    if draw(st.booleans()):
        pauses = [60] * steps
    number = st.floats(allow_nan=gaps, allow_infinity=infinite)
    values = draw(st.lists(number, min_size=steps * len(labels), max_size=steps * len(labels)))
    times = _START + pd.to_timedelta(np.cumsum(np.array(pauses, dtype=np.int64)), unit="s")
    return metric_frame(times, np.array(values, dtype=np.float64).reshape(steps, len(labels)), labels)


@st.composite
def logs(draw: st.DrawFn, *, max_rows: int = 20) -> pd.DataFrame:
    """LOGS, newest first, with two attributes: `http.response.status_code` (number) and `host.name`."""
    rows = draw(st.integers(0, max_rows))
    return LOGS.build(
        {
            "time": _moments(draw, rows)[::-1],
            "service": _column(draw, st.sampled_from(SERVICES), rows),
            "severity": _column(draw, st.none() | st.sampled_from(SEVERITIES), rows),
            "body": _column(draw, _WORDS, rows),
            "trace_id": _column(draw, st.none() | _identities(16), rows),
            "span_id": _column(draw, st.none() | _identities(8), rows),
            "http.response.status_code": np.array(_column(draw, st.none() | _NUMBERS, rows), dtype=np.float64),
            "host.name": _column(draw, st.sampled_from(["node-1", "node-2"]), rows),
        }
    )


@st.composite
def spans(draw: st.DrawFn, *, max_rows: int = 20) -> pd.DataFrame:
    """SPANS by start, as trees: a span's parent comes before it and is of the same trace."""
    rows = draw(st.integers(0, max_rows))
    identities = draw(st.lists(_identities(8), min_size=rows, max_size=rows, unique=True))
    parents = [draw(st.none() | st.integers(0, row - 1)) if row else None for row in range(rows)]
    traces: list[str] = []
    for parent in parents:
        traces.append(draw(_identities(16)) if parent is None else traces[parent])
    return SPANS.build(
        {
            "trace_id": traces,
            "span_id": identities,
            "parent_span_id": [None if parent is None else identities[parent] for parent in parents],
            "service": _column(draw, st.sampled_from(SERVICES), rows),
            "name": _column(draw, st.sampled_from(["GET /products", "POST /orders", "SELECT"]), rows),
            "kind": _column(draw, st.sampled_from(SPAN_KINDS), rows),
            "start": _moments(draw, rows),
            "duration": np.array(_column(draw, st.integers(0, 10**11), rows), dtype="timedelta64[ns]"),
            "status": _column(draw, st.sampled_from(SPAN_STATUSES), rows),
        }
    )


@st.composite
def events(draw: st.DrawFn, *, max_rows: int = 10) -> pd.DataFrame:
    """EVENTS by start; some last still, and then `end` is NaT."""
    rows = draw(st.integers(0, max_rows))
    start = _moments(draw, rows)
    lengths = np.array(_column(draw, st.integers(0, _WEEK_NS), rows), dtype="timedelta64[ns]")
    over = np.array(_column(draw, st.booleans(), rows), dtype=bool)
    return EVENTS.build(
        {
            "start": start,
            "end": np.where(over, start + lengths, np.datetime64("NaT", "ns")),
            "kind": _column(draw, st.sampled_from(EVENT_KINDS), rows),
            "name": _column(draw, _WORDS.filter(bool), rows),
            "severity": _column(draw, st.none() | st.sampled_from(["critical", "warning"]), rows),
            "service": _column(draw, st.sampled_from(SERVICES), rows),
            "source": _column(draw, st.sampled_from(["alertmanager", "ci"]), rows),
        }
    )


def _column(draw: st.DrawFn, values: st.SearchStrategy[object], rows: int) -> list[object]:
    return draw(st.lists(values, min_size=rows, max_size=rows))


def _identities(size: int) -> st.SearchStrategy[str]:
    """Trace and span identities: `size` bytes in lower-case hex, never all zero."""
    return st.integers(1, 256**size - 1).map(lambda number: f"{number:0{2 * size}x}")


def _moments(draw: st.DrawFn, rows: int) -> npt.NDArray[np.datetime64]:
    offsets = draw(st.lists(st.integers(0, _WEEK_NS), min_size=rows, max_size=rows).map(sorted))
    return np.datetime64(_START.tz_localize(None), "ns") + np.array(offsets, dtype="timedelta64[ns]")
