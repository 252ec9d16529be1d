"""The envelope around every answer of the Prometheus HTTP API, and what its errors mean.

Reference: prometheus.io/docs/prometheus/latest/querying/api, "Format overview".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from obslib.core.errors import (
    QueryError,
    SourceError,
    TimeoutError,  # noqa: A004 - the field's own word
)
from obslib.sources._answers import BrokenBodyError

T = TypeVar("T")

_MENDABLE = frozenset({"internal", "unavailable"})
_LATE = frozenset({"timeout", "canceled"})
_WRONG_QUERY = frozenset({"bad_data", "execution", "not_found", "422"})  # VictoriaMetrics gives a status as the type
_POSITION = re.compile(r"\b(\d+):(\d+): parse error")
_TOO_MUCH = re.compile(r"too many samples|maximum resolution|maxSamplesPer|maxPointsPer", re.IGNORECASE)


class Envelope(msgspec.Struct, rename={"error_type": "errorType", "is_partial": "isPartial"}):
    """What every answer has around its data; `isPartial` is VictoriaMetrics' own."""

    status: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    error_type: str = ""
    error: str = ""
    warnings: list[str] | None = None
    infos: list[str] | None = None
    is_partial: bool = False

    def notes(self) -> list[str]:
        """Everything that the backend wants known about its answer."""
        partial = ["the backend says that this answer is partial: a part of it could not be reached"]
        return [*(partial if self.is_partial else []), *(self.warnings or []), *(self.infos or [])]


def open_envelope(body: bytes | bytearray) -> Envelope:
    """Decode an answer that came with a status of success.

    Raises
    ------
    BrokenBodyError
        If it is no JSON, or an error that asking again may mend: the client tries anew.
    QueryError, TimeoutError, SourceError
        If it is an error all the same, with the backend's words.
    """
    try:
        envelope = msgspec.json.decode(body, type=Envelope)
    except msgspec.ValidationError as error:
        raise _not_prometheus(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenBodyError(f"the body is not JSON: {error}") from error
    if envelope.status == "success":
        return envelope
    if envelope.status != "error":
        raise _not_prometheus(f"status {envelope.status!r}")
    raise _error_of(envelope)


def decode_data(data: msgspec.Raw, kind: type[T]) -> T:
    """The data of an answer, or a part of it, as `kind`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:  # the envelope was JSON already
        raise _not_prometheus(error) from error


def explained(error: SourceError, backend: str, query: str, redact: Callable[[str], str]) -> SourceError:
    """The same error with the backend's name and the query, and a caret where its message names line and column."""
    problem = redact(error.problem)
    problem = problem if problem.startswith(f"{backend}: ") else f"{backend}: {problem}"
    if isinstance(error, QueryError):
        return QueryError(problem, query=query, position=position_in(query, problem), fix=error.fix)
    same = type(error)(problem, fix=error.fix)
    if query:
        same.add_note(f"the query was: {query}")
    return same


def position_in(query: str, message: str) -> int | None:
    """The offset in `query` of a place such as `1:5` in a message; its columns count bytes from 1.

    >>> position_in("sum(up[)", 'invalid parameter "query": 1:8: parse error: unexpected ")"')
    7
    """
    found = _POSITION.search(message)
    if found is None:
        return None
    lines = query.encode().split(b"\n")
    line, column = int(found[1]) - 1, int(found[2]) - 1
    if not 0 <= line < len(lines):
        return None
    before = b"\n".join([*lines[:line], lines[line][: max(column, 0)]])
    return len(before.decode(errors="ignore"))


def is_too_much(error: QueryError) -> bool:
    """Whether a backend refused a query for its size, so that a shorter range may pass."""
    return _TOO_MUCH.search(error.problem) is not None


def _error_of(envelope: Envelope) -> Exception:
    said = envelope.error or "no reason given"
    if envelope.error_type in _MENDABLE:
        return BrokenBodyError(f"the backend reports: {said}")
    if envelope.error_type in _LATE:
        return TimeoutError(f"the backend reports: {said}", fix="ask for a shorter window or a coarser step.")
    if envelope.error_type in _WRONG_QUERY:
        return QueryError(f"the backend reports: {said}", fix="correct what the backend's message names.")
    return SourceError(f"the backend reports: {said}", fix="correct what the message names.")


def _not_prometheus(detail: object) -> SourceError:
    return SourceError(
        f"the answer is not one of the Prometheus HTTP API: {detail}.",
        fix="check the profile's url; the API's paths (/api/v1/...) are added to it.",
    )
