"""Log records of text formats: continuation lines, severities, records without a time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core import layout
from obslib.store.ingest import IngestReport
from obslib.store.ingest.lines import Lines
from obslib.store.ingest.log_records import (
    SEVERITY_NUMBERS,
    attach_continuations,
    log_table,
    severity_numbers,
    with_tails,
)


def attached(texts: list[str], first: int = 1) -> tuple[list[str], IngestReport]:
    """Bodies of the records (lines that start with `R`), with what was attached."""
    report = IngestReport()
    is_record = np.array([text.startswith("R") for text in texts], dtype=bool)
    rows, tails = attach_continuations(Lines(pa.array(texts, pa.string()), first), is_record, report, "lost")
    bodies = pa.array([texts[row] for row in rows], pa.string())
    return with_tails(bodies, tails).to_pylist(), report


def expected_bodies(texts: list[str]) -> tuple[list[str], list[int]]:
    """The same, one line after the other."""
    bodies: list[str] = []
    lost, unbroken = [], False
    for number, text in enumerate(texts, 1):
        if text.startswith("R"):
            bodies.append(text)
            unbroken = True
        elif text.startswith(" ") and text.strip() and unbroken:
            bodies[-1] += "\n" + text
        elif text.strip():
            lost.append(number)
            unbroken = False
    return bodies, lost


@given(st.lists(st.sampled_from(["R1", "R2", " at", "junk", "", "  "]), max_size=12))
def test_continuations_join_the_record_above_unless_garbage_is_between(texts: list[str]):
    bodies, report = attached(texts)
    expected, lost = expected_bodies(texts)
    assert bodies == expected
    assert report.skipped_total == len(lost)
    assert [one.where for one in report.examples] == [f"line {number}" for number in lost[:5]]


@pytest.mark.parametrize(
    "line", ["\tat x.y(Z.java:1)", "Caused by: z", "Traceback (most recent call last):", '  File "a.py"', "... 12 more"]
)
def test_lines_of_stack_traces_are_continuations(line: str):
    assert attached(["R", line])[0] == [f"R\n{line}"]


def test_line_numbers_count_from_the_first_of_the_chunk():
    _, report = attached(["R", "junk"], first=100)
    assert report.examples[0].where == "line 101"


def test_severity_words_in_any_case_have_their_number():
    words = ["ERROR", "warn", " Info ", "nonsense", "", None, "dPanic"]
    assert severity_numbers(pa.array(words, pa.string())).to_pylist() == [17, 13, 9, 0, 0, 0, 21]
    assert all(1 <= number <= 24 for number in SEVERITY_NUMBERS.values())


def test_records_without_a_time_are_left_out_with_their_line():
    report = IngestReport()
    columns = {
        "timestamp": pa.array([1, None, 3], layout.LOGS.field("timestamp").type),
        "service_name": pa.array(["own", "", ""]),
        "body": pa.array(["a", "b", "c"]),
    }
    table = log_table(columns, "given", report, [7, 8, 9])
    assert table.schema == layout.LOGS
    assert table["body"].to_pylist() == ["a", "c"]
    assert table["service_name"].to_pylist() == ["own", "given"]
    assert table["log_attributes"].to_pylist() == ["{}", "{}"]
    assert report.skipped == {"record without a time that can be read": 1}
    assert report.examples[0].where == "line 8"
