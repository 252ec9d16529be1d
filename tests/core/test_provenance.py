"""Provenance comes back as it went in, wherever a frame goes, and its hash tells data apart."""

from __future__ import annotations

import json
import pickle
from dataclasses import asdict
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.core.frames import LOGS, metric_frame, rename
from obslib.core.provenance import KEY, Provenance, attach, data_hash, provenance_of
from obslib.core.secrets import Secret
from obslib.core.series import STALE_NAN
from obslib.core.window import Window
from obslib.testing.strategies import logs, metric_frames, spans

MINUTES = pd.date_range("2026-11-01", periods=2, freq="1min", tz="UTC")
WINDOW = Window("2026-11-01", "2026-11-02")


@pytest.fixture
def frame():
    return metric_frame(MINUTES, [[1.0, 2.0], [3.0, np.nan]], [{"job": "a"}, {"job": "b"}])


@pytest.fixture
def provenance():
    made = Provenance.of_query(
        "prometheus", "up", WINDOW, language="promql", step=pd.Timedelta("90s"), warnings=("one shard is down",)
    )
    return Provenance(**{**asdict(made), "profile": "prod", "details": {"cluster": "eu"}})


def test_query_is_described_in_plain_values(provenance):
    assert (provenance.start, provenance.end) == ("2026-11-01T00:00:00+00:00", "2026-11-02T00:00:00+00:00")
    assert provenance.step == "1m30s"
    assert Window(provenance.start, provenance.end) == WINDOW
    assert abs(pd.Timestamp(provenance.fetched_at) - pd.Timestamp.now("UTC")) < pd.Timedelta("1min")


def test_query_without_a_step_has_none():
    assert Provenance.of_query("elastic", "*", WINDOW, language="lucene").step == ""


def test_attached_provenance_reads_back_with_rows_and_hash(frame, provenance):
    found = provenance_of(attach(frame, provenance))
    assert found == Provenance(**{**asdict(provenance), "rows": 2, "data_hash": data_hash(frame)})
    assert found.warnings == ("one shard is down",)


def test_attaching_leaves_the_frame_alone_and_keeps_other_attributes(frame, provenance):
    frame.attrs["mine"] = 1
    attached = attach(frame, provenance)
    assert frame.attrs == {"mine": 1}
    assert attached.attrs["mine"] == 1
    attached.iloc[0, 0] = 99.0
    assert frame.iloc[0, 0] == 1.0


def test_read_only_details_are_fine(frame, provenance):
    frozen = Provenance(**{**asdict(provenance), "details": MappingProxyType({"cluster": "eu"})})
    assert provenance_of(attach(frame, frozen)).details == {"cluster": "eu"}


def test_pickle_keeps_it(frame, provenance):
    attached = attach(frame, provenance)
    assert provenance_of(pickle.loads(pickle.dumps(attached))) == provenance_of(attached)  # noqa: S301


@pytest.mark.parametrize("table", [LOGS.build({"time": MINUTES, "body": ["a", "b"]})])
def test_parquet_keeps_it(tmp_path, table, provenance):
    attached = attach(table, provenance)
    attached.to_parquet(tmp_path / "logs.parquet")
    back = pd.read_parquet(tmp_path / "logs.parquet")
    assert provenance_of(back) == provenance_of(attached)
    assert data_hash(LOGS.build(back)) == provenance_of(attached).data_hash


def test_parquet_keeps_it_for_metrics(tmp_path, frame, provenance):
    attached = attach(frame, provenance)
    attached.to_parquet(tmp_path / "metrics.parquet")
    back = pd.read_parquet(tmp_path / "metrics.parquet")
    assert provenance_of(back) == provenance_of(attached)
    assert data_hash(back) == provenance_of(attached).data_hash


def test_it_is_json(frame, provenance):
    attached = attach(frame, provenance)
    assert json.loads(json.dumps(attached.attrs)) == attached.attrs


def test_secret_cannot_get_into_it(frame, provenance):
    wrong = Provenance(**{**asdict(provenance), "details": {"token": Secret("hunter2", origin="test")}})
    with pytest.raises(InputError, match="cannot be pickled or copied") as caught:
        attach(frame, wrong)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(wrong)


def test_frame_without_provenance_says_so(frame):
    with pytest.raises(InputError, match="carries no provenance"):
        provenance_of(frame)


@pytest.mark.parametrize("change", [lambda found: found.pop("query"), lambda found: found.update(colour="red")])
def test_provenance_of_another_make_is_refused(frame, provenance, change):
    attached = attach(frame, provenance)
    change(attached.attrs[KEY])
    with pytest.raises(InputError, match="foreign or missing keys"):
        provenance_of(attached)


# ---- the hash


def test_hash_is_the_same_everywhere(frame):
    assert data_hash(frame) == "4051c952a6cc1458"
    assert len(data_hash(frame)) == 16


def test_hash_does_not_know_how_a_long_frame_lies_in_memory():
    values = np.arange(600.0).reshape(200, 3)
    grid = pd.date_range("2026-11-01", periods=200, freq="1min", tz="UTC")
    by_row, by_column = (
        metric_frame(grid, np.array(values, order=order), [{"job": name} for name in "abc"]) for order in "CF"
    )
    assert data_hash(by_row) == data_hash(by_column)
    by_column.iloc[-1, -1] += 1
    assert data_hash(by_row) != data_hash(by_column)


@given(st.one_of(metric_frames(), logs(), spans()))
def test_equal_data_has_an_equal_hash(table):
    assert data_hash(table) == data_hash(table.copy(deep=True))


@given(metric_frames(max_series=3), st.data())
def test_any_changed_sample_changes_the_hash(table, data):
    if table.size == 0:
        return
    row, column = data.draw(st.integers(0, len(table) - 1)), data.draw(st.integers(0, table.shape[1] - 1))
    changed = table.copy(deep=True)
    changed.iloc[row, column] = 4.25 if changed.iloc[row, column] != 4.25 else np.nan
    assert data_hash(changed) != data_hash(table)


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.iloc[::-1],
        lambda frame: frame.iloc[:1],
        lambda frame: frame[["b", "a"]],
        lambda frame: frame.set_axis(["a", "c"], axis=1),
        lambda frame: rename(frame, {"job": "service"}),
        lambda frame: frame.set_axis(frame.index + pd.Timedelta(1), axis=0),
        lambda frame: frame.fillna(0.0),
        lambda frame: frame.iloc[:0],
        lambda frame: frame.iloc[:, :0],
    ],
)
def test_any_other_change_changes_the_hash(frame, change):
    assert data_hash(change(frame)) != data_hash(frame)


def test_order_of_rows_and_text_counts_in_the_other_tables():
    one = LOGS.build({"time": MINUTES, "body": ["a", "b"], "tags": [["x"], ["y"]]})
    assert data_hash(one) == data_hash(one.copy())
    assert data_hash(one) != data_hash(one.iloc[::-1])
    assert data_hash(one) != data_hash(one.assign(body=["a", "c"]))
    assert data_hash(one) != data_hash(one.assign(tags=[["x"], ["z"]]))
    assert data_hash(LOGS.empty()) != data_hash(LOGS.build({"time": [None]}))


def test_every_nan_and_every_zero_is_the_same(frame):
    stale, negative = frame.copy(), frame.copy()
    stale.iloc[1, 1] = STALE_NAN
    assert data_hash(stale) == data_hash(frame)
    frame.iloc[0, 0], negative.iloc[0, 0] = 0.0, -0.0
    assert data_hash(negative) == data_hash(frame)


def test_hashing_changes_nothing(frame):
    frame.iloc[0, 0] = -0.0
    data_hash(frame)
    assert np.signbit(frame.iloc[0, 0])


def test_unit_of_the_times_does_not_count(frame):
    coarse = frame.set_axis(frame.index.as_unit("s"), axis=0)
    assert data_hash(coarse) == data_hash(frame)
