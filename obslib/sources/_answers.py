"""What an answer of a backend means: its message, and the error of ours that says it."""

from __future__ import annotations

import http.client
import re
import ssl
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import msgspec

from obslib.core.errors import (
    AuthError,
    QueryError,
    RateLimitError,
    SourceError,
    TimeoutError,  # noqa: A004 - the field's own word
    UnsupportedError,
)
from obslib.core.units import format_value

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
MESSAGE_LIMIT = 500
CHUNK_BYTES = 1 << 18
LONGEST_PATIENCE = 365.0 * 86_400
_MESSAGE_KEYS = ("message", "error", "detail", "reason", "title", "description", "error_description", "errors")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)

_LOGIN = (AuthError, "check the profile's token or password, and what it is allowed to read.")
_SLOW = (TimeoutError, "ask for a shorter window or a coarser step, or give the call a longer timeout.")
_ABSENT = (UnsupportedError, "check the backend's version, or ask it in another way.")
_MEANINGS: dict[int, tuple[type[SourceError], str]] = {
    **dict.fromkeys((401, 403, 407, 511), _LOGIN),
    **dict.fromkeys((408, 504), _SLOW),
    **dict.fromkeys((405, 501), _ABSENT),
    404: (SourceError, "check the profile's url: it may lack a path prefix, or be another product's."),
    413: (SourceError, "ask for a shorter window or fewer series."),
    429: (RateLimitError, "wait and ask again, ask for less, or give the call a longer timeout."),
}


class BrokenBodyError(OSError):
    """A body that ended early or is not what its headers promise; asking again may help."""


class OversizeError(Exception):
    """A body larger than the caller allows; asking again would not help."""


@dataclass(frozen=True)
class Head:
    """Status and headers of an answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]

    @classmethod
    def of(cls, response: http.client.HTTPResponse) -> Head:
        """The head of a response of the standard library; headers that repeat are joined by commas."""
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            key = name.lower()
            headers[key] = f"{headers[key]}, {value}" if key in headers else value
        return cls(response.status, headers)

    def retry_after(self, wall_seconds: float) -> float | None:
        """How many seconds the backend asks us to wait; `wall_seconds` is now, for answers that name a date."""
        text = self.headers.get("retry-after", "").strip()
        if text.isdecimal():
            return min(float(text), LONGEST_PATIENCE)
        try:
            return min(max(0.0, parsedate_to_datetime(text).timestamp() - wall_seconds), LONGEST_PATIENCE)
        except (ValueError, TypeError):
            return None


def read_chunks(response: http.client.HTTPResponse, *, limit: int) -> Iterator[bytes]:
    """The decoded body in pieces of at most 256 KiB: never more than `limit` bytes, never silently short."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise BrokenBodyError(f"the body is encoded as {encoding!r}, which was not asked for")
    wire = _wire_chunks(response)
    total = 0
    for chunk in _gunzip(wire) if "gzip" in encoding else wire:
        total += len(chunk)
        if total > limit:
            raise OversizeError
        yield chunk


def _wire_chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while chunk := response.read(CHUNK_BYTES):
        yield chunk
    if response.length:  # `read(n)` of the standard library does not complain about a body cut short
        raise BrokenBodyError(f"the body was cut short: {response.length} bytes are missing")


def _gunzip(wire: Iterable[bytes]) -> Iterator[bytes]:
    """The contents of one gzip member after the other."""
    inflate = zlib.decompressobj(wbits=31)
    try:
        for chunk in wire:
            data, piece = chunk, b""
            while data or (len(piece) == CHUNK_BYTES and not inflate.eof):  # a full piece: more may be inside
                if inflate.eof:
                    inflate = zlib.decompressobj(wbits=31)
                piece = inflate.decompress(data, CHUNK_BYTES)
                data = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
                if piece:
                    yield piece
    except zlib.error as error:
        raise BrokenBodyError(f"the body is not gzip: {error}") from error
    if not inflate.eof:
        raise BrokenBodyError("the gzip body was cut short")


def is_web_page(head: Head, start: bytes) -> bool:
    """Whether an answer is HTML, by its content type or its first bytes."""
    declared = head.headers.get("content-type", "").lower()
    return declared.startswith("text/html") or start.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))


def message_of(body: bytes) -> str:
    """The backend's own words in the body of an error: a JSON message, a page's title, or short text."""
    try:
        found = _find_message(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        text = body.decode("utf-8", errors="replace")
        title = _TITLE.search(text)
        found = title[1] if title else "" if "<" in text[:100] else text
    return " ".join(found.split())[:MESSAGE_LIMIT]


def _find_message(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, (_find_message(item) for item in value[:3])))
    if isinstance(value, dict):
        return next((found for key in _MESSAGE_KEYS if key in value and (found := _find_message(value[key]))), "")
    return ""


def error_of_status(status: int, where: str, message: str, query: str) -> SourceError:
    """The error that an HTTP status means. `where` names backend, request and attempt."""
    said = f"{where} was answered with status {status} ({http.client.responses.get(status, 'unknown')})"
    problem = f"{said}: {message}" if message else f"{said}."
    if status in {400, 422}:
        return QueryError(problem, query=query, fix="correct what the backend's message names.")
    kind, fix = _MEANINGS.get(status, (SourceError, "look at the backend's own log and health, then run it again."))
    return kind(problem, fix=fix)


def detail_of(cause: Exception) -> str:
    """What the system or the body says is wrong."""
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def error_of_failure(cause: Exception, where: str, detail: str, *, limit: int) -> SourceError:
    """The error that a broken connection or body means; `detail` says it in words fit to be shown."""
    if isinstance(cause, OversizeError):
        size = format_value(limit, "By")
        return SourceError(
            f"{where} was answered with more than {size} (decoded).",
            fix="ask for a shorter window or fewer series, or raise the limit on purpose.",
        )
    if isinstance(cause, ssl.SSLCertVerificationError):
        return SourceError(
            f"{where}: the server's certificate is not trusted: {cause.verify_message}.",
            fix="set ca_file to the certificate authority's file, or use the host name that the certificate names.",
        )
    if isinstance(cause, OSError) and not isinstance(cause, BrokenBodyError | ConnectionResetError):
        return SourceError(f"{where} failed: {detail}.", fix="check that the server runs, and the profile's url.")
    return SourceError(f"{where} failed: {detail}.", fix="run it again; if it stays, look at the proxies on the way.")
