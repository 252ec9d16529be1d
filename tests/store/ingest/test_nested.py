"""Nested columns: opened, with the way back; ids as hex; objects from columns."""

from __future__ import annotations

import base64
import json
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.store.ingest.duck import columns_of
from obslib.store.ingest.json_objects import json_objects, string_members
from obslib.store.ingest.nested import column, explode, floats, integers, offsets_of, spread
from obslib.store.ingest.otlp_ids import hex_text

LISTS = st.lists(st.none() | st.lists(st.integers(0, 9), max_size=3), max_size=6)


@given(LISTS)
def test_opened_lists_know_their_rows(lists: list[list[int] | None]):
    values, rows = explode(pa.array(lists, pa.list_(pa.int64())))
    expected = [(row, value) for row, inner in enumerate(lists) for value in inner or []]
    assert list(zip(rows.tolist(), values.to_pylist(), strict=True)) == expected


@given(LISTS)
def test_offsets_point_into_what_was_opened(lists: list[list[int] | None]):
    array = pa.array(lists, pa.list_(pa.int64()))
    values, offsets = explode(array)[0].to_pylist(), offsets_of(array)
    assert [values[a:b] for a, b in pairwise(offsets)] == [inner or [] for inner in lists]


@given(LISTS, st.integers(0, 6))
def test_slices_of_lists_are_opened_right(lists: list[list[int] | None], start: int):
    array = pa.array(lists, pa.list_(pa.int64())).slice(min(start, len(lists)))
    values, rows = explode(array)
    offsets = offsets_of(array)
    assert len(values) == len(rows) == offsets[-1]


def test_fields_of_absent_structs_are_absent():
    structs = pa.array([{"a": 1}, None, {"a": None}], pa.struct({"a": pa.int64()}))
    assert column(structs, "a", -1).to_pylist() == [1, -1, -1]
    assert integers(structs, "a").tolist() == [1, 0, 0]


def test_integers_beyond_63_bits_count_as_absent():
    structs = pa.array([{"a": 2**64 - 1}, {"a": 2**63 - 1}], pa.struct({"a": pa.uint64()}))
    assert integers(structs, "a").tolist() == [0, 2**63 - 1]


def test_floats_of_any_numbers():
    assert floats(pa.array([1, 2**63], pa.uint64())).tolist() == [1.0, 2.0**63]
    assert np.isnan(floats(pa.array([None], pa.int64()))).all()


def test_spread_repeats_words_without_repeating_their_text():
    spread_out = spread(pa.array(["a", None, "a"]), np.array([0, 1, 2, 2]))
    assert spread_out.to_pylist() == ["a", "", "a", "a"]
    assert spread_out.dictionary.to_pylist() == ["a", ""]


@given(st.lists(st.none() | st.binary(max_size=16)))
def test_bytes_are_written_as_hex(ids: list[bytes | None]):
    expected = ["" if one is None or not one.strip(b"\0") else one.hex() for one in ids]
    assert hex_text(pa.array(ids, pa.binary())).to_pylist() == expected
    assert hex_text(pa.array([b"\x01", *ids], pa.binary()).slice(1)).to_pylist() == expected


@given(st.lists(st.binary(min_size=16, max_size=16), min_size=1), st.sampled_from([16, 8]))
def test_ids_in_base64_are_written_as_hex(ids: list[bytes], size: int):
    texts = [base64.b64encode(one[:size]).decode() for one in ids]
    expected = [one[:size].hex() if one[:size].strip(b"\0") else "" for one in ids]
    assert hex_text(pa.array(texts)).to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ABCDEF0123456789", "abcdef0123456789"), ("", ""), (None, ""), ("0000", ""), ("not base64!!", "not base64!!")],
)
def test_ids_in_text(text: str | None, expected: str):
    assert hex_text(pa.array([text], pa.string())).to_pylist() == [expected]


def test_objects_leave_out_what_is_absent():
    texts = {"a": pa.array(["x", "", None]), 'k"ey': pa.array(['q"', None, None])}
    assert [json.loads(one) for one in string_members(texts).to_pylist()] == [{"a": "x", 'k"ey': 'q"'}, {}, {}]
    numbers = {"n": pa.array(["1", None, "2.5"])}
    assert json_objects(numbers).to_pylist() == ['{"n":1}', "{}", '{"n":2.5}']


def test_sql_keeps_the_order_of_rows_and_binds_parameters():
    given_rows = {"n": pa.array(range(10_000))}
    (found,) = columns_of("SELECT n + $more::INT FROM given", given_rows, {"more": "1"})
    assert found.to_pylist() == list(range(1, 10_001))
