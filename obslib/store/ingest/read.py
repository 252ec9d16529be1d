"""`read_file`: any telemetry file, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from obslib.core.errors import InputError, nearest
from obslib.core.layout import Batch
from obslib.core.window import Moment, parse_time
from obslib.store.ingest.access_log import read_access_log
from obslib.store.ingest.csv_files import read_csv
from obslib.store.ingest.detect import detect
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_lines import read_json_lines
from obslib.store.ingest.lines import Stream
from obslib.store.ingest.openmetrics import ExpositionParser
from obslib.store.ingest.otlp_files import read_json, read_protobuf
from obslib.store.ingest.report import IngestReport
from obslib.store.ingest.syslog import read_syslog

Reader = Callable[[Stream, FileContext], Iterator[Batch]]


def read_file(
    path: Path | str,
    *,
    format: str | None = None,  # noqa: A002 - the field's own word
    service: str = "",
    now: Moment | None = None,
    report: IngestReport | None = None,
) -> Iterator[Batch]:
    """Read a telemetry file; memory stays bounded however large it is.

    Parameters
    ----------
    path
        The file; gzip and zstd are noticed and unpacked on the way.
    format
        One of `FORMATS`; found out from the content if not given.
    service
        The service of records and series that name none.
    now
        The latest moment that a syslog time without a year can mean; default: the file's
        modification time, so that reading it next year gives the same.
    report
        Filled with the format, rows per signal, and what was skipped where and why; complete when
        the iterator is exhausted.

    Yields
    ------
    Batch
        Rows in the store's layout. One bad line is skipped and counted.

    Raises
    ------
    InputError
        If the file cannot be read at all: names file, place, reason and what to do.
    """
    path = Path(path)
    report = report if report is not None else IngestReport()
    report.origin = report.origin or str(path)
    if format is not None and format not in FORMATS:
        raise InputError(f"there is no format {format!r}.", fix=nearest(format, FORMATS))
    stream = Stream(path, report)
    try:
        found = format or detect(stream.head, path)
        if found is None:
            raise _unknown_format(path, stream)
        report.format = found
        if found == "empty":
            report.note("the file is empty")
            return
        modified = pd.Timestamp(path.stat().st_mtime_ns, unit="ns", tz="UTC")
        context = FileContext(path, report, service, modified if now is None else parse_time(now), modified)
        for batch in FORMATS[found](stream, context):
            yield report.count(batch)
        _check_any_rows(context)
    finally:
        stream.close()


def _unknown_format(path: Path | str, stream: Stream) -> InputError:
    if stream.damage:
        return InputError(
            f"{path}: the compressed data is damaged or cut off after {len(stream.head):,} uncompressed bytes "
            f"({stream.damage}); what is left is of no known format.",
            fix="check that the file was copied completely.",
        )
    return InputError(
        f"{path}, byte 0: the content is of no known format.",
        fix=f"give the format: one of {', '.join(sorted(FORMATS))}.",
    )


def _check_any_rows(context: FileContext) -> None:
    report = context.report
    if report.rows.total() or not report.skipped_total:
        return
    first = report.examples[0]
    raise context.error(
        first.where,
        f"{first.reason}; nothing in the file could be read as {report.format}",
        f"check the file, or give its format: one of {', '.join(sorted(FORMATS))}.",
    )


def _read_exposition(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """OpenMetrics or Prometheus text, one scrape or many; samples without a time get the file's."""
    time_ms = int(context.modified.value // 10**6)
    labels = {"service": context.service} if context.service else {}
    parser = ExpositionParser(context.report, time_ms=time_ms, extra_labels=labels)
    for lines in stream.lines():
        yield parser.feed(lines)
    if parser.untimed:
        context.report.note(
            f"samples without a time: {parser.untimed:,}; they got the file's: {context.modified:%Y-%m-%d %H:%M:%S} UTC"
        )


FORMATS: Mapping[str, Reader] = {
    "otlp-protobuf": read_protobuf,
    "otlp-json": read_json,
    "openmetrics": _read_exposition,
    "json-lines": read_json_lines,
    "access-log": read_access_log,
    "syslog": read_syslog,
    "csv": read_csv,
}
"""Formats by name, with their readers."""
