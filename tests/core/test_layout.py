"""Tables of producers become tables of the layout, or an error that names every fault."""

from __future__ import annotations

import pyarrow as pa
import pytest

from obslib.core import layout
from obslib.core.errors import SchemaError
from obslib.core.layout import Batch, conform

SCHEMAS = {name: getattr(layout, name) for name in ("SERIES", "LOGS", "SPANS", "EVENTS", "EXEMPLARS")}
NS = pa.timestamp("ns", "UTC")


def one_column(schema, rows):
    """A table of `rows` rows that has only the schema's first column."""
    first = schema.field(0)
    return pa.table({first.name: pa.nulls(rows, first.type)})


@pytest.mark.parametrize("rows", [0, 1, 3])
@pytest.mark.parametrize("name", SCHEMAS)
def test_absent_columns_are_added(name, rows):
    table = conform(one_column(SCHEMAS[name], rows), SCHEMAS[name])
    assert table.schema.equals(SCHEMAS[name])
    assert table.num_rows == rows
    table.validate(full=True)


def test_neutral_values():
    row = conform(pa.table({"timestamp": pa.nulls(1, NS)}), layout.SPANS).to_pylist()[0]
    assert row["span_attributes"] == row["resource_attributes"] == "{}"
    assert row["events_json"] == row["links_json"] == "[]"
    assert row["trace_id"] == row["service_name"] == ""
    assert row["duration"] == row["span_kind"] == row["flags"] == 0


def test_unknown_times_and_numbers_are_null_not_zero():
    event = conform(pa.table({"event_name": ["deploy"]}), layout.EVENTS).to_pylist()[0]
    assert event["start_timestamp"] is event["end_timestamp"] is None
    assert conform(pa.table({"metric_name": ["x"]}), layout.EXEMPLARS).to_pylist()[0]["value"] is None


def test_absent_labels_are_none_at_all():
    assert conform(pa.table({"metric_name": ["x", "y"]}), layout.SERIES)["labels"].to_pylist() == [[], []]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a", "b", "a"]),
        pa.array(["a", "b", "a"], pa.large_string()),
        pa.array(["a", "b", "a"], pa.string_view()),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0], pa.int8()), pa.array(["a", "b"], pa.large_string())),
        pa.chunked_array([["a"], ["b", "a"]]),
        pa.chunked_array([pa.array(["a"]).dictionary_encode(), pa.array(["b", "a"]).dictionary_encode()]),
    ],
    ids=lambda column: str(column.type)[:40],
)
def test_words_in_any_encoding(column):
    table = conform(pa.table({"service_name": column}), layout.LOGS)
    assert table["service_name"].to_pylist() == ["a", "b", "a"]
    assert table.schema.equals(layout.LOGS)


def test_numbers_and_times_are_cast():
    table = conform(
        pa.table({"timestamp": pa.array([1], pa.timestamp("us", "UTC")), "severity_number": pa.array([9], pa.int64())}),
        layout.LOGS,
    )
    assert table["timestamp"].cast(pa.int64()).to_pylist() == [1_000]
    assert table["severity_number"].to_pylist() == [9]


def test_columns_come_in_the_order_of_the_layout():
    table = pa.table({"body": ["x"], "timestamp": pa.nulls(1, NS)})
    assert conform(table, layout.LOGS).column_names == layout.LOGS.names


def test_conformed_tables_stay_as_they_are():
    once = conform(pa.table({"body": ["x", "y"]}), layout.LOGS)
    assert conform(once, layout.LOGS).equals(once)


def test_column_without_a_place_is_not_dropped_in_silence():
    with pytest.raises(SchemaError) as caught:
        conform(pa.table({"bodi": ["x"], "host": ["y"]}), layout.LOGS)
    assert len(caught.value.faults) == 2
    assert "column 'bodi' has no place in the layout (did you mean 'body'?)" in caught.value.faults
    assert "attributes column" in caught.value.fix


def test_column_that_stands_twice_is_refused():
    twice = pa.Table.from_arrays([pa.array(["x"]), pa.array(["y"])], names=["body", "body"])
    with pytest.raises(SchemaError, match="column 'body' stands twice"):
        conform(twice, layout.LOGS)


def test_every_column_that_cannot_be_cast_is_named():
    wrong = pa.table({"timestamp": ["soon"], "severity_number": pa.array([2**40])})
    with pytest.raises(SchemaError) as caught:
        conform(wrong, layout.LOGS)
    assert [fault.split(" cannot")[0] for fault in caught.value.faults] == [
        "column 'timestamp'",
        "column 'severity_number'",
    ]


def test_batch_is_empty_unless_filled():
    assert set(vars(Batch()).values()) == {None}
