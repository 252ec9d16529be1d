"""The report: exact counts, few examples, a readable summary."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from obslib.core.layout import LOGS, Batch, MetricBatch, conform
from obslib.store.ingest import IngestReport
from obslib.store.ingest.report import EXAMPLES_PER_REASON
from obslib.store.ingest.series_table import SeriesRow, series_table


def test_counts_are_exact_while_examples_are_few():
    report = IngestReport()
    for line in range(1, 101):
        report.skip("broken", [line])
    assert report.skipped == {"broken": 100}
    assert [one.where for one in report.examples] == ["line 1", "line 2", "line 3", "line 4", "line 5"]


def test_examples_are_kept_per_reason():
    report = IngestReport()
    report.skip("first", range(1, 50))
    report.skip("second", [7], unit="byte")
    assert sum(one.reason == "first" for one in report.examples) == EXAMPLES_PER_REASON
    assert [one.where for one in report.examples if one.reason == "second"] == ["byte 7"]
    assert report.skipped_total == 50


def test_places_beyond_the_examples_are_not_even_looked_at():
    report = IngestReport()
    looked_at = []
    report.skip("broken", (looked_at.append(line) or line for line in range(1_000)), count=1_000)
    assert report.skipped["broken"] == 1_000
    assert len(looked_at) == EXAMPLES_PER_REASON


def test_skipping_nothing_leaves_no_reason_behind():
    report = IngestReport()
    report.skip("broken", [])
    report.skip("broken", iter(()), count=0)
    assert dict(report.skipped) == {}
    assert report.summary().count("\n") == 0


def test_a_note_is_said_once():
    report = IngestReport()
    report.note("times are assumed")
    report.note("times are assumed")
    assert report.notes == ["times are assumed"]


def test_rows_are_counted_per_signal_and_the_batch_is_handed_on():
    report = IngestReport()
    logs = conform(pa.table({"body": ["a", "b"]}), LOGS)
    series = series_table([SeriesRow("up", {})])
    codes = np.zeros(3, dtype=np.int32)
    batch = Batch(metrics=MetricBatch(series, codes, np.arange(3), np.zeros(3)), logs=logs)
    assert report.count(batch) is batch
    report.count(Batch(logs=logs))
    assert report.rows == {"metrics": 3, "logs": 4}


def test_what_was_kept_with_a_doubt_is_counted_apart_from_what_was_skipped():
    report = IngestReport(origin="a.pb", format="otlp-protobuf")
    report.flag("span that ends before it starts", [2, 7], unit="span")
    report.flag("sample that was replaced", count=3)
    report.flag("nothing")
    assert report.skipped_total == 0
    assert report.summary().splitlines()[1:] == [
        "  flagged 3: sample that was replaced",
        "  flagged 2: span that ends before it starts (span 2, span 7)",
    ]


def test_one_row_is_not_called_rows():
    report = IngestReport(origin="x", format="otlp-json", rows=Counter(spans=1, logs=1, metrics=2))
    assert report.summary() == "x: otlp-json: 1 span, 1 log, 2 metrics"


def test_samples_that_replace_an_earlier_one_are_counted():
    report = IngestReport()
    series = series_table([SeriesRow("up", {}), SeriesRow("load", {})])
    codes, times = np.array([0, 1, 0, 0, 1], dtype=np.int32), np.array([5, 5, 6, 5, 7])
    report.count(Batch(metrics=MetricBatch(series, codes, times, np.zeros(5))))
    assert report.flagged == {"sample that replaces an earlier one of the same series and time": 1}


def test_the_summary_names_file_format_rows_notes_and_reasons():
    report = IngestReport(origin="app.log", format="syslog")
    report.rows["logs"] = 12_345
    report.note("clocks ran backwards")
    report.skip("not a syslog line", range(3, 13))
    assert report.summary().splitlines() == [
        "app.log: syslog: 12,345 logs",
        "  note: clocks ran backwards",
        "  skipped 10: not a syslog line (line 3, line 4, line 5, line 6, line 7, ...)",
    ]


def test_a_file_without_rows_says_so():
    assert IngestReport(origin="x").summary() == "x: unknown format: no rows"
