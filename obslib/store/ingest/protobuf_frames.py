"""Protobuf files: which signal they hold, how messages are divided, and the messages themselves.

Three forms are in use: one bare message; messages behind a 4-byte big-endian length (the OpenTelemetry
Collector's file exporter); messages behind a varint length (protobuf's own `writeDelimitedTo`). All
are read in blocks: a bare `...Data` message is only repeated field 1, so each of its entries is a
message again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from obslib.store.ingest.otlp_shapes import Signal
from obslib.store.ingest.report import IngestReport

Framing = Literal["bare", "length-prefixed", "varint-delimited"]
_FRAMINGS: tuple[Framing, ...] = ("bare", "length-prefixed", "varint-delimited")
_FIRST_FIELD = 0x0A  # field 1, length-delimited: resource_spans, resource_logs, resource_metrics
_SECOND_FIELD = 0x12  # field 2, length-delimited: scopes of a resource, records of a scope
_SPAN_TAGS = {0x39, 0x41}  # start and end, fixed64
_LOG_TAGS = {0x09, 0x59}  # time and observed time, fixed64
_METRIC_TAGS = {0x2A, 0x3A, 0x4A, 0x52, 0x5A}  # gauge, sum, histogram, exponential histogram, summary
_GROUP_BYTES = 8 << 20
_LONGEST_LENGTH = 11  # a tag and a varint
_MAX_MESSAGE_BYTES = 1 << 30


@dataclass(frozen=True)
class Frame:
    """One message and the offset in the file at which it (or its length) starts."""

    offset: int
    message: bytes


def framing_of(head: bytes) -> tuple[Framing, Signal] | None:
    """How a file that begins with `head` is framed and what it holds; None if it is not OTLP protobuf."""
    for framing in _FRAMINGS:
        signal = _signal_if(head, framing)
        if signal is not None:
            return framing, signal
    return None


def _signal_if(head: bytes, framing: Framing) -> Signal | None:
    """What the messages hold if `head` is framed like that; None if one does not begin as a message does."""
    position, signal = 0, None
    while (place := _next(head, position, framing)) is not None and place[0] < len(head):
        start, position = place
        if position > start and head[start] != _FIRST_FIELD:
            return None
        signal = signal or signal_of(head[start:position])
    return signal


def frames(blocks: Iterable[bytes], framing: Framing, report: IngestReport) -> Iterator[list[Frame]]:
    """Messages in groups of some megabytes; what follows a broken length is skipped and counted."""
    buffer, base = b"", 0
    group: list[Frame] = []
    for block in blocks:
        buffer += block
        position = 0
        while (place := _next(buffer, position, framing)) is not None and place[1] <= len(buffer):
            start, end = place
            group.append(Frame(base + position, buffer[start:end]))
            position = end
            if _size(group) >= _GROUP_BYTES:
                yield group
                group = []
        buffer, base = buffer[position:], base + position
        if _is_broken(buffer, framing):
            break
    if group:
        yield group
    if buffer:
        reason = "no message starts here" if _is_broken(buffer, framing) else "message cut off by the end of the file"
        report.skip(reason, [base], unit="byte")


def _size(group: list[Frame]) -> int:
    """Bytes from the start of the first message to the end of the last."""
    return group[-1].offset + len(group[-1].message) - group[0].offset


def _is_broken(buffer: bytes, framing: Framing) -> bool:
    """Whether no message can start here, however much follows."""
    if len(buffer) <= _LONGEST_LENGTH:
        return False
    place = _next(buffer, 0, framing)
    return place is None or place[1] - place[0] > _MAX_MESSAGE_BYTES


def signal_of(message: bytes) -> Signal | None:
    """The signal of a (possibly cut off) message, by the wire types of its first record; None if it has none."""
    for _, resource in _fields(message, _FIRST_FIELD):
        for _, scope in _fields(resource, _SECOND_FIELD):
            for _, record in _fields(scope, _SECOND_FIELD):
                tags = {tag for tag, _ in _fields(record)}
                if tags & _SPAN_TAGS:
                    return "traces"
                if tags & _LOG_TAGS:
                    return "logs"
                if tags & _METRIC_TAGS:
                    return "metrics"
    return None


def _next(data: bytes, position: int, framing: Framing) -> tuple[int, int] | None:
    """Where the next message starts and ends (perhaps beyond `data`); None if its length cannot be read."""
    if framing == "length-prefixed":
        if position + 4 >= len(data):
            return None
        return position + 4, position + 4 + int.from_bytes(data[position : position + 4], "big")
    bare = framing == "bare"
    if bare and data[position : position + 1] != bytes([_FIRST_FIELD]):
        return None
    length, start = _varint(data, position + bare)
    if start == 0:
        return None
    return (position if bare else start), start + length


def _fields(message: bytes, wanted: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Tags and payloads of a message's fields, of one tag only if `wanted`; ends where it is broken."""
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        if position == 0:
            return
        wire = tag & 7
        if wire == 2:
            length, position = _varint(message, position)
            if position == 0:
                return
        elif wire in {1, 5}:
            length = 8 if wire == 1 else 4
        elif wire == 0:
            _, after = _varint(message, position)
            if after == 0:
                return
            length = after - position
        else:
            return
        if wanted is None or tag == wanted:
            yield tag, message[position : position + length]
        position += length


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A varint and the offset after it; offset 0 if it is broken or cut off."""
    value = 0
    for shift in range(0, 64, 7):
        if position >= len(data):
            return 0, 0
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    return 0, 0
