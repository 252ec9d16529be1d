"""JSON lines: the layouts of common loggers, odd fields, broken lines."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core import layout
from obslib.core.errors import InputError
from obslib.store.ingest import json_paths, lines
from obslib.store.ingest.json_paths import flatten

from .support import NOON, TRACE_ID, log_rows, read

TIME = "2026-11-01T12:00:00Z"
NAMES = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=6)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | st.text(alphabet=st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, min_size=1, max_size=2),
    max_leaves=5,
)


def rows_of(tmp_path: Path, *objects: object, **options: object) -> list[dict[str, object]]:
    batches, report = read(tmp_path / "app.log", "".join(json.dumps(one) + "\n" for one in objects), **options)
    assert report.format == "json-lines"
    assert report.skipped_total == 0
    return log_rows(batches)


def test_times_without_a_zone_are_read_as_utc_and_flagged(tmp_path: Path):
    times = [TIME, "2026-11-01 12:00:00", 1_793_534_400]
    content = "noise\n" + "".join(json.dumps({"time": time, "msg": "x"}) + "\n" for time in times)
    batches, report = read(tmp_path / "app.log", content)
    assert {row["timestamp"].value for row in log_rows(batches)} == {NOON}
    assert report.flagged == {"time without a zone, read as UTC": 1}
    assert report.flagged_examples[0].where == "line 3"


LAYOUTS = {
    "ecs": (
        {
            "@timestamp": "2026-11-01T12:00:00.000Z",
            "log.level": "error",
            "message": "boom",
            "service": {"name": "checkout"},
            "trace": {"id": TRACE_ID.hex()},
            "ecs": {"version": "8.0"},
        },
        ("checkout", 17, "ERROR", TRACE_ID.hex(), {"ecs.version": "8.0"}),
    ),
    "opentelemetry": (
        {
            "Timestamp": str(NOON),
            "SeverityText": "WARN",
            "SeverityNumber": 14,
            "Body": "boom",
            "TraceId": TRACE_ID.hex().upper(),
            "Resource": {"service.name": "checkout"},
            "Attributes": {"http.route": "/a"},
        },
        ("checkout", 14, "WARN", TRACE_ID.hex(), {"Attributes.http.route": "/a"}),
    ),
    "opentelemetry-python-console": (
        {
            "body": "boom",
            "severity_number": 17,
            "severity_text": "ERROR",
            "timestamp": "2026-11-01T12:00:00.000000Z",
            "resource": {"attributes": {"service.name": "checkout"}},
        },
        ("checkout", 17, "ERROR", "", {}),
    ),
    "pino": (
        {"level": 50, "time": NOON // 10**6, "pid": 7, "hostname": "h", "msg": "boom"},
        ("", 17, "ERROR", "", {"pid": 7, "hostname": "h"}),
    ),
    "bunyan": (
        {"name": "app", "hostname": "h", "pid": 1, "level": 30, "msg": "boom", "time": TIME, "v": 0},
        ("", 9, "INFO", "", {"name": "app", "hostname": "h", "pid": 1, "v": 0}),
    ),
    "zap": (
        {"level": "dpanic", "ts": NOON / 10**9, "caller": "main.go:7", "msg": "boom"},
        ("", 21, "DPANIC", "", {"caller": "main.go:7"}),
    ),
    "structlog": (
        {"event": "boom", "level": "warning", "timestamp": TIME, "user": {"id": 3}},
        ("", 13, "WARNING", "", {"user.id": 3}),
    ),
    "docker": ({"log": "boom\n", "stream": "stderr", "time": TIME}, ("", 0, "", "", {"stream": "stderr"})),
    "logstash": (
        {"@timestamp": TIME, "@version": "1", "message": "boom", "level": "FATAL", "level_value": 50000},
        ("", 21, "FATAL", "", {"@version": "1", "level_value": 50000}),
    ),
    "slog": ({"time": TIME, "level": "DEBUG", "msg": "boom", "n": 1.5}, ("", 5, "DEBUG", "", {"n": 1.5})),
    "python-json-logger": (
        {"asctime": "2026-11-01 12:00:00,000", "levelname": "CRITICAL", "message": "boom"},
        ("", 21, "CRITICAL", "", {}),
    ),
}


@pytest.mark.parametrize("layout_name", LAYOUTS)
def test_layouts_of_common_loggers(tmp_path: Path, layout_name: str):
    written, (service, number, text, trace, rest) = LAYOUTS[layout_name]
    (row,) = rows_of(tmp_path, written)
    assert row["timestamp"].value == NOON
    assert row["body"] == "boom"
    assert (row["service_name"], row["severity_number"], row["severity_text"]) == (service, number, text)
    assert row["trace_id"] == trace
    assert row["log_attributes"] == rest


def test_layouts_may_be_mixed_in_one_file(tmp_path: Path):
    rows = rows_of(tmp_path, *(written for written, _ in LAYOUTS.values()))
    assert [row["body"] for row in rows] == ["boom"] * len(LAYOUTS)
    assert [row["severity_number"] for row in rows] == [expected[1] for _, expected in LAYOUTS.values()]


def test_rows_follow_the_layout(tmp_path: Path):
    batches, _ = read(tmp_path / "app.log", f'{{"time":"{TIME}","msg":"x"}}\n')
    assert batches[0].logs.schema == layout.LOGS


def test_a_field_that_both_could_be_is_taken_by_preference_and_the_other_kept(tmp_path: Path):
    (row,) = rows_of(tmp_path, {"@timestamp": TIME, "time": "other", "message": "a", "msg": "b"})
    assert row["body"] == "a"
    assert row["log_attributes"] == {"time": "other", "msg": "b"}


def test_objects_under_a_known_name_stay_attributes(tmp_path: Path):
    first, second = rows_of(
        tmp_path, {"time": TIME, "message": "x", "event": {"kind": "y"}}, {"time": TIME, "msg": ["a", 1]}
    )
    assert first["log_attributes"] == {"event.kind": "y"}
    assert (second["body"], second["log_attributes"]) == ("", {"msg": ["a", 1]})


def test_a_status_code_is_no_severity(tmp_path: Path):
    (row,) = rows_of(tmp_path, {"time": TIME, "msg": "x", "status": 500})
    assert (row["severity_number"], row["log_attributes"]) == (0, {"status": 500})


def test_services_that_name_themselves_keep_their_name(tmp_path: Path):
    rows = rows_of(tmp_path, {"time": TIME, "service": "own"}, {"time": TIME}, service="given")
    assert [row["service_name"] for row in rows] == ["own", "given"]


def test_ids_in_other_forms_are_kept_or_brought_to_hex(tmp_path: Path):
    uuid = "4BF92F35-77B3-4DA6-A3CE-929D0E0E4736"
    rows = rows_of(tmp_path, {"time": TIME, "trace_id": uuid}, {"time": TIME, "trace_id": "1234567890"})
    assert [row["trace_id"] for row in rows] == [TRACE_ID.hex(), "1234567890"]


def test_broken_lines_and_records_without_a_time_are_counted(tmp_path: Path):
    content = f'{{"time":"{TIME}","msg":"a"}}\nplain text\n[1]\n"text"\n{{"msg":"b"}}\n{{"time":"{TIME}",\n\n'
    batches, report = read(tmp_path / "app.log", content, format="json-lines")
    assert [row["body"] for row in log_rows(batches)] == ["a"]
    assert report.skipped == {"not a JSON object": 4, "record without a time that can be read": 1}
    places = {one.reason: one.where for one in reversed(report.examples)}
    assert places == {"not a JSON object": "line 2", "record without a time that can be read": "line 5"}


def test_a_stack_trace_that_went_around_the_logger_joins_the_record_above(tmp_path: Path):
    content = f'{{"time":"{TIME}","msg":"boom"}}\n    at one\n    at two\n{{"time":"{TIME}","msg":"next"}}\n'
    batches, report = read(tmp_path / "app.log", content)
    assert [row["body"] for row in log_rows(batches)] == ["boom\n    at one\n    at two", "next"]
    assert report.skipped_total == 0


def test_windows_line_ends_and_odd_keys(tmp_path: Path):
    written = {"time": TIME, "a/b": 1, "c~d": 2, 'e"f': 3, "g.h": 4, "": 5, "i'j": {"k l": 6}, "null": None}
    batches, _ = read(tmp_path / "app.log", json.dumps(written) + "\r\n")
    expected = {"a/b": 1, "c~d": 2, 'e"f': 3, "g.h": 4, "": 5, "i'j.k l": 6}
    assert log_rows(batches)[0]["log_attributes"] == expected


def test_keys_that_differ_only_in_case_are_two_fields(tmp_path: Path):
    (row,) = rows_of(tmp_path, {"time": TIME, "User": 1, "user": 2})
    assert row["log_attributes"] == {"User": 1, "user": 2}


def test_a_file_without_any_record_is_an_error_that_says_where_it_failed(tmp_path: Path):
    with pytest.raises(InputError, match=r"app\.log, line 1: record without a time"):
        read(tmp_path / "app.log", '{"msg": "x"}\n')


def test_batches_are_of_bounded_size_and_line_numbers_go_on(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 500)
    content = "".join(f'{{"time":"{TIME}","msg":"{n}"}}\n' if n != 77 else "broken\n" for n in range(100))
    batches, report = read(tmp_path / "app.log", content)
    assert len(batches) > 5
    assert [row["body"] for row in log_rows(batches)] == [str(n) for n in range(100) if n != 77]
    assert report.examples[0].where == "line 78"


def leaves(value: object, name: str = "") -> dict[str, object]:
    """Objects flattened with dots; nulls left out."""
    if isinstance(value, dict) and value:
        found: dict[str, object] = {}
        for key, inner in value.items():
            found |= leaves(inner, f"{name}.{key}" if name else key)
        return found
    return {} if value is None else {name: value}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(NAMES.filter(lambda name: "." not in name), VALUES, max_size=4), min_size=1, max_size=4)
)
def test_any_objects_are_flattened_without_loss(objects: list[dict[str, object]]):
    flat = flatten(pa.array([json.dumps(one) for one in objects], pa.string()))
    width = len(flat.fields)
    for place, one in enumerate(objects):
        texts = flat.values.slice(place * width, width).to_pylist()
        found: dict[str, object] = {}
        for field, text in zip(flat.fields, texts, strict=True):
            if text is not None:
                found |= leaves(json.loads(text), field.name)
        assert found == (leaves(one) if one else {})


def test_objects_with_ids_as_keys_stay_values_beyond_the_limit(monkeypatch):
    monkeypatch.setattr(json_paths, "MAX_PATHS", 10)
    one = {"user": {str(n): {"seen": True} for n in range(50)}, "n": 1}
    flat = flatten(pa.array([json.dumps(one)]))
    assert [field.name for field in flat.fields] == ["user", "n"]
    assert json.loads(flat.column(0)[0].as_py()) == one["user"]


def test_times_keep_their_nanoseconds(tmp_path: Path):
    (row,) = rows_of(tmp_path, {"time": "2026-11-01T12:00:00.123456789+01:00"})
    assert row["timestamp"] == pd.Timestamp("2026-11-01T11:00:00.123456789Z")
