"""Both encodings of OTLP arrive as the same Arrow columns."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from obslib.core.errors import InputError
from obslib.store.ingest import otlp_shapes as shapes
from obslib.store.ingest.nested import explode, field

from .support import any_value, attributes, logs, otlp_json, traces


def test_shapes_follow_the_descriptors_under_their_json_names():
    shape = shapes.json_shape(trace_pb2.Span.DESCRIPTOR)
    assert shape["traceId"] == "VARCHAR"
    assert shape["startTimeUnixNano"] == "UBIGINT"
    assert shape["kind"] == "VARCHAR"
    assert shape["droppedAttributesCount"] == "UINTEGER"
    assert shape["status"] == {"message": "VARCHAR", "code": "VARCHAR"}
    assert list(shape["events"][0]) == ["timeUnixNano", "name", "attributes", "droppedAttributesCount"]


def test_recursive_values_stay_unopened_json():
    shape = shapes.json_shape(common_pb2.AnyValue.DESCRIPTOR)
    assert shape["arrayValue"] == {"values": ["JSON"]}
    assert shape["kvlistValue"] == {"values": ["JSON"]}
    assert shape["boolValue"] == "BOOLEAN"
    assert not any("trindex" in name for name in shape)


@pytest.mark.parametrize(("name", "expected"), [("span_id", "spanId"), ("name", "name"), ("a_b_c", "aBC")])
def test_names_in_camel_case(name: str, expected: str):
    assert shapes.camel(name) == expected


def spans_of(resources: pa.Array) -> pa.Array:
    return explode(field(explode(field(resources, "scope_spans"))[0], "spans"))[0]


def test_json_is_brought_to_the_columns_and_types_of_protobuf():
    message = traces([{"name": "a", "kind": 3, "attributes": attributes({"n": 1, "f": 0.5, "b": True})}], {"x": "y"})
    one = spans_of(shapes.from_protobuf([message.SerializeToString()], "traces"))
    other = spans_of(shapes.from_json(pa.array([otlp_json(message).decode()]), "traces"))
    for name in ("name", "kind", "start_time_unix_nano", "end_time_unix_nano", "flags", "trace_state"):
        assert field(one, name).type == field(other, name).type
        assert field(other, name).to_pylist() in (field(one, name).to_pylist(), [None])
    assert field(other, "kind").to_pylist() == [3]
    values = [explode(field(found, "attributes"))[0].to_pylist() for found in (one, other)]
    present = [
        [(pair["key"], {k: v for k, v in pair["value"].items() if v is not None}) for pair in pairs] for pairs in values
    ]
    assert (
        present[0] == present[1] == [("n", {"int_value": 1}), ("f", {"double_value": 0.5}), ("b", {"bool_value": True})]
    )


@pytest.mark.parametrize(
    ("kind", "number"), [(3, 3), ("3", 3), ("SPAN_KIND_CLIENT", 3), ("SPAN_KIND_NONSENSE", 0), (None, 0)]
)
def test_enums_may_be_numbers_or_names(kind: object, number: int):
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{"kind": kind}]}]}]}
    spans = spans_of(shapes.from_json(pa.array([json.dumps(document)]), "traces"))
    assert field(spans, "kind").to_pylist() == [number]


def test_documents_of_another_signal_have_no_resources():
    document = otlp_json(logs([{}], {})).decode()
    assert len(shapes.from_json(pa.array([document, "{}"]), "traces")) == 0
    assert len(shapes.from_json(pa.array([document, "{}"]), "logs")) == 1


def test_many_messages_are_one_array():
    bodies = [traces([{}], {"n": n}).SerializeToString() for n in range(5)]
    assert len(shapes.from_protobuf(bodies, "traces")) == 5
    assert len(shapes.from_protobuf([], "traces")) == 0


def test_elements_of_nested_values_are_opened_from_both_encodings():
    inner = [any_value("x"), any_value([1]), any_value(None)]
    serialized = pa.array([one.SerializeToString() for one in inner], pa.binary())
    written = pa.array(['{"stringValue":"x"}', '{"arrayValue":{"values":[{"intValue":"1"}]}}', "{}"])
    for opened in (shapes.open_any_values(serialized), shapes.open_any_values(written)):
        assert field(opened, "string_value").to_pylist() == ["x", None, None]
        assert field(opened, "array_value").is_valid().to_pylist() == [False, True, False]


def test_a_broken_element_is_an_error_of_input():
    with pytest.raises(InputError, match="not an OTLP attribute value"):
        shapes.open_any_values(pa.array([b"\x0a\x7fx"], pa.binary()))
