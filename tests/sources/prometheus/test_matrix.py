"""From the bytes of a matrix answer to arrays."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import QueryError, SourceError, UnsupportedError
from obslib.core.series import is_stale
from obslib.sources._answers import BrokenBodyError
from obslib.sources.prometheus.matrix import parse_pairs, read_matrix
from obslib.sources.prometheus.steps import Stretch

from .support import text

THREE = Stretch(1_000, 1_000, 3)
ONE = {"metric": {"job": "a"}, "values": [[1, "0.5"], [2, "1e+06"], [3, "-0"]]}


def answer(*result, kind="matrix", **more):
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": list(result)}, **more}).encode()


def pieces(body, size):
    return [body[at : at + size] for at in range(0, len(body), size)]


def rows(part):
    return np.concatenate([*part.blocks, np.empty((0, part.stretch.count))]).tolist()


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" ,\n\t", " : ")])
def test_an_answer_reads_the_same_in_pieces_of_any_size_and_with_any_spaces(size, separators):
    whole = {
        "status": "success",
        "data": {"resultType": "matrix", "result": [ONE, {"metric": {}, "values": [[2.0, "7"]]}]},
    }
    part = read_matrix(pieces(json.dumps(whole, separators=separators).encode(), size), THREE)
    assert part.labels == [{"job": "a"}, {}]
    np.testing.assert_array_equal(rows(part), [[0.5, 1e6, -0.0], [np.nan, 7.0, np.nan]])


@pytest.mark.parametrize(
    "value",
    [
        '"values":[[1,"2"]]',
        '\\"values":[',
        "}]}",
        '"',
        "\\",
        "\n}],",
        "日本 ",
        "]]}",
        '","values":[[2,"9"]]},{"metric":{"a":"',
    ],
)
def test_a_label_cannot_pretend_to_be_values(value):
    hostile = {"metric": {"values": value, value: "x"}, "values": [[1, "4"]]}
    for body in (answer(hostile, ONE), json.dumps(json.loads(answer(hostile, ONE)), ensure_ascii=False).encode()):
        part = read_matrix(pieces(body, 5), THREE)
        assert part.labels == [{"values": value, value: "x"}, {"job": "a"}]
        assert [row[0] for row in rows(part)] == [4.0, 0.5]


@given(st.lists(st.floats(width=64), min_size=1, max_size=30), st.integers(1, 40))
def test_every_float_arrives_bit_for_bit(values, size):
    series = {"metric": {}, "values": [[at, text(value)] for at, value in enumerate(values)]}
    part = read_matrix(pieces(answer(series), size), Stretch(0, 1_000, len(values)))
    expected = np.array([math.nan if math.isnan(value) else value for value in values])
    assert np.array_equal(np.array(rows(part)[0]), expected, equal_nan=True)
    assert np.array_equal(np.signbit(rows(part)[0]), np.signbit(expected)) or np.isnan(expected).any()
    assert not is_stale(np.array(rows(part)[0])).any()


def test_an_empty_answer_has_no_series():
    part = read_matrix([answer()], THREE)
    assert part.labels == []
    assert rows(part) == []


def test_a_series_without_points_is_a_row_of_unknowns():
    part = read_matrix([answer({"metric": {"job": "b"}, "values": []}, ONE)], THREE)
    assert part.labels == [{"job": "b"}, {"job": "a"}]
    assert np.isnan(rows(part)[0]).all()


def test_keys_in_another_order_and_unknown_ones_do_no_harm():
    body = (
        b'{"isPartial":false,"stats":{"n":1},"data":{"result":[{"values":[[1,"2"]],"metric":{"a":"b"}}],'
        b'"resultType":"matrix","explanation":null},"status":"success"}'
    )
    part = read_matrix([body], THREE)
    assert part.labels == [{"a": "b"}]
    assert rows(part)[0][0] == 2.0


def test_warnings_infos_and_partial_flags_are_notes():
    part = read_matrix([answer(warnings=["shard 3 is slow"], infos=["not a counter"], isPartial=True)], THREE)
    assert part.notes[1:] == ["shard 3 is slow", "not a counter"]
    assert "partial" in part.notes[0]


@pytest.mark.parametrize("cut", [10, 40, 70, 90, 110, -1, -3])
def test_a_body_that_ends_early_is_never_a_result(cut):
    with pytest.raises(BrokenBodyError):
        read_matrix(pieces(answer(ONE)[:cut], 9), THREE)


@pytest.mark.parametrize("values", [[[1, "abc"]], [[1, ""]], [[1]], [[1, "2", "3"]], [[1, None]], [["", "2"]]])
def test_what_is_no_pair_of_numbers_is_never_a_result(values):
    with pytest.raises(BrokenBodyError):
        read_matrix([answer({"metric": {}, "values": values})], THREE)


@pytest.mark.parametrize(
    "values",
    [[[1, "1"], [1, "1"]], [[2, "1"], [1, "1"]], [[1.5, "1"]], [[0, "1"]], [[4, "1"]], [[1, "1"], [4, "1"]]],
    ids=["twice", "out of order", "between", "before", "after", "one after"],
)
def test_points_that_were_not_asked_for_are_refused(values):
    with pytest.raises(SourceError, match="not usable"):
        read_matrix([answer(ONE, {"metric": {}, "values": values})], THREE)


def test_native_histograms_are_refused_and_not_dropped():
    bucket = {"count": "1", "sum": "2", "buckets": [[0, "1", "2", "1"]]}
    for series in ({"metric": {}, "histograms": [[1, bucket]]}, {**ONE, "histograms": [[1, bucket]]}):
        with pytest.raises(UnsupportedError, match="native histograms"):
            read_matrix(pieces(answer(series, ONE), 11), THREE)


def test_an_error_with_status_200_is_that_error():
    body = b'{"status":"error","errorType":"bad_data","error":"1:2: parse error: no"}'
    with pytest.raises(QueryError, match="1:2: parse error: no"):
        read_matrix([body], THREE)


def test_an_error_that_may_pass_is_asked_again():
    with pytest.raises(BrokenBodyError, match="shard 3 is gone"):
        read_matrix([b'{"status":"error","errorType":"internal","error":"shard 3 is gone"}'], THREE)


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'"x"', b'{"status":"ok"}', b'{"status":"success","data":[]}', b'{"took": 3}']
)
def test_json_of_something_else_is_told_apart(body):
    with pytest.raises(SourceError, match="not one of the Prometheus HTTP API"):
        read_matrix([body], THREE)


def test_a_vector_is_not_taken_for_a_matrix():
    with pytest.raises(SourceError, match="a vector, not a matrix"):
        read_matrix([answer({"metric": {}, "value": [1, "2"]}, kind="vector")], THREE)


def test_large_answers_come_in_several_blocks_and_in_order():
    steps = 2_000
    series = [{"metric": {"n": str(n)}, "values": [[at, str(n * at)] for at in range(steps)]} for n in range(60)]
    part = read_matrix(pieces(answer(*series), 1 << 16), Stretch(0, 1_000, steps))
    assert len(part.blocks) > 1
    assert np.array_equal(rows(part), np.outer(np.arange(60), np.arange(steps)))


def test_times_keep_their_milliseconds():
    times, values = parse_pairs(b'[1764037200.001,"1"],[1764037200.999,"2"]')
    assert times.tolist() == [1_764_037_200_001, 1_764_037_200_999]
    assert values.tolist() == [1.0, 2.0]
