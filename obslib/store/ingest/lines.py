"""Files and bodies as Arrow arrays of lines, in chunks of bounded size, decompressed on the way."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from obslib.core.errors import InputError
from obslib.store.ingest.report import IngestReport

CHUNK_BYTES = 8 << 20
MAX_LINE_BYTES = 64 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_NOT_UTF8 = "some bytes are not UTF-8; they are kept as U+FFFD"
_BOM = b"\xef\xbb\xbf"


class BinaryReader(Protocol):
    """What a plain, gzip and zstd file have in common."""

    def read1(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


@dataclass(frozen=True)
class Lines:
    """Whole lines without their ends; the first one is line `first` of its file, counted from 1."""

    texts: pa.StringArray
    first: int


class Stream:
    """A file's content, decompressed by what it is rather than by what it is called.

    Damage in the middle of compressed data ends the stream early and is reported; damage at its
    very beginning is an `InputError`.
    """

    def __init__(self, path: Path, report: IngestReport) -> None:
        self._path, self._report = path, report
        self._file = _open(path)
        self._offset, self._damage = 0, ""
        self._head = self._read(CHUNK_BYTES)

    @property
    def head(self) -> bytes:
        """The first bytes (up to 8 MiB), which later reads return again."""
        return self._head

    @property
    def damage(self) -> str:
        """What ended the compressed data before its end, as far as it was read; empty if nothing did."""
        return self._damage

    def read_all(self) -> bytes:
        """Everything that is left, at once."""
        parts = [self._take_head()]
        while block := self._read(CHUNK_BYTES):
            parts.append(block)
        return b"".join(parts)

    def blocks(self) -> Iterator[bytes]:
        """Everything that is left, in blocks of bounded size."""
        if head := self._take_head():
            yield head
        while block := self._read(CHUNK_BYTES):
            yield block

    def utf8_blocks(self) -> Iterator[bytes]:
        """Like `blocks`, as valid UTF-8: other bytes become U+FFFD."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for block in self.blocks():
            text = decoder.decode(block)
            if "\ufffd" in text:
                self._report.note(_NOT_UTF8)
            if text:
                yield text.encode()
        if rest := decoder.decode(b"", final=True):
            yield rest.encode()

    def lines(self) -> Iterator[Lines]:
        """Everything that is left, as chunks of whole lines.

        A line beyond 64 MiB is skipped and counted. Bytes that are not UTF-8 become U+FFFD.
        """
        rest, first, giant = b"", 1, False
        for block in self.blocks():
            data = rest + block
            cut = _cut(data)
            if giant and cut:  # the rest of the line that was given up
                start = data.find(b"\n") + 1
                data, cut, first, giant = data[start:], cut - start, first + 1, False
            if cut:
                yield self._chunk(data[:cut], first)
                first += data.count(b"\n", 0, cut)
            rest = b"" if giant else data[cut:]
            if len(rest) > MAX_LINE_BYTES:
                self._report.skip("line longer than 64 MiB", [first])
                rest, giant = b"", True
        if rest:
            yield self._chunk(rest, first)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _chunk(self, data: bytes, first: int) -> Lines:
        return Lines(split_lines(data, self._report), first)

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head.removeprefix(_BOM)

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        missing = 0 if self._damage else size
        while missing:
            try:
                part = bytes(self._file.read1(missing))
            except (OSError, EOFError, zlib.error) as error:
                self._give_up(error, size - missing)
                break
            if not part:
                break
            parts.append(part)
            missing -= len(part)
        self._offset += size - missing
        return b"".join(parts)

    def _give_up(self, error: Exception, just_read: int) -> None:
        self._damage = str(error) or type(error).__name__
        if not self._offset + just_read:
            raise InputError(
                f"{self._path}, byte 0: cannot be decompressed: {error}.",
                fix="check that the file was copied completely.",
            ) from error
        place = self._offset + just_read
        self._report.skip(f"compressed data is damaged from here on ({error})", [place], unit="uncompressed byte")


def _cut(data: bytes) -> int:
    """Where the last line starts that is not indented (a stack trace stays with its record); 0: read on first."""
    end = data.rfind(b"\n", 0, max(len(data) - 1, 0))
    while end >= 0 and data[end + 1] in b" \t":
        end = data.rfind(b"\n", 0, end)
    if end < 0 and len(data) > MAX_LINE_BYTES // 2:
        return data.rfind(b"\n") + 1
    return end + 1


def split_lines(data: bytes, report: IngestReport | None = None) -> pa.StringArray:
    """Lines of a body, ended by LF or CRLF, as text without their ends."""
    raw = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(raw == 0x0A) + 1
    if len(data) and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    if not data.isascii():
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return _replaced(data, ends, report)
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    texts = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(data))
    return pc.utf8_rtrim(texts, "\r\n")


def _replaced(data: bytes, ends: npt.NDArray[np.int64], report: IngestReport | None) -> pa.StringArray:
    if report is not None:
        report.note(_NOT_UTF8)
    starts = np.concatenate([[0], ends[:-1]]).tolist()
    decoded = [data[a:b].decode("utf-8", "replace") for a, b in zip(starts, ends.tolist(), strict=True)]
    return pc.utf8_rtrim(pa.array(decoded, pa.string()), "\r\n")


def _open(path: Path) -> BinaryReader:
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic.startswith(_GZIP):
            return gzip.open(path, "rb")
        if magic == _ZSTD:
            zstd: BinaryReader = pa.input_stream(str(path), compression="zstd")
            return zstd
        return path.open("rb")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror or error}.", fix="check the path and its permissions."
        ) from error
