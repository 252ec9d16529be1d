"""The generator as its users see it: schemas, determinism, amounts, and errors."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from obslib import demo
from obslib.core import layout
from obslib.core.errors import InputError
from obslib.demo.clock import NOW

SCHEMAS = {
    "logs": layout.LOGS,
    "spans": layout.SPANS,
    "events": layout.EVENTS,
    "exemplars": layout.EXEMPLARS,
}


def small(**changed):
    return list(demo.generate(**{"days": 1, "scale": 0.02} | changed))


def metrics_equal(one, other) -> bool:
    return (
        one.series.equals(other.series)
        and np.array_equal(one.codes, other.codes)
        and np.array_equal(one.times, other.times)
        and np.array_equal(one.values.view(np.uint64), other.values.view(np.uint64))
    )


def test_the_same_arguments_give_equal_tables():
    for one, other in zip(small(), small(), strict=True):
        assert metrics_equal(one.metrics, other.metrics)
        for signal in SCHEMAS:
            first, second = getattr(one, signal), getattr(other, signal)
            assert first is second is None or first.equals(second)


def test_another_seed_gives_other_tables_but_the_same_incidents():
    one, other = small()[-1], small(seed=8)[-1]
    assert not metrics_equal(one.metrics, other.metrics)
    assert not one.spans.equals(other.spans)
    titles = [
        set(pc.filter(b.events["event_name"], pc.equal(b.events["source"], "oncall")).to_pylist()) for b in (one, other)
    ]
    assert titles[0] & titles[1]


def test_every_table_has_exactly_the_schema_of_the_layout(recent):
    for batch in recent.batches:
        for signal, schema in SCHEMAS.items():
            table = getattr(batch, signal)
            assert table is None or table.schema.equals(schema)
        assert batch.metrics.series.schema.equals(layout.SERIES)


def test_batches_are_the_days_in_order_and_end_before_now(recent):
    bounds = [(batch.metrics.times.min(), batch.metrics.times.max()) for batch in recent.batches]
    assert all(earlier[0] < later[0] for earlier, later in pairwise(bounds))
    assert all(last - first < 86_400_000 + 60_000 for first, last in bounds)
    assert bounds[-1][1] < NOW.value // 10**6
    for table in (recent.logs, recent.spans):
        assert pc.max(table["timestamp"]).as_py() < NOW


def test_rows_of_a_batch_are_sorted_by_time(recent):
    for batch in recent.batches:
        for table in (batch.logs, batch.spans):
            if table is not None:
                assert pd.Index(table["timestamp"].to_pandas()).is_monotonic_increasing


def test_scale_is_a_factor_on_logs_and_spans_and_leaves_metrics_alone():
    one, double = small(scale=0.02), small(scale=0.04)
    for signal in ("logs", "spans"):
        rows = [sum(getattr(b, signal).num_rows for b in batches if getattr(b, signal)) for batches in (one, double)]
        assert rows[1] / rows[0] == pytest.approx(2.0, rel=0.15)
    assert metrics_equal(one[0].metrics, double[0].metrics)


def test_the_default_amounts_follow_from_a_quarter(recent, history):
    day = history.batch(34 * 1_440, 35 * 1_440)
    assert day.series.num_rows >= 400
    assert len(day.values) >= 400 * 1_440
    assert recent.logs.num_rows * 4 >= 1_000_000
    assert recent.spans.num_rows * 4 >= 1_000_000


def test_logs_cover_three_days_and_spans_two(recent):
    for table, days in ((recent.logs, 3), (recent.spans, 2)):
        first = pd.Timestamp(pc.min(table["timestamp"]).as_py())
        assert first - (NOW - pd.Timedelta(days=days)) < pd.Timedelta(minutes=5)
        assert first >= NOW - pd.Timedelta(days=days)


def test_a_single_day_works():
    days, batches = 1, small(scale=0.01)
    assert sum(b.spans.num_rows for b in batches) > 0
    assert min(b.metrics.times.min() for b in batches) >= (NOW - pd.Timedelta(days=days)).value // 10**6


def test_attribute_columns_hold_json_objects(recent):
    for table, columns in (
        (recent.logs, ["log_attributes", "resource_attributes", "scope_attributes"]),
        (recent.spans, ["span_attributes", "resource_attributes", "events_json", "links_json"]),
        (recent.events, ["event_attributes"]),
    ):
        for column in columns:
            for text in pc.unique(table[column].cast(pa.string())).to_pylist()[:4_000]:
                assert isinstance(json.loads(text), list if column.endswith("_json") else dict)


@pytest.mark.parametrize("wrong", [{"days": 0}, {"scale": 0.0}, {"scale": -1.0}])
def test_impossible_arguments_are_refused_with_a_way_out(wrong):
    with pytest.raises(InputError, match="days >= 1") as caught:
        demo.generate(**wrong)
    assert "generate(" in caught.value.fix
