"""OTLP bodies, protobuf and JSON, to batches. Also what the OTLP receiver calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pyarrow as pa

from obslib.core.errors import InputError
from obslib.core.layout import Batch
from obslib.store.ingest import otlp_shapes as shapes
from obslib.store.ingest.json_paths import is_object
from obslib.store.ingest.otlp_metrics import metrics_batch
from obslib.store.ingest.otlp_rows import logs_table, spans_table
from obslib.store.ingest.otlp_shapes import Signal
from obslib.store.ingest.report import IngestReport

ROOT_KEYS: dict[Signal, str] = {
    signal: rf'"(?:{root}|{shapes.ROOTS[signal]})"\s*:' for root, signal in shapes.JSON_ROOTS.items()
}
"""Patterns of the keys that say which signals a JSON document holds."""
_EMPTY = re.compile(r"\s*\{\s*\}\s*")
_SNAKE_ROOT = re.compile(r'"resource_(?:spans|logs|metrics)"\s*:')
_SNAKE_KEY = re.compile(r'"([a-z]+(?:_[a-z]+)+)"(\s*:)')
_OLD_SCOPE = re.compile(r'"instrumentationLibrary(Spans|Logs|Metrics)?"(\s*:)')


def decode_otlp_protobuf(body: bytes | list[bytes], signal: Signal, *, report: IngestReport | None = None) -> Batch:
    """Rows of one serialized OTLP message, or of several of the same signal.

    Parameters
    ----------
    body
        `ExportTraceServiceRequest`, `...Logs...` or `...Metrics...` (the wire form of `TracesData`,
        `LogsData`, `MetricsData` is the same), uncompressed.
    signal
        `"traces"`, `"logs"` or `"metrics"`.
    report
        Told what was skipped and why.

    Raises
    ------
    InputError
        If a body is not such a message.
    """
    messages = [body] if isinstance(body, bytes) else body
    return _batch(shapes.from_protobuf(messages, signal), signal, report or IngestReport())


def decode_otlp_json(body: bytes, *, report: IngestReport | None = None) -> Batch:
    """Rows of one OTLP/JSON document, whichever signals it holds.

    Ids may be hex (as OTLP says) or base64 (as protojson writes them); 64-bit numbers strings or
    numbers; enums numbers or names; keys camelCase or snake_case.

    Raises
    ------
    InputError
        If it is not JSON, or no OTLP document; names the offset.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"byte {error.start}: not UTF-8.", fix="OTLP/JSON is UTF-8 text.") from error
    signals = signals_of(text)
    if not is_object(pa.array([text], pa.string()))[0].as_py():
        raise InputError(f"{_fault(text)}.", fix="send one complete JSON object.")
    if not signals and not _EMPTY.fullmatch(text):
        raise InputError(
            "no OTLP document: it has none of resourceSpans, resourceLogs, resourceMetrics.",
            fix="send an Export...ServiceRequest as JSON.",
        )
    return decode_documents(pa.array([normalized(text)], pa.string()), signals, report or IngestReport())


def signals_of(text: str) -> list[Signal]:
    """The signals that JSON text holds, by its keys (users' own names stand in values, never in keys)."""
    return [signal for signal, key in ROOT_KEYS.items() if re.search(key, text)]


def _fault(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"byte {len(text[: error.pos].encode())}: {error.msg}"
    return "byte 0: not a JSON object"


def normalized(text: str) -> str:
    """A document with today's camelCase keys: snake_case and `instrumentationLibrary...` are renamed.

    A quoted name before a colon is always a key (quotes in values are escaped), and OTLP keeps
    users' attribute names in values, so that the text can be rewritten safely.
    """
    if _SNAKE_ROOT.search(text):
        text = _SNAKE_KEY.sub(lambda found: f'"{shapes.camel(found[1])}"{found[2]}', text)
    if '"instrumentationLibrary' in text:
        text = _OLD_SCOPE.sub(lambda found: f'"scope{found[1] or ""}"{found[2]}', text)
    return text


def decode_documents(documents: pa.Array, signals: list[Signal], report: IngestReport) -> Batch:
    """Rows of valid, normalized JSON documents (an array of text), of the given signals."""
    parts = [_batch(shapes.from_json(documents, signal), signal, report) for signal in signals]
    merged = {
        name: value
        for part in parts
        for name in ("metrics", "logs", "spans", "exemplars")
        if (value := getattr(part, name)) is not None
    }
    return Batch(**merged)


def _batch(resources: pa.Array, signal: Signal, report: IngestReport) -> Batch:
    return _BUILDERS[signal](resources, report)


_BUILDERS: dict[Signal, Callable[[pa.Array, IngestReport], Batch]] = {
    "traces": lambda resources, report: Batch(spans=spans_table(resources, report)),
    "logs": lambda resources, report: Batch(logs=logs_table(resources, report)),
    "metrics": metrics_batch,
}
