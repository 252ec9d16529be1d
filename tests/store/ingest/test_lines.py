"""Lines: ends, encodings, chunks, compression, and damage."""

from __future__ import annotations

import gzip
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from obslib.core.errors import InputError
from obslib.store.ingest import IngestReport, lines
from obslib.store.ingest.lines import Stream, split_lines


def texts_of(path: Path, report: IngestReport | None = None) -> list[tuple[int, str]]:
    with closing(Stream(path, report or IngestReport())) as stream:
        return [
            (chunk.first + place, text)
            for chunk in stream.lines()
            for place, text in enumerate(chunk.texts.to_pylist())
        ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", []),
        (b"one", ["one"]),
        (b"one\n", ["one"]),
        (b"one\ntwo", ["one", "two"]),
        (b"one\r\ntwo\r\n", ["one", "two"]),
        (b"\n\n", ["", ""]),
        ("grün\nблюз\n".encode(), ["grün", "блюз"]),
    ],
)
def test_lines_end_with_lf_or_crlf_or_the_body(body: bytes, expected: list[str]):
    assert split_lines(body).to_pylist() == expected


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"))))
def test_any_lines_come_back(written: list[str]):
    body = "".join(f"{line}\n" for line in written).encode()
    assert split_lines(body).to_pylist() == written


def test_bytes_that_are_not_utf8_are_replaced_and_said():
    report = IngestReport()
    assert split_lines(b"caf\xe9\nok\n", report).to_pylist() == ["caf\ufffd", "ok"]
    assert "not UTF-8" in report.notes[0]


def test_a_byte_order_mark_is_no_text(tmp_path: Path):
    path = tmp_path / "bom.log"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert texts_of(path) == [(1, "one"), (2, "two")]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_chunks_of_any_size_give_the_same_lines_and_numbers(tmp_path: Path, monkeypatch, size: int):
    written = [f"line {number}" * (number % 4) for number in range(40)]
    path = tmp_path / "app.log"
    path.write_text("\n".join(written))
    monkeypatch.setattr(lines, "CHUNK_BYTES", size)
    assert texts_of(path) == list(enumerate(written, 1))


def test_a_stack_trace_is_not_cut_from_its_record(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 20)
    path = tmp_path / "app.log"
    path.write_text("ERROR boom\n\tat one\n\tat two\nINFO fine\n")
    with closing(Stream(path, IngestReport())) as stream:
        chunks = [chunk.texts.to_pylist() for chunk in stream.lines()]
    assert ["ERROR boom", "\tat one", "\tat two"] in chunks


def test_a_line_beyond_the_limit_is_skipped_and_the_next_ones_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 50)
    monkeypatch.setattr(lines, "MAX_LINE_BYTES", 100)
    path = tmp_path / "app.log"
    path.write_text("before\n" + "x" * 1_000 + "\nafter\nlast\n")
    report = IngestReport()
    assert texts_of(path, report) == [(1, "before"), (3, "after"), (4, "last")]
    assert report.skipped == {"line longer than 64 MiB": 1}
    assert report.examples[0].where == "line 2"


def test_a_long_line_within_the_limit_is_read(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 50)
    path = tmp_path / "app.log"
    path.write_text("y" * 1_000 + "\n")
    assert texts_of(path) == [(1, "y" * 1_000)]


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.mark.parametrize("compress", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_compression_is_noticed_whatever_the_name(tmp_path: Path, compress):
    path = tmp_path / "app.log"
    path.write_bytes(compress(b"one\ntwo\n"))
    assert texts_of(path) == [(1, "one"), (2, "two")]


def test_gzip_files_put_together_are_read_to_the_end(tmp_path: Path):
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert texts_of(path) == [(1, "one"), (2, "two")]


def test_a_cut_off_gzip_file_gives_what_it_has_and_says_where_it_ends(tmp_path: Path):
    whole = "".join(f"line {number * 7919 % 10_007}\n" for number in range(5_000)).encode()
    path = tmp_path / "app.log.gz"
    path.write_bytes(gzip.compress(whole)[:-2_000])
    report = IngestReport()
    found = texts_of(path, report)
    assert 0 < len(found) < 5_000
    assert found[0] == (1, "line 0")
    (reason,) = report.skipped
    assert "damaged from here on" in reason
    assert report.examples[0].where.startswith("uncompressed byte ")


def test_a_gzip_file_that_gives_nothing_is_an_error(tmp_path: Path):
    path = tmp_path / "app.log.gz"
    path.write_bytes(b"\x1f\x8b" + b"garbage" * 10)
    with pytest.raises(InputError, match=r"app\.log\.gz, byte 0: cannot be decompressed"):
        Stream(path, IngestReport())


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.log: cannot be read: No such file"):
        Stream(tmp_path / "nowhere.log", IngestReport())


def test_the_head_is_part_of_what_is_read_later(tmp_path: Path):
    path = tmp_path / "app.log"
    path.write_text("one\ntwo\n")
    with closing(Stream(path, IngestReport())) as stream:
        assert stream.head == b"one\ntwo\n"
        assert stream.read_all() == b"one\ntwo\n"
        assert stream.read_all() == b""
