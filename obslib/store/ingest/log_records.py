"""What the text log formats share: records, their continuation lines, severities and moments."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core import layout
from obslib.store.ingest.lines import Lines
from obslib.store.ingest.moments import lack_zone
from obslib.store.ingest.nested import one_array
from obslib.store.ingest.report import IngestReport

CONTINUATION = r"^(?:[ \t]+\S|Caused by: |Traceback \(most recent call last\)|\.\.\. \d+ more)"
"""Lines that no format starts a record with, but stack traces have."""

SEVERITY_NUMBERS: Mapping[str, int] = {
    "trace": 1,
    "finest": 1,
    "verbose": 1,
    "silly": 1,
    "debug": 5,
    "fine": 5,
    "info": 9,
    "information": 9,
    "informational": 9,
    "notice": 10,
    "success": 10,
    "warn": 13,
    "warning": 13,
    "error": 17,
    "err": 17,
    "severe": 17,
    "exception": 17,
    "critical": 21,
    "crit": 21,
    "dpanic": 21,
    "panic": 21,
    "alert": 22,
    "fatal": 21,
    "emergency": 24,
    "emerg": 24,
}
"""OpenTelemetry's severity number of the words that loggers use, lower case (logs data model, appendix B)."""

SYSLOG_SEVERITIES = (24, 22, 21, 17, 13, 10, 9, 5)
"""OpenTelemetry's severity number of syslog's 0 (emergency) to 7 (debug)."""
SYSLOG_NAMES = ("EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG")


def severity_numbers(words: pa.Array) -> pa.Array:
    """OpenTelemetry severity numbers of severity words, 0 where unknown."""
    encoded = pc.fill_null(words, "").dictionary_encode()
    numbers = [SEVERITY_NUMBERS.get(word.strip().lower(), 0) for word in encoded.dictionary.to_pylist()]
    return pa.array(numbers, pa.int32()).take(encoded.indices)


def attach_continuations(
    lines: Lines, is_record: npt.NDArray[np.bool_], report: IngestReport, reason: str
) -> tuple[npt.NDArray[np.int64], pa.Array | None]:
    """Give each record the continuation lines below it.

    Lines that are neither records, nor blank, nor continuations of one are skipped and counted with
    `reason`. Returns the records' rows, and for each the text to put after its body (null if none);
    None if no record has any.
    """
    rows = np.flatnonzero(is_record)
    others = np.flatnonzero(~is_record)
    if not len(others):
        return rows, None
    texts = lines.texts.take(pa.array(others))
    continues = pc.match_substring_regex(texts, CONTINUATION).to_numpy(zero_copy_only=False)
    owner = np.searchsorted(rows, others) - 1
    blank = pc.equal(pc.utf8_trim_whitespace(texts), "").to_numpy(zero_copy_only=False)
    attached = continues & (owner >= 0) & _unbroken(others, owner, rows, continues | blank)
    lost = others[~attached & ~blank]
    report.skip(reason, (int(row) + lines.first for row in lost), count=len(lost))
    if not attached.any():
        return rows, None
    counts = np.bincount(owner[attached], minlength=len(rows))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    tails = pc.binary_join(pa.ListArray.from_arrays(offsets, texts.filter(pa.array(attached))), "\n")
    return rows, pc.if_else(pa.array(counts > 0), tails, None)


def with_tails(bodies: pa.Array, tails: pa.Array | None) -> pa.Array:
    """Bodies with their continuation lines."""
    if tails is None:
        return bodies
    return pc.if_else(pc.is_valid(tails), pc.binary_join_element_wise(bodies, tails, "\n"), bodies)


def flag_lacking_zone(times: pa.Array, places: npt.NDArray[np.int64], report: IngestReport, unit: str) -> None:
    """Flag written times without a zone; `places` are the numbers of their lines or rows."""
    found = np.flatnonzero(lack_zone(times).to_numpy(zero_copy_only=False))
    report.flag("time without a zone, read as UTC", (int(places[row]) for row in found), unit=unit, count=len(found))


def log_table(columns: Mapping[str, pa.Array], service: str, report: IngestReport, lines: list[int]) -> pa.Table:
    """A LOGS table; records without a time are skipped and counted, the rest of the layout is filled in.

    `columns` may leave out `service_name`; where it is absent or `""`, `service` stands in. `lines`
    are the line numbers of the records.
    """
    rows = len(lines)
    named = columns.get("service_name", pa.repeat("", rows))
    filled = pc.if_else(pc.equal(pc.fill_null(named, ""), ""), service, named)
    table = layout.conform(pa.table({**columns, "service_name": filled}), layout.LOGS)
    timed = one_array(table["timestamp"]).is_valid()
    missing = np.flatnonzero(~timed.to_numpy(zero_copy_only=False))
    if not len(missing):
        return table
    report.skip("record without a time that can be read", (lines[row] for row in missing), count=len(missing))
    return table.filter(timed)


def _unbroken(
    others: npt.NDArray[np.int64],
    owner: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    fits: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Whether all lines between a line and its record fit too: garbage in between ends a stack trace."""
    misfits = np.concatenate([[0], np.cumsum(~fits)])
    first_below = np.searchsorted(others, np.where(owner >= 0, rows[np.maximum(owner, 0)], 0) if len(rows) else owner)
    return np.asarray(misfits[1:] - misfits[first_below] == 0)
