"""CSV: long, wide and labelled measurements, log records, delimiters, bad rows and cells."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.store.ingest import csv_files
from obslib.store.ingest.csv_files import sniff

from .support import NOON_MS, log_rows, read, samples

T0, T1 = "2026-11-01T12:00:00Z", "2026-11-01 12:01:00"
MINUTE = 60_000


def test_a_time_and_a_value_are_named_by_the_file(tmp_path: Path):
    batches, report = read(tmp_path / "ec2_cpu-load.csv", f"timestamp,value\n{T0},0.5\n{T1},1\n")
    assert report.format == "csv"
    assert samples(*batches) == {("ec2_cpu_load", ()): [(NOON_MS, 0.5), (NOON_MS + MINUTE, 1.0)]}


def test_long_form_has_a_metric_and_labels(tmp_path: Path):
    content = f"time,metric,value,pod name\n{T0},cpu.total,1,a\n{T0},cpu.total,2,b\n{T0},mem,3,\n"
    batches, _ = read(tmp_path / "x.csv", content)
    assert samples(*batches) == {
        ("cpu_total", (("pod_name", "a"),)): [(NOON_MS, 1.0)],
        ("cpu_total", (("pod_name", "b"),)): [(NOON_MS, 2.0)],
        ("mem", ()): [(NOON_MS, 3.0)],
    }


def test_wide_form_has_one_column_a_series(tmp_path: Path):
    content = f'Time,cpu usage,"http_requests_total{{code=""500""}}",9lives\n{T0},1,2,3\n'
    batches, _ = read(tmp_path / "x.csv", content)
    assert samples(*batches) == {
        ("cpu_usage", ()): [(NOON_MS, 1.0)],
        ("http_requests_total", (("code", "500"),)): [(NOON_MS, 2.0)],
        ("_9lives", ()): [(NOON_MS, 3.0)],
    }
    assert set(batches[0].metrics.series["metric_description"].to_pylist()) == {""}


def test_rows_that_replace_an_earlier_one_and_times_without_a_zone_are_counted(tmp_path: Path):
    _, report = read(tmp_path / "cpu.csv", f"time,value,host\n{T1},1,a\n{T1},2,a\n{T1},3,b\n{T0},4,a\n")
    assert report.flagged == {
        "sample that replaces an earlier one of the same series and time": 1,
        "time without a zone, read as UTC": 3,
    }
    assert [one.where for one in report.flagged_examples] == ["row 2", "row 3", "row 4"]


def test_columns_of_text_are_labels_of_the_columns_of_numbers(tmp_path: Path):
    batches, _ = read(tmp_path / "x.csv", f"ts;host;cpu;mem\n{T0};a;1;2\n{T0};b;3;\n")
    assert samples(*batches) == {
        ("cpu", (("host", "a"),)): [(NOON_MS, 1.0)],
        ("cpu", (("host", "b"),)): [(NOON_MS, 3.0)],
        ("mem", (("host", "a"),)): [(NOON_MS, 2.0)],
    }


def test_the_given_service_is_a_label_unless_the_file_has_one(tmp_path: Path):
    batches, _ = read(tmp_path / "x.csv", f"time,value\n{T0},1\n", service="cart")
    assert list(samples(*batches)) == [("x", (("service", "cart"),))]
    batches, _ = read(tmp_path / "y.csv", f"time,value,service\n{T0},1,own\n", service="cart")
    assert list(samples(*batches)) == [("y", (("service", "own"),))]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_out(tmp_path: Path, delimiter: str):
    rows = [["time", "a,b" if delimiter != "," else "a b", "c"], [T0, "1", "2"]]
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    batches, _ = read(tmp_path / "x.csv", out.getvalue())
    assert sorted(name for name, _ in samples(*batches)) == ["a_b", "c"]


def test_days_and_times_of_day_in_two_columns_are_put_together(tmp_path: Path):
    batches, _ = read(tmp_path / "x.csv", "Date,Time,Level,Content\n2026-11-01,12:00:00.5,WARN,hello\n")
    (row,) = log_rows(batches)
    assert row["timestamp"] == pd.Timestamp("2026-11-01T12:00:00.5Z")


def test_rows_with_a_message_are_log_records(tmp_path: Path):
    content = (
        f'timestamp,level,service,message,code,empty\n{T0},ERROR,cart,"two\nlines, ""quoted""",7,\n{T1},info,,ok,8,\n'
    )
    batches, report = read(tmp_path / "x.csv", content, service="web")
    first, second = log_rows(batches)
    assert report.rows == {"logs": 2}
    assert first["body"] == 'two\nlines, "quoted"'
    assert (first["service_name"], first["severity_number"], first["severity_text"]) == ("cart", 17, "ERROR")
    assert first["log_attributes"] == {"code": "7"}
    assert (second["service_name"], second["severity_number"]) == ("web", 9)


def test_a_log_file_of_times_and_messages_only(tmp_path: Path):
    batches, _ = read(tmp_path / "x.csv", f"time,msg\n{T0},hello\n")
    assert [(row["body"], row["log_attributes"]) for row in log_rows(batches)] == [("hello", {})]


def test_bad_rows_cells_and_times_are_counted_each(tmp_path: Path):
    content = f"time,a,b\n{T0},1,2\n{T0},x,3\n{T0},4\nnever,5,6\n{T1},,7\n"
    batches, report = read(tmp_path / "x.csv", content)
    assert samples(*batches) == {
        ("a", ()): [(NOON_MS, 1.0)],
        ("b", ()): [(NOON_MS, 2.0), (NOON_MS, 3.0), (NOON_MS + MINUTE, 7.0)],
    }
    assert report.skipped == {
        "row without exactly 3 cells": 1,
        "time that cannot be read": 1,
        "cell of 'a' that is no number": 1,
    }
    assert {one.where for one in report.examples} == {"row 3", "row 4", "row 5"}


def test_not_a_number_is_a_number_and_nothing_is_nothing(tmp_path: Path):
    batches, report = read(tmp_path / "x.csv", f"time,a\n{T0},NaN\n{T0},+Inf\n{T0}, 1e3 \n{T0},\n")
    assert len(samples(*batches)["a", ()]) == 3
    assert report.skipped_total == 0


@pytest.mark.parametrize(
    "content",
    ["a,b\n1,2\n", "time\n1\n", "just text\n", '"time\n'],
    ids=["no time", "one column", "text", "open quote"],
)
def test_a_file_without_a_header_that_says_what_it_is_is_an_error(tmp_path: Path, content: str):
    with pytest.raises(InputError, match=r"x\.csv, line 1: no header with a time column"):
        read(tmp_path / "x.csv", content, format="csv")


def test_a_header_alone_has_no_rows(tmp_path: Path):
    batches, report = read(tmp_path / "x.csv", "time,value\n")
    assert samples(*batches) == {}
    assert report.rows.total() == 0


def test_repeated_and_empty_column_names_are_told_apart(tmp_path: Path):
    batches, _ = read(tmp_path / "x.csv", f"time,a,a,\n{T0},1,2,3\n")
    assert sorted(name for name, _ in samples(*batches)) == ["a", "a_3", "column_4"]


def test_windows_line_ends_a_byte_order_mark_and_compression(tmp_path: Path):
    content = "\ufefftime,value\r\n" + f"{T0},1\r\n"
    batches, _ = read(tmp_path / "load.csv.gz", gzip.compress(content.encode()))
    assert samples(*batches) == {("load", ()): [(NOON_MS, 1.0)]}


def test_bytes_that_are_not_utf8_do_not_stop_the_file(tmp_path: Path):
    batches, report = read(tmp_path / "x.csv", b"time,msg\n" + T0.encode() + b",caf\xe9\n")
    assert [row["body"] for row in log_rows(batches)] == ["caf\ufffd"]
    assert any("not UTF-8" in note for note in report.notes)


def test_big_files_are_read_in_several_batches_with_running_row_numbers(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 400)
    rows = [f"{T0},{n if n != 90 else 'x'}" for n in range(100)]
    batches, report = read(tmp_path / "x.csv", "time,value\n" + "\n".join(rows) + "\n")
    assert len(batches) > 3
    assert len(samples(*batches)["x", ()]) == 99
    assert report.examples[0].where == "row 92"


def test_the_header_decides_the_delimiter():
    assert sniff(b"time;a;b\n1,5;2;3\n") == (";", ["time", "a", "b"])
    assert sniff(b'"a,b"\ttime\r\n') == ("\t", ["a,b", "time"])
    assert sniff(b"") is None


@settings(max_examples=40, deadline=None)
@given(
    table=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_values_and_labels_come_back(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[float, str]]):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", "value", "label"])
    writer.writerows([[1_793_534_400 + place, repr(value), label] for place, (value, label) in enumerate(table)])
    batches, _ = read(tmp_path_factory.mktemp("csv") / "x.csv", out.getvalue())
    found = {
        time: (value, dict(labels).get("label", ""))
        for (_, labels), points in samples(*batches).items()
        for time, value in points
    }
    assert found == {NOON_MS + 1_000 * place: row for place, row in enumerate(table)}


def test_a_row_beyond_the_block_size_ends_the_file_and_is_counted(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK_BYTES", 200)
    rows = [f"{T0},m{n}" for n in range(20)]
    batches, report = read(tmp_path / "x.csv", "\n".join(["time,msg", *rows, f"{T0}," + "x" * 1_000, f"{T1},lost", ""]))
    assert 0 < len(log_rows(batches)) <= 20
    assert report.skipped_total == 1
    assert "rest of the file" in next(iter(report.skipped))
