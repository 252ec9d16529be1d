"""Appending, reading, merging and forgetting, in one process."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import InputError, StoreError
from obslib.core.layout import LABELS, Batch, MetricBatch
from obslib.core.series import STALE_NAN, Matcher, is_stale
from obslib.store import compaction
from obslib.store.manifest import parse_retention
from obslib.store.store import Store

from .conftest import MIDNIGHT, counters, log_batch, series_table, span_batch

DAY_MS = 86_400_000
EVERYTHING = [Matcher("__name__", "=~", ".*")]


def held(store: Store) -> dict[str, int]:
    return {one.signal: one.rows for one in store.info()}


def test_what_is_appended_is_read_back_by_series_and_time(store: Store):
    store.append(counters(3, 5))
    block = store.read_series([Matcher("service", "=", "s2")], MIDNIGHT, MIDNIGHT + DAY_MS)
    assert block.labels == [{"__name__": "requests_total", "service": "s2", "instance": "i2"}]
    assert block.times.tolist() == [MIDNIGHT + n * 60_000 for n in range(5)]
    assert block.values.tolist() == [0.0, 3.0, 6.0, 9.0, 12.0]


def test_both_bounds_of_a_read_are_inclusive(store: Store):
    store.append(counters(1, 5))
    block = store.read_series(EVERYTHING, MIDNIGHT + 60_000, MIDNIGHT + 180_000)
    assert block.times.tolist() == [MIDNIGHT + 60_000, MIDNIGHT + 120_000, MIDNIGHT + 180_000]


def test_series_in_pieces_are_the_same_series(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.append(counters(7, 5))
    store.append(counters(7, 5, start=MIDNIGHT + DAY_MS))
    whole = store.read_series(EVERYTHING, MIDNIGHT, MIDNIGHT + 2 * DAY_MS)
    monkeypatch.setattr("obslib.store.store.PIECE", 20)
    pieces = list(store.read_series_blocks(EVERYTHING, MIDNIGHT, MIDNIGHT + 2 * DAY_MS))
    assert len(pieces) == 4
    assert [one for piece in pieces for one in piece.labels] == list(whole.labels)
    assert np.concatenate([piece.values for piece in pieces]).tolist() == whole.values.tolist()
    nothing = list(store.read_series_blocks([Matcher("service", "=", "none")], MIDNIGHT, MIDNIGHT + DAY_MS))
    assert [len(piece.labels) for piece in nothing] == [0]


def test_series_without_samples_in_the_window_have_an_empty_slice(store: Store):
    store.append(counters(2, 1))
    block = store.read_series(EVERYTHING, MIDNIGHT + 1, MIDNIGHT + DAY_MS)
    assert block.offsets.tolist() == [0, 0, 0]
    assert store.live_series(EVERYTHING, MIDNIGHT + 1, MIDNIGHT + DAY_MS) == []


def test_a_batch_over_midnight_is_split_by_day_and_read_as_one(store: Store):
    store.append(counters(2, 4, start=MIDNIGHT - 120_000))
    days = {file.day for file in store._current().of("metrics")}
    assert days == {"2026-09-21", "2026-09-22"}
    block = store.read_series([Matcher("service", "=", "s1")], MIDNIGHT - DAY_MS, MIDNIGHT + DAY_MS)
    assert block.values.tolist() == [0.0, 2.0, 4.0, 6.0]


def test_stale_markers_and_infinities_survive(store: Store):
    values = np.array([1.0, STALE_NAN, np.nan, np.inf, -np.inf])
    batch = MetricBatch(series_table([{}]), np.zeros(5, np.int32), MIDNIGHT + np.arange(5), values)
    store.append(Batch(metrics=batch))
    store.compact()
    block = store.read_series(EVERYTHING, MIDNIGHT, MIDNIGHT + 10)
    assert is_stale(block.values).tolist() == [False, True, False, False, False]
    assert np.isnan(block.values[2])
    assert block.values[3:].tolist() == [np.inf, -np.inf]


def test_the_same_labels_in_any_order_and_with_empty_ones_are_one_series(store: Store):
    for labels in ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")], [("a", "1"), ("c", ""), ("b", "2")]):
        series = series_table([{}]).set_column(4, "labels", pa.array([labels], LABELS))
        now = MIDNIGHT + held(store)["metrics"]
        store.append(Batch(metrics=MetricBatch(series, np.zeros(1, np.int32), np.array([now]), np.ones(1))))
    assert store.find_series(EVERYTHING) == [{"__name__": "requests_total", "a": "1", "b": "2"}]
    assert held(store)["series"] == 1


def test_of_two_samples_for_one_moment_the_later_append_wins_before_and_after_compaction(store: Store):
    store.append(counters(1, 3))
    store.append(counters(1, 3, value=100.0))
    for _ in range(2):
        block = store.read_series(EVERYTHING, MIDNIGHT, MIDNIGHT + DAY_MS)
        assert block.values.tolist() == [100.0, 101.0, 102.0]
        store.compact()
    assert held(store)["metrics"] == 3


def test_a_merge_of_older_files_does_not_outdo_a_newer_sample(store: Store):
    for n in range(compaction.FAN_IN - 1):
        store.append(counters(1, 1, value=float(n)))
    store.append(counters(1, 2, value=500.0))  # merges all sixteen
    store.append(counters(1, 1, value=900.0))
    for _ in range(2):
        block = store.read_series(EVERYTHING, MIDNIGHT, MIDNIGHT + DAY_MS)
        assert block.values.tolist() == [900.0, 501.0]
        store.compact()


@pytest.mark.parametrize(
    ("matcher", "services"),
    [
        (Matcher("service", "=", "s1"), {"s1"}),
        (Matcher("service", "!=", "s1"), {"s0", "s2"}),
        (Matcher("service", "=~", "s[01]"), {"s0", "s1"}),
        (Matcher("service", "=~", "s"), set()),
        (Matcher("service", "!~", "s[01]"), {"s2"}),
        (Matcher("nowhere", "=", ""), {"s0", "s1", "s2"}),
        (Matcher("nowhere", "!=", ""), set()),
    ],
)
def test_matchers_follow_prometheus(store: Store, matcher: Matcher, services: set[str]):
    store.append(counters(3, 1))
    assert {one["service"] for one in store.find_series([matcher])} == services


def test_all_signals_of_a_batch_are_committed_together(store: Store):
    store.append(Batch(metrics=counters(1, 2).metrics, logs=log_batch(3).logs, spans=span_batch(2).spans))
    assert store._current().version == 2
    assert {k: v for k, v in held(store).items() if v} == {"metrics": 2, "logs": 3, "spans": 8, "series": 1}


def test_compaction_changes_no_answer_and_leaves_one_file_a_day(store: Store):
    for n in range(5):
        store.append(
            Batch(metrics=counters(4, 3, start=MIDNIGHT + n * 600_000).metrics, logs=log_batch(7, body=f"b{n}").logs)
        )
    question = "select service_name, count(*), sum(value) from metrics group by all order by all"
    before, lines = store.sql(question), sorted(store.sql("select body from logs")["body"])
    store.compact()
    pd.testing.assert_frame_equal(store.sql(question), before)
    assert sorted(store.sql("select body from logs")["body"]) == lines
    assert {one.signal: one.files for one in store.info() if one.rows} == {"metrics": 1, "logs": 1, "series": 1}


def test_no_series_is_listed_twice_after_their_files_were_merged(store: Store):
    for n in range(compaction.FAN_IN + 1):
        store.append(counters(n + 1, 1, start=MIDNIGHT + n * 60_000))
    other = Store.open(store.folder)
    store.compact()
    for one in (store, other):
        assert len(one.find_series(EVERYTHING)) == compaction.FAN_IN + 1
        assert len(one.read_series(EVERYTHING, MIDNIGHT, MIDNIGHT + DAY_MS).labels) == compaction.FAN_IN + 1


def test_many_small_appends_stay_few_files(store: Store):
    for n in range(70):
        store.append(counters(2, 1, start=MIDNIGHT + n * 5_000))
    files = next(one.files for one in store.info() if one.signal == "metrics")
    assert files < 2 * compaction.FAN_IN
    assert held(store)["metrics"] == 140


def test_replaced_files_stay_for_readers_until_their_grace_has_passed(store: Store, monkeypatch: pytest.MonkeyPatch):
    for n in range(3):
        store.append(log_batch(2, body=f"b{n}"))
    old = [store.folder / file.path for file in store._current().of("logs")]
    store.compact()
    assert all(path.exists() for path in old)
    monkeypatch.setattr(compaction, "GRACE_SECONDS", 0.0)
    store.append(log_batch(1))
    assert not any(path.exists() for path in old)
    assert held(store)["logs"] == 7


def test_leftovers_of_a_crash_are_swept_by_compaction(store: Store):
    store.append(log_batch(2))
    leftover = store.folder / "logs" / "day=2026-09-22" / "deadbeef.tmp"
    leftover.write_bytes(b"half a file")
    store.compact()
    assert not leftover.exists()
    assert held(store)["logs"] == 2


def test_retention_deletes_whole_days_and_is_remembered(store: Store):
    for day in range(5):
        store.append(log_batch(2, start=MIDNIGHT + day * DAY_MS))
    now = pd.Timestamp(MIDNIGHT + 5 * DAY_MS, unit="ms", tz="UTC")
    assert store.retain("logs 2d, metrics 90d", now=now) == {"logs": 6, "metrics": 0}
    assert held(store)["logs"] == 4
    assert store.retain(now=now + pd.Timedelta(days=1)) == {"logs": 2, "metrics": 0}


def test_remembered_retention_is_applied_by_the_next_append(store: Store):
    store.set_property("now", pd.Timestamp(MIDNIGHT + 5 * DAY_MS, unit="ms", tz="UTC").isoformat())
    for day in range(4):
        store.append(log_batch(2, start=MIDNIGHT + day * DAY_MS))
    store.remember_retention("logs 3d")
    assert held(store)["logs"] == 8
    store.append(log_batch(2, start=MIDNIGHT + 4 * DAY_MS))
    assert held(store)["logs"] == 6


@pytest.mark.parametrize("rule", ["logs", "logs 5", "logs 0d", "logs fived", "dogs 5d", "logs -5d"])
def test_a_retention_rule_that_cannot_be_read_is_refused(rule: str):
    with pytest.raises(InputError, match="retention rule"):
        parse_retention(rule)


def test_a_second_store_object_sees_what_the_first_appends(store: Store):
    other = Store.open(store.folder)
    store.append(counters(2, 2))
    assert held(other)["metrics"] == 4
    other.append(counters(3, 1, start=MIDNIGHT + DAY_MS))
    assert len(store.find_series(EVERYTHING)) == 3
    assert len(store.sql("select * from series")) == 3


def test_threads_append_and_read_at_once_without_loss(store: Store):
    def append(worker: int) -> None:
        for n in range(5):
            store.append(log_batch(3, body=f"w{worker} n{n}"))
            store.sql("select count(*) from logs")

    workers = [threading.Thread(target=append, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert store.sql("select count(*) as n, count(distinct body) as d from logs").iloc[0].tolist() == [60, 60]


def test_origins_and_properties_are_remembered(store: Store):
    store.append(log_batch(1), origin="blake2b:abc")
    store.set_property("now", "2026-11-02T12:00:00Z")
    again = Store.open(store.folder)
    assert again.has_origin("blake2b:abc")
    assert not again.has_origin("blake2b:def")
    assert again.property("now") == "2026-11-02T12:00:00Z"
    assert again.property("unknown") == ""


def test_an_empty_batch_is_no_error(store: Store):
    store.append(Batch())
    assert sum(held(store).values()) == 0


def test_opening_what_is_no_store_says_so(tmp_path: Path):
    with pytest.raises(StoreError, match="not an obslib store"):
        Store.open(tmp_path)


def test_a_damaged_manifest_is_named(store: Store):
    (store.folder / "manifest.json").write_text('{"format": 1, "files": [')
    with pytest.raises(StoreError, match="damaged"):
        Store.open(store.folder)


def test_a_lost_file_is_named(store: Store):
    store.append(counters(1, 1))
    next(store.folder.glob("series/*.parquet")).unlink()
    with pytest.raises(StoreError, match=r"series/.*\.parquet cannot be read"):
        Store.open(store.folder)


def test_a_store_of_a_newer_obslib_is_refused(store: Store):
    (store.folder / "manifest.json").write_text('{"format": 99}')
    with pytest.raises(StoreError, match="newer obslib"):
        Store.open(store.folder)


samples = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-5, 5), st.floats(allow_nan=False)), min_size=1, max_size=40
)


@settings(max_examples=25, deadline=None)
@given(batches=st.lists(samples, min_size=1, max_size=4), compact=st.booleans())
def test_any_appends_read_back_as_a_dictionary_would(tmp_path_factory, batches, compact):
    store = Store.create(tmp_path_factory.mktemp("store"))
    expected: dict[tuple[str, int], float] = {}
    series = series_table([{"service": f"s{n}"} for n in range(4)])
    for batch in batches:
        codes, offsets, values = (np.array(column) for column in zip(*batch, strict=True))
        times = MIDNIGHT + offsets.astype(np.int64) * 1_000
        store.append(Batch(metrics=MetricBatch(series, codes.astype(np.int32), times, values.astype(float))))
        expected |= {(f"s{c}", int(t)): v for c, t, v in zip(codes, times, values, strict=True)}
    if compact:
        store.compact()
    block = store.read_series(EVERYTHING, MIDNIGHT - DAY_MS, MIDNIGHT + DAY_MS)
    read = {
        (labels["service"], int(block.times[n])): block.values[n]
        for k, labels in enumerate(block.labels)
        for n in range(block.offsets[k], block.offsets[k + 1])
    }
    assert read == expected
