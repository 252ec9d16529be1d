"""SQL on the store: views, bound parameters, read-only, errors that point."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from obslib.core.errors import QueryError
from obslib.core.layout import Batch
from obslib.store.store import Store

from .conftest import MIDNIGHT, counters, log_batch, span_batch

VIEWS = ("metrics", "series", "samples", "logs", "spans", "events", "exemplars")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_its_columns_before_anything_is_stored(store: Store, view: str):
    empty = store.sql(f"select * from {view}")
    store.append(counters(1, 1))
    store.append(log_batch(1))
    store.append(span_batch(1))
    assert list(store.sql(f"select * from {view}").columns) == list(empty.columns)
    assert empty.empty


def test_empty_and_filled_views_have_equal_types(store: Store):
    before = {view: store.arrow(f"select * from {view}").schema for view in VIEWS}
    store.append(counters(1, 1))
    store.append(log_batch(1))
    store.append(span_batch(1))
    assert {view: store.arrow(f"select * from {view}").schema for view in VIEWS} == before


def test_metrics_join_labels_and_samples(store: Store):
    store.append(counters(2, 3))
    answer = store.sql(
        "select service_name, labels['instance'] as i, max(value) as v from metrics group by all order by 1"
    )
    assert answer.to_dict("list") == {"service_name": ["s0", "s1"], "i": ["i0", "i1"], "v": [2.0, 4.0]}


def test_times_come_back_in_utc(store: Store):
    store.append(log_batch(1))
    answer = store.sql("select timestamp from logs")["timestamp"]
    assert answer[0] == pd.Timestamp(MIDNIGHT, unit="ms", tz="UTC")
    assert str(answer.dt.tz) == "UTC"


HOSTILE = [
    "'",
    "''",
    "'; drop table logs; --",
    '"',
    "\\",
    "$1",
    "?",
    "{}",
    "%",
    "\n",
    "ünïcödé",
    "\x00" * 0 + "x' or '1'='1",
]


@pytest.mark.parametrize("value", HOSTILE)
def test_parameters_are_bound_and_never_pasted(store: Store, value: str):
    store.append(log_batch(2))
    assert store.sql("select ? as echo", [value])["echo"][0] == value
    assert store.sql("select count(*) as n from logs where body = $body", {"body": value})["n"][0] == 0


def test_timestamps_bind_as_times(store: Store):
    store.append(log_batch(10))
    since = pd.Timestamp(MIDNIGHT, unit="ms", tz="UTC") + pd.Timedelta("5s")
    assert store.sql("select count(*) as n from logs where timestamp >= ?", [since])["n"][0] == 5


@pytest.mark.parametrize(
    "text",
    [
        "create table t (a int)",
        "insert into logs values (1)",
        "copy (select 1) to 'x.csv'",
        "explain analyze copy (select 1) to 'x.csv'",
        "EXPLAIN /* analyze */ ANALYZE select 1",
        "attach 'x.db'",
        "install httpfs",
        "set threads = 1",
        "select 1; select 2",
        "",
    ],
)
def test_anything_but_one_reading_statement_is_refused(store: Store, text: str, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(QueryError):
        store.sql(text)
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize(
    "text", ["explain select 1", "describe logs", "summarize logs", "with a as (select 1 as x) select * from a"]
)
def test_questions_about_the_data_are_allowed(store: Store, text: str):
    assert len(store.sql(text)) >= 1


@pytest.mark.parametrize(
    "text", ["select * from '/etc/passwd'", "select * from read_csv('/etc/hostname')", "select * from glob('/*')"]
)
def test_no_file_outside_the_store_can_be_read(store: Store, text: str):
    with pytest.raises(QueryError):
        store.sql(text)


def test_an_unknown_column_is_pointed_at_and_the_views_are_named(store: Store):
    with pytest.raises(QueryError) as caught:
        store.sql("select body, nope\nfrom logs")
    assert "nope" in str(caught.value)
    assert "DESCRIBE logs" in caught.value.fix
    assert caught.value.query == "select body, nope\nfrom logs"


def test_a_syntax_error_has_a_caret_under_its_place(store: Store):
    with pytest.raises(QueryError) as caught:
        store.sql("select count(*)\nfrom logs wher body = 'x'")
    lines = str(caught.value).splitlines()
    caret = next(n for n, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith(("body", "wher", "="))


def test_a_missing_parameter_says_how_to_give_one(store: Store):
    with pytest.raises(QueryError, match="one value per"):
        store.sql("select ? + ?", [1])


def test_moments_bind_with_all_their_nanoseconds(store: Store):
    moment = pd.Timestamp("2026-09-22T00:00:00.123456789Z")
    stamp = pa.array([moment.value]).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC"))
    store.append(Batch(logs=pa.table({"timestamp": stamp, "body": ["x"]})))
    found = store.sql("select timestamp from logs where timestamp = $at", {"at": moment})["timestamp"]
    assert found.tolist() == [moment]
    assert store.sql("select epoch_ns(?) as n", [moment.to_datetime64()])["n"][0] == moment.value


def test_labels_come_back_as_a_dict(store: Store):
    store.append(counters(1, 1))
    assert store.sql("select labels from metrics")["labels"][0] == {"instance": "i0", "service": "s0"}


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("select * from lgs", 'Did you mean "logs"'),
        ("select bdy from logs", 'Candidate bindings: "body"'),
        ("select * from read_csv('/etc/hostname')", "only the store's own views"),
    ],
)
def test_an_error_offers_what_was_probably_meant(store: Store, text: str, advice: str):
    with pytest.raises(QueryError) as caught:
        store.sql(text)
    assert advice in caught.value.fix


def test_an_unknown_name_has_its_caret(store: Store):
    with pytest.raises(QueryError) as caught:
        store.sql("select body,\n  nope from logs")
    assert str(caught.value).splitlines()[-3:-1][-1].index("^") > 0
    assert caught.value.position == 15
