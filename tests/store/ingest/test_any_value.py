"""OTLP values as JSON: every kind, nested, the same from both encodings."""

from __future__ import annotations

import base64
import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.store.ingest import decode_otlp_json, decode_otlp_protobuf
from obslib.store.ingest.any_value import json_numbers, json_strings

from .support import attributes, log_rows, logs, otlp_json, span_rows, traces

NAMES = st.text(alphabet=st.characters(codec="utf-8"), max_size=8)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=12),
    st.binary(max_size=6),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)


def plain(value: object) -> object:
    """What a value looks like in our JSON."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return value


def read_attributes(values: dict[str, object]) -> tuple[object, object]:
    """Attributes of one span after protobuf, and after JSON."""
    message = traces([{"attributes": attributes(values)}], {})
    from_protobuf = decode_otlp_protobuf(message.SerializeToString(), "traces")
    from_json = decode_otlp_json(otlp_json(message))
    return span_rows(from_protobuf)[0]["span_attributes"], span_rows(from_json)[0]["span_attributes"]


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_any_attributes_come_back_from_both_encodings(values: dict[str, object]):
    from_protobuf, from_json = read_attributes(values)
    expected = {name: plain(value) for name, value in values.items()}
    assert from_protobuf == expected
    assert from_json == expected


@settings(max_examples=15, deadline=None)
@given(VALUES)
def test_any_log_body_comes_back_from_both_encodings(body: object):
    from .support import any_value

    message = logs([{"body": any_value(body)}], {})
    expected = plain(body)
    for batch in (decode_otlp_protobuf(message.SerializeToString(), "logs"), decode_otlp_json(otlp_json(message))):
        text = log_rows([batch])[0]["body"]
        if body is None:
            assert text == ""
        elif isinstance(body, str):
            assert text == body
        else:
            assert json.loads(text) == expected


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"a": []},
        {"a": {}},
        {"a": [[], [1, [2, ["x"]]], {"b": [None]}]},
        {'quote"d': 'say "hi"\\\n\t\x01\x1f'},
        {"big": 2**63 - 1, "small": -(2**63)},
    ],
)
def test_edges_of_attributes(values: dict[str, object]):
    assert read_attributes(values) == (plain(values), plain(values))


def test_nesting_beyond_the_limit_is_cut_off_and_says_so():
    value: object = "deep"
    for _ in range(40):
        value = [value]
    from_protobuf, from_json = read_attributes({"a": value})
    assert "(nested too deep)" in json.dumps(from_protobuf)
    assert from_json == from_protobuf


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8")) | st.none(), min_size=1))
def test_any_text_is_escaped_so_that_json_reads_it(texts: list[str | None]):
    written = json_strings(pa.array(texts, pa.string())).to_pylist()
    assert [None if one is None else json.loads(one) for one in written] == texts


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_any_finite_number_comes_back_exactly(numbers: list[float]):
    assert [json.loads(text) for text in json_numbers(pa.array(numbers, pa.float64())).to_pylist()] == numbers


def test_numbers_that_json_lacks_are_strings():
    texts = json_numbers(pa.array([math.nan, math.inf, -math.inf, None])).to_pylist()
    assert texts == ['"NaN"', '"Infinity"', '"-Infinity"', None]
