"""OTLP files: framings of protobuf, documents and lines of JSON, and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from obslib.core.errors import InputError
from obslib.store.ingest import IngestReport, lines, protobuf_frames
from obslib.store.ingest.protobuf_frames import frames, framing_of, signal_of

from .support import NOON, attributes, logs, metrics, otlp_json, read, samples, traces

SPANS = [traces([{"name": f"op{n}"}], {"service.name": "a"}).SerializeToString() for n in range(5)]
LOGS = logs([{"observed_time_unix_nano": NOON}], {"service.name": "a"}).SerializeToString()
GAUGE = Metric(name="x", gauge=Gauge(data_points=[NumberDataPoint(time_unix_nano=NOON, as_double=1)]))
METRICS = metrics([GAUGE]).SerializeToString()


def varint(number: int) -> bytes:
    head = b""
    while number > 0x7F:
        head += bytes([number & 0x7F | 0x80])
        number >>= 7
    return head + bytes([number])


def length_prefixed(messages: list[bytes]) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in messages)


def varint_delimited(messages: list[bytes]) -> bytes:
    return b"".join(varint(len(one)) + one for one in messages)


FRAMINGS = {"bare": b"".join, "length-prefixed": length_prefixed, "varint-delimited": varint_delimited}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize(("signal", "messages"), [("traces", SPANS), ("logs", [LOGS] * 2), ("metrics", [METRICS] * 2)])
def test_framing_and_signal_are_found_out(framing: str, signal: str, messages: list[bytes]):
    assert framing_of(FRAMINGS[framing](messages)) == (framing, signal)
    assert framing_of(FRAMINGS[framing](messages[:1])) == (framing, signal)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_protobuf_files_are_read_in_every_framing(tmp_path: Path, framing: str):
    batches, report = read(tmp_path / "spans.bin", FRAMINGS[framing](SPANS))
    assert report.format == "otlp-protobuf"
    assert report.notes == [f"traces, {framing} messages"]
    names = [name for batch in batches for name in batch.spans["span_name"].to_pylist()]
    assert names == [f"op{n}" for n in range(5)]


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("size", [1, 3, 50, 1_000])
def test_blocks_of_any_size_give_the_same_messages(framing: str, size: int):
    body = FRAMINGS[framing](SPANS)
    blocks = [body[start : start + size] for start in range(0, len(body), size)]
    found = [frame for group in frames(blocks, framing, IngestReport()) for frame in group]
    assert [frame.message for frame in found] == SPANS
    assert found[0].offset == 0


def test_messages_are_handed_on_in_groups_of_bounded_size(monkeypatch):
    monkeypatch.setattr(protobuf_frames, "_GROUP_BYTES", len(SPANS[0]) * 2)
    groups = list(frames([length_prefixed(SPANS)], "length-prefixed", IngestReport()))
    assert [len(group) for group in groups] == [2, 2, 1]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_a_file_that_was_cut_off_gives_what_is_whole_and_says_where_it_ends(tmp_path: Path, framing: str):
    body = FRAMINGS[framing](SPANS)
    batches, report = read(tmp_path / "spans.bin", body[:-10])
    assert sum(batch.spans.num_rows for batch in batches) == 4
    assert report.skipped == {"message cut off by the end of the file": 1}
    assert report.examples[0].where == f"byte {len(FRAMINGS[framing](SPANS[:4]))}"


def test_a_message_that_cannot_be_decoded_is_skipped_with_its_offset(tmp_path: Path):
    broken = [*SPANS[:2], b"\x0a\x05\xff\xff\xff\xff\xff", *SPANS[2:]]
    batches, report = read(tmp_path / "spans.bin", length_prefixed(broken))
    assert sum(batch.spans.num_rows for batch in batches) == 5
    assert report.skipped_total == 1
    assert report.examples[0].where == f"byte {len(length_prefixed(SPANS[:2]))}"


def test_a_message_with_a_broken_nested_value_is_skipped_alone(tmp_path: Path):
    nested = traces([{"attributes": attributes({"a": ["xyz"]})}], {}).SerializeToString()
    broken = nested.replace(b"\n\x03xyz", b"\n\x7fxyz")
    assert broken != nested
    batches, report = read(tmp_path / "spans.bin", length_prefixed([SPANS[0], broken, SPANS[1]]))
    assert sum(batch.spans.num_rows for batch in batches) == 2
    assert report.skipped_total == 1


def test_garbage_after_messages_ends_the_file(tmp_path: Path):
    batches, report = read(tmp_path / "spans.bin", b"".join(SPANS) + b"garbage " * 10)
    assert sum(batch.spans.num_rows for batch in batches) == 5
    assert report.skipped == {"no message starts here": 1}


@given(st.binary(max_size=60))
def test_no_bytes_break_the_search_for_a_signal(body: bytes):
    assert signal_of(body) in {None, "traces", "logs", "metrics"}
    framing_of(body)


@pytest.mark.parametrize("body", [b"", b"\n", b"\n\n\n", b"hello world\n", bytes(100), b"\x0a\x00", b"\x0a\x03abc"])
def test_what_is_no_protobuf_is_not_taken_for_it(body: bytes):
    assert framing_of(body) is None


def document(number: int) -> bytes:
    return otlp_json(traces([{"name": f"op{number}"}], {"service.name": "a"}))


def span_names(batches) -> list[str]:
    return [name for batch in batches if batch.spans is not None for name in batch.spans["span_name"].to_pylist()]


def test_one_document_a_line(tmp_path: Path):
    batches, report = read(tmp_path / "a.json", b"\n".join(document(n) for n in range(3)) + b"\n")
    assert report.format == "otlp-json"
    assert span_names(batches) == ["op0", "op1", "op2"]


def test_lines_of_several_signals_and_bad_ones(tmp_path: Path):
    content = [
        document(0),
        b"",
        b"not json",
        b'{"hello": "world"}',
        otlp_json(metrics([GAUGE])),
        otlp_json(logs([{}], {})),
        b'{"resourceSpans": [',
    ]
    batches, report = read(tmp_path / "a.json", b"\r\n".join(content))
    assert span_names(batches) == ["op0"]
    assert report.rows == {"spans": 1, "metrics": 1, "logs": 1}
    assert report.skipped == {
        "not a JSON document": 2,
        "no OTLP document (no resourceSpans, resourceLogs, resourceMetrics)": 1,
    }
    assert {one.where for one in report.examples} == {"line 3", "line 4", "line 7"}


def test_pretty_printed_documents_one_after_the_other(tmp_path: Path):
    pretty = [json.dumps(json.loads(document(n)), indent=2) for n in range(2)]
    batches, report = read(tmp_path / "a.json", "\n".join([*pretty, '{\n"x": 1\n}\n']))
    assert span_names(batches) == ["op0", "op1"]
    assert report.skipped_total == 1
    assert report.examples[0].where == f"line {len(chr(10).join(pretty).splitlines()) + 1}"


def test_a_pretty_printed_document_that_is_broken_is_an_error_that_says_where(tmp_path: Path):
    with pytest.raises(InputError, match=r"a\.json, line 3, column 1: not valid JSON"):
        read(tmp_path / "a.json", '{\n"resourceSpans": [\n', format="otlp-json")


def test_what_follows_whole_documents_is_skipped_and_counted(tmp_path: Path):
    pretty = json.dumps(json.loads(document(0)), indent=2)
    batches, report = read(tmp_path / "a.json", pretty + '\n{"resourceSpans": [')
    assert span_names(batches) == ["op0"]
    assert "rest of the file: not valid JSON" in next(iter(report.skipped))


def test_snake_case_lines_are_renamed(tmp_path: Path):
    line = b'{"resource_spans":[{"scope_spans":[{"spans":[{"name":"s","start_time_unix_nano":"%d"}]}]}]}' % NOON
    batches, _ = read(tmp_path / "a.json", line + b"\n" + document(1) + b"\n")
    assert span_names(batches) == ["s", "op1"]


def test_big_files_of_lines_are_read_in_several_batches(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 2_000)
    batches, _ = read(tmp_path / "a.json", b"\n".join(document(n) for n in range(30)))
    assert len(batches) > 3
    assert span_names(batches) == [f"op{n}" for n in range(30)]


def test_metrics_of_a_protobuf_file_are_samples(tmp_path: Path):
    batches, report = read(tmp_path / "m.pb", length_prefixed([METRICS]))
    assert list(samples(*batches)) == [("x", (("job", "shop"), ("service", "shop")))]
    assert report.notes == ["metrics, length-prefixed messages"]


def test_protobuf_without_records_is_an_error_that_names_the_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"x\.pb, byte 0: no OTLP protobuf message with records found"):
        read(tmp_path / "x.pb", b"\x0a\x00", format="otlp-protobuf")
