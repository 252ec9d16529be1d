"""Access logs of web servers: the common and combined formats of Apache httpd and nginx.

The body is the line; its parts are attributes named by OpenTelemetry's semantic conventions.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.layout import Batch
from obslib.store.ingest.file_context import FileContext
from obslib.store.ingest.json_objects import json_objects, string_members
from obslib.store.ingest.lines import Lines, Stream
from obslib.store.ingest.log_records import attach_continuations, log_table
from obslib.store.ingest.moments import parse_moments

_TEXT = r'(?:[^"\\]|\\.)*'
LINE = (
    r"^(?P<client>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "
    rf'"(?P<request>{_TEXT})" (?P<status>[0-9]{{3}}|-) (?P<size>[0-9]+|-)(?P<tail>|[ \t].*)$'
)
_TAIL = rf'^ "(?P<referrer>{_TEXT})" "(?P<agent>{_TEXT})"(?P<rest>.*)$'
_REQUEST = (
    r"^(?P<method>[A-Z][A-Z_-]*) (?P<path>[^ ?]*)(?:\?(?P<query>[^ ]*))?"
    r"(?: (?P<protocol>[A-Za-z]+)/(?P<version>[0-9.]+))?$"
)


def read_access_log(stream: Stream, context: FileContext) -> Iterator[Batch]:
    """Batches of an access log; lines of another form are skipped and counted."""
    for lines in stream.lines():
        yield Batch(logs=_decode(lines, context))


def _decode(lines: Lines, context: FileContext) -> pa.Table:
    parsed = pc.extract_regex(lines.texts, LINE)
    is_record = parsed.is_valid().to_numpy(zero_copy_only=False)
    rows, _ = attach_continuations(lines, is_record, context.report, "not an access log line (common or combined)")
    entries = parsed.take(pa.array(rows))
    status = entries.field("status")
    columns = {
        "timestamp": parse_moments(entries.field("time"), "%d/%b/%Y:%H:%M:%S %z"),
        "severity_number": _severity(status),
        "severity_text": _severity_text(status),
        "body": lines.texts.take(pa.array(rows)),
        "log_attributes": _attributes(entries),
    }
    return log_table(columns, context.service, context.report, [int(row) + lines.first for row in rows])


def _severity(status: pa.Array) -> pa.Array:
    """5xx is an error, 4xx a warning, all else (also no status) information."""
    first = pc.utf8_slice_codeunits(status, 0, 1)
    return pc.if_else(pc.equal(first, "5"), 17, pc.if_else(pc.equal(first, "4"), 13, 9))


def _severity_text(status: pa.Array) -> pa.Array:
    first = pc.utf8_slice_codeunits(status, 0, 1)
    return pc.if_else(pc.equal(first, "5"), "ERROR", pc.if_else(pc.equal(first, "4"), "WARN", "INFO"))


def _attributes(entries: pa.Array) -> pa.Array:
    request = pc.extract_regex(entries.field("request"), _REQUEST)
    tail = pc.extract_regex(entries.field("tail"), _TAIL)
    rest = pc.if_else(tail.is_valid(), pc.struct_field(tail, "rest"), entries.field("tail"))
    plain = pc.if_else(request.is_valid(), None, _given(entries.field("request")))
    texts = {
        "client.address": _given(entries.field("client")),
        "user.name": _given(entries.field("user")),
        "http.request.method": pc.struct_field(request, "method"),
        "url.path": _unescaped(pc.struct_field(request, "path")),
        "url.query": _unescaped(pc.struct_field(request, "query")),
        "network.protocol.version": pc.struct_field(request, "version"),
        "user_agent.original": _unescaped(_given(pc.struct_field(tail, "agent"))),
        "http.request.header.referer": _unescaped(_given(pc.struct_field(tail, "referrer"))),
        "http.request.line": plain,
        "access_log.rest": pc.utf8_trim_whitespace(rest),
    }
    numbers = {
        "http.response.status_code": _given(entries.field("status")),
        "http.response.body.size": _given(entries.field("size")),
    }
    with_texts, with_numbers = string_members(texts), json_objects(numbers)
    comma = pc.if_else(pc.or_(pc.equal(with_texts, "{}"), pc.equal(with_numbers, "{}")), "", ",")
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(with_numbers, 0, -1), comma, pc.utf8_slice_codeunits(with_texts, 1), ""
    )


def _given(texts: pa.Array) -> pa.Array:
    """Null where the log says `-` or nothing."""
    return pc.if_else(pc.or_(pc.equal(texts, "-"), pc.equal(texts, "")), None, texts)


def _unescaped(texts: pa.Array) -> pa.Array:
    """Quotes and backslashes in requests and headers, before which httpd writes a backslash."""
    return pc.replace_substring(pc.replace_substring(texts, '\\"', '"'), "\\\\", "\\")
