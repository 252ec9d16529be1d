"""OTLP files: protobuf in any framing; JSON as one document, several, or one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.errors import InputError
from obslib.core.layout import Batch
from obslib.store.ingest import otlp_shapes as shapes
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_paths import is_object
from obslib.store.ingest.lines import Lines, Stream
from obslib.store.ingest.otlp import ROOT_KEYS, decode_documents, decode_otlp_protobuf, normalized, signals_of
from obslib.store.ingest.protobuf_frames import Frame, frames, framing_of
from obslib.store.ingest.report import IngestReport

_NO_OTLP = "no OTLP document (no resourceSpans, resourceLogs, resourceMetrics)"
_OLD_KEYS = r'"resource_(?:spans|logs|metrics)"|"instrumentationLibrary'


def read_protobuf(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of an OTLP protobuf file; messages that cannot be decoded are skipped and counted."""
    form = framing_of(stream.head)
    if form is None:
        raise context.error(
            "byte 0",
            "no OTLP protobuf message with records found",
            "give the right format, or check that the file is not cut off or encrypted.",
        )
    framing, signal = form
    context.report.note(f"{signal}, {framing} messages")
    for group in frames(stream.blocks(), framing, context.report):
        yield from _decode_group(group, signal, context.report)


def _decode_group(group: list[Frame], signal: shapes.Signal, report: IngestReport) -> Iterator[Batch]:
    try:
        yield decode_otlp_protobuf([frame.message for frame in group], signal, report=report)
        return
    except InputError as error:
        if len(group) == 1:
            report.skip(error.problem.rstrip("."), [group[0].offset], unit="byte")
            return
    half = len(group) // 2  # find the bad one in few steps; its neighbours stay together
    yield from _decode_group(group[:half], signal, report)
    yield from _decode_group(group[half:], signal, report)


def read_json(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of an OTLP/JSON file."""
    first, newline, _ = stream.head.partition(b"\n")
    if newline and _is_document(first.decode("utf-8", "replace")):
        for lines in stream.lines():
            yield _decode_lines(lines, context.report)
    else:
        yield from _read_documents(stream.read_all().decode("utf-8", "replace"), context)


def _decode_lines(lines: Lines, report: IngestReport) -> Batch:
    valid, blank = is_object(lines.texts), pc.equal(pc.utf8_trim_whitespace(lines.texts), "")
    _skip(report, "not a JSON document", pc.invert(pc.or_(valid, blank)), lines)
    holds = {signal: pc.and_(valid, pc.match_substring_regex(lines.texts, key)) for signal, key in ROOT_KEYS.items()}
    is_otlp = pc.or_(pc.or_(holds["traces"], holds["logs"]), holds["metrics"])
    _skip(report, _NO_OTLP, pc.and_(valid, pc.invert(is_otlp)), lines)
    documents = lines.texts.filter(is_otlp)
    if pc.any(pc.match_substring_regex(documents, _OLD_KEYS)).as_py():
        documents = pa.array([normalized(text) for text in documents.to_pylist()], pa.string())
    return decode_documents(documents, [signal for signal, found in holds.items() if pc.any(found).as_py()], report)


def _read_documents(text: str, context: FileContext) -> Iterator[Batch]:
    """Documents over several lines, one after the other."""
    if _is_document(text):
        yield from _decode_document(text, 1, context.report)
        return
    decoder, position, found = json.JSONDecoder(), 0, False
    while (position := _next_start(text, position)) < len(text):
        try:
            _, end = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            if not found:
                raise context.error(
                    f"line {error.lineno}, column {error.colno}",
                    f"not valid JSON: {error.msg}",
                    "mend or cut the file.",
                ) from error
            context.report.skip(f"rest of the file: not valid JSON ({error.msg})", [error.lineno])
            return
        found = True
        yield from _decode_document(text[position:end], text.count("\n", 0, position) + 1, context.report)
        position = end


def _decode_document(text: str, line: int, report: IngestReport) -> Iterator[Batch]:
    signals = signals_of(text)
    if not _is_document(text):
        report.skip("not a JSON document", [line])
    elif not signals:
        report.skip(_NO_OTLP, [line])
    else:
        yield decode_documents(pa.array([normalized(text)], pa.string()), signals, report)


def _next_start(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


def _is_document(text: str) -> bool:
    return bool(is_object(pa.array([text], pa.string()))[0].as_py())


def _skip(report: IngestReport, reason: str, rows: pa.Array, lines: Lines) -> None:
    found = np.flatnonzero(rows.to_numpy(zero_copy_only=False))
    report.skip(reason, (int(row) + lines.first for row in found), count=len(found))
