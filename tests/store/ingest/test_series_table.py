"""Series rows: one code each, whatever the order of labels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from obslib.core import layout
from obslib.store.ingest.series_table import SeriesIndex, SeriesRow, exemplar_table, series_table


def test_equal_labels_in_another_order_are_the_same_series():
    index = SeriesIndex()
    first = index.code(SeriesRow("up", {"a": "1", "b": "2"}))
    assert index.code(SeriesRow("up", {"b": "2", "a": "1"}, type="gauge")) == first
    assert index.code(SeriesRow("up", {"a": "1"})) != first
    assert index.code(SeriesRow("down", {"a": "1", "b": "2"})) != first


def test_an_empty_label_is_no_label():
    index = SeriesIndex()
    assert index.code(SeriesRow("up", {"a": ""})) == index.code(SeriesRow("up", {}))
    assert series_table([SeriesRow("up", {"a": "", "b": "x"})])["labels"].to_pylist() == [[("b", "x")]]


def test_a_batch_holds_only_the_series_that_have_samples():
    index = SeriesIndex()
    for name in ("a", "b", "c"):
        index.code(SeriesRow(name, {}))
    batch = index.batch(np.array([2, 0, 2]), np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0]))
    assert batch.series["metric_name"].to_pylist() == ["a", "c"]
    assert batch.codes.tolist() == [1, 0, 1]
    assert batch.codes.dtype == np.int32
    assert batch.series.schema == layout.SERIES


def test_labels_are_sorted_by_name():
    assert series_table([SeriesRow("up", {"z": "1", "a": "2"})])["labels"].to_pylist() == [[("a", "2"), ("z", "1")]]


def test_exemplars_repeat_their_series_name_and_labels():
    rows = [SeriesRow("a", {"x": "1"}), SeriesRow("b", {})]
    ids = pa.array(["t1", "t2"]), pa.array(["s1", "s2"])
    table = exemplar_table(rows, np.array([1, 0]), np.array([5, 6]), np.array([0.5, 1.5]), ids)
    assert table.schema == layout.EXEMPLARS
    assert table["metric_name"].to_pylist() == ["b", "a"]
    assert table["labels"].to_pylist() == [[], [("x", "1")]]
    assert [moment.value for moment in table["timestamp"].to_pylist()] == [5, 6]
