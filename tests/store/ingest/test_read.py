"""`read_file`: detection, reports, errors that say where, and memory that stays bounded."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.store.ingest import FORMATS, IngestReport, lines, read_file

from .support import log_rows, read, samples, values


def test_every_format_has_a_reader():
    assert set(FORMATS) == {"otlp-protobuf", "otlp-json", "openmetrics", "json-lines", "access-log", "syslog", "csv"}


def test_an_unknown_format_is_an_error_with_the_nearest_name(tmp_path: Path):
    with pytest.raises(InputError, match="did you mean 'syslog'"):
        list(read_file(tmp_path / "x", format="sislog"))


def test_content_of_no_format_is_an_error_that_names_the_file_and_the_choices(tmp_path: Path):
    with pytest.raises(InputError, match=r"x\.bin, byte 0: the content is of no known format") as caught:
        read(tmp_path / "x.bin", bytes(range(256)))
    assert "access-log, csv, json-lines" in caught.value.fix


@pytest.mark.parametrize("size", [8, 20, 30, 60])
def test_a_small_gzip_file_that_was_cut_off_is_called_that(tmp_path: Path, size: int):
    whole = gzip.compress("".join(f"word{number * 7919 % 10_007} " for number in range(200)).encode())
    with pytest.raises(InputError, match=r"cannot be decompressed|damaged or cut off") as caught:
        read(tmp_path / "x.log.gz", whole[:size])
    assert "end-of-stream marker" in caught.value.problem
    assert "copied completely" in caught.value.fix


def test_an_empty_file_has_no_rows_and_says_so(tmp_path: Path):
    batches, report = read(tmp_path / "x.log", "")
    assert batches == []
    assert (report.format, report.notes) == ("empty", ["the file is empty"])


def test_a_missing_file_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read"):
        list(read_file(tmp_path / "nowhere"))


def test_a_directory_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        list(read_file(tmp_path))


def test_samples_without_a_time_get_the_file_s_and_the_report_says_so(tmp_path: Path):
    path = tmp_path / "node.prom"
    path.write_text("up 1\nload 2 1793534400000\n")
    moment = pd.Timestamp("2026-11-01T10:00:00Z")
    os.utime(path, ns=(moment.value, moment.value))
    report = IngestReport()
    found = samples(*read_file(path, report=report))
    assert found["up", ()] == [(moment.value // 10**6, 1.0)]
    assert report.notes == ["samples without a time: 1; they got the file's: 2026-11-01 10:00:00 UTC"]


def test_the_service_is_a_label_of_exposed_metrics(tmp_path: Path):
    batches, _ = read(tmp_path / "x.prom", 'up{a="b"} 1\n', service="node")
    assert values(*batches) == {'up{a="b",service="node"}': 1.0}


def test_scrapes_in_a_big_file_share_metadata_over_chunks(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 300)
    content = "# TYPE x counter\n" + "".join(f"x {n} {1793534400000 + n}\n" for n in range(60))
    batches, report = read(tmp_path / "x.prom", content)
    assert len(batches) > 3
    assert len(samples(*batches)["x", ()]) == 60
    assert {kind for batch in batches for kind in batch.metrics.series["metric_type"].to_pylist()} == {"counter"}
    assert report.rows == {"metrics": 60}


def test_a_report_is_filled_while_reading(tmp_path: Path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"time":"2026-11-01","msg":"a"}\nnoise\n')
    report = IngestReport()
    stream = read_file(path, report=report)
    assert report.rows.total() == 0
    list(stream)
    assert (report.origin, report.format, report.rows["logs"], report.skipped_total) == (str(path), "json-lines", 1, 1)


def test_a_file_of_which_nothing_can_be_read_is_an_error_with_the_first_reason(tmp_path: Path):
    with pytest.raises(InputError, match=r"x\.log, line 1: not a syslog line .*; nothing in the file could be read"):
        read(tmp_path / "x.log", "garbage\nmore\n", format="syslog")


def test_one_huge_line_is_one_record(tmp_path: Path):
    body = "x" * 20_000_000
    batches, _ = read(
        tmp_path / "x.jsonl", f'{{"time":"2026-11-01","msg":"{body}"}}\n{{"time":"2026-11-02","msg":"b"}}\n'
    )
    assert [len(row["body"]) for row in log_rows(batches)] == [20_000_000, 1]


def test_damage_in_the_middle_of_a_compressed_file_is_counted(tmp_path: Path):
    whole = "".join(f'{{"time":"2026-11-01","msg":"{n * 7919 % 100_003}"}}\n' for n in range(20_000)).encode()
    batches, report = read(tmp_path / "x.jsonl.gz", gzip.compress(whole)[:-5_000])
    assert 0 < len(log_rows(batches)) < 20_000
    assert any("damaged from here on" in reason for reason in report.skipped)


def outcome(path: Path, content: bytes | str, name: str) -> str:
    """The report of a file, or the error about it."""
    try:
        return read(path, content, format=name)[1].summary()
    except InputError as error:
        return str(error)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.binary(max_size=300), name=st.sampled_from(sorted(FORMATS)))
def test_no_content_breaks_any_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str):
    assert "x.dat" in outcome(tmp_path_factory.mktemp("garbage") / "x.dat", content, name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=st.text(alphabet='{}[]",:= \n\r\t<>#ab1.-\\', max_size=120), name=st.sampled_from(sorted(FORMATS)))
def test_no_text_breaks_any_reader(tmp_path_factory: pytest.TempPathFactory, text: str, name: str):
    assert "x.dat" in outcome(tmp_path_factory.mktemp("garbage") / "x.dat", text, name)
