"""The one HTTP client: credentials, deadlines, retries with jitter, byte caps, and errors that say what to do.

A call either returns what its reader made of a whole body, or raises a `SourceError`. It waits no
longer than its timeout, and no credential reaches an error, a traceback, a log record or a repr.
The decision for the standard library is `docs/design/0010-http-client.md`.
"""

from __future__ import annotations

import http.client
import logging
import math
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from typing import Generic, TypeVar
from urllib.parse import urljoin, urlsplit

import msgspec

from obslib.core.errors import (
    AuthError,
    InputError,
    ObslibError,
    RateLimitError,
    SourceError,
    TimeoutError,  # noqa: A004 - the field's own word
)
from obslib.core.window import format_duration
from obslib.sources._answers import (
    RETRIED_STATUSES,
    BrokenBodyError,
    Head,
    OversizeError,
    detail_of,
    error_of_failure,
    error_of_status,
    is_web_page,
    message_of,
    read_chunks,
)
from obslib.sources._credentials import ANONYMOUS, Credentials, split_userinfo, without_query
from obslib.sources._request import JSON, Answer, Limits, Reader, Request, Timing
from obslib.sources._transport import Budget, Connection, Origin, Pool, target_of

T = TypeVar("T")
MAX_REDIRECTS = 5
ERROR_BODY_BYTES = 1 << 16

_FINAL = (OversizeError, ssl.SSLCertVerificationError, socket.gaierror)  # asking again would not help

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Success(Generic[T]):
    value: T


@dataclass(frozen=True)
class _Failure:
    error: SourceError
    cause: Exception | None = None
    again: bool = False
    retry_after: float | None = None


@dataclass(frozen=True)
class _Redirect:
    location: str


class HttpClient:
    """HTTP to one backend; safe to share between threads.

    Parameters
    ----------
    url
        Where the backend's paths start. User info in it becomes credentials and is taken out.
    backend
        What errors call it; by default its host.
    credentials
        What proves who asks. They never follow a redirect to another host.
    headers
        Sent with every request (tenant, project). Nothing secret: that belongs in `credentials`.
    ca_file
        Certificates to trust instead of the system's.
    limits
        Times and sizes.

    Raises
    ------
    InputError
        If the URL is not an absolute http or https URL.
    """

    def __init__(
        self,
        url: str,
        *,
        backend: str = "",
        credentials: Credentials = ANONYMOUS,
        headers: Mapping[str, str] | None = None,
        ca_file: str = "",
        limits: Limits | None = None,
        timing: Timing | None = None,
    ) -> None:
        bare, own = split_userinfo(url)
        self.url = _checked_url(bare)
        self.backend = backend or urlsplit(bare).netloc
        self._credentials = credentials | own
        self._headers = {"User-Agent": f"obslib/{version('obslib')}", "Accept-Encoding": "gzip", **(headers or {})}
        self._limits = limits or Limits()
        self._timing = timing or Timing()
        self._pool = Pool(ca_file)

    def __repr__(self) -> str:
        return f"HttpClient({without_query(self.url)!r}, {self._credentials!r})"

    def close(self) -> None:
        """Close idle connections; the client may still be used."""
        self._pool.close()

    def redact(self, text: str) -> str:
        """A backend's text without this client's credentials, for messages that a source makes of it."""
        return self._credentials.redact(text)

    def get(self, path: str = "", params: Mapping[str, object] | None = None, *, accept: str = JSON) -> Answer:
        """The whole answer of a GET."""
        return self.call(Request(path, params or {}, accept=accept), _whole)

    def json(self, request: Request, kind: type[T]) -> T:
        """A JSON answer decoded into `kind` (a `msgspec.Struct` or any type that msgspec knows).

        An answer with status 200 that does not fit and carries a message is that error.
        """

        def read(_head: Head, chunks: Iterator[bytes]) -> T:
            body = b"".join(chunks)
            try:
                return msgspec.json.decode(body, type=kind)
            except msgspec.ValidationError as error:
                raise self._misfit(request, body, error) from error
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise BrokenBodyError(f"the body is not JSON: {error}") from error

        return self.call(request, read)

    def call(self, request: Request, read: Reader[T]) -> T:
        """Send a request, retry what may be retried, and return what `read` makes of the answer.

        Raises
        ------
        AuthError, QueryError, RateLimitError, TimeoutError, UnsupportedError, SourceError
            Naming backend, request, attempt and the backend's own message.
        """
        clock = self._timing.clock
        timeout = self._limits.timeout if request.timeout is None else request.timeout
        deadline = clock() + timeout
        attempt = 1
        while True:
            outcome = self._attempt(request, read, deadline, attempt)
            if isinstance(outcome, _Success):
                return outcome.value
            pause = self._pause(outcome, request, attempt)
            if pause is None or clock() + pause >= deadline:
                raise self._final(outcome, pause, deadline, timeout) from outcome.cause
            logger.info("attempt %d again in %.2f s: %s", attempt + 1, pause, outcome.error.problem)
            self._timing.sleep(pause)
            attempt += 1

    def _pause(self, failure: _Failure, request: Request, attempt: int) -> float | None:
        """Seconds until the next attempt; None if there is to be none."""
        if not (failure.again and request.repeatable) or attempt >= self._limits.attempts:
            return None
        ceiling = min(self._limits.longest_pause, self._limits.first_pause * 2.0**attempt)
        return max(self._timing.chance() * ceiling, failure.retry_after or 0.0)

    def _final(self, failure: _Failure, pause: float | None, deadline: float, timeout: float) -> SourceError:
        """The error to raise: the last failure, or that there is no time for another attempt."""
        if failure.retry_after is not None and pause is not None:
            return RateLimitError(
                f"{failure.error.problem}\nThe backend asks to wait {format_duration(math.ceil(failure.retry_after))}, "
                f"longer than is left of the {format_duration(timeout)} of this call.",
                fix="wait as long as it asks, ask for less, or give the call a longer timeout.",
            )
        out_of_time = pause is not None or self._timing.clock() >= deadline
        if not out_of_time or isinstance(failure.error, TimeoutError | RateLimitError) or not failure.again:
            return failure.error
        return TimeoutError(
            f"{failure.error.problem}\nThere is no time for another attempt within {format_duration(timeout)}.",
            fix="give the call a longer timeout, or mend what the message names.",
        )

    def _attempt(self, request: Request, read: Reader[T], deadline: float, attempt: int) -> _Success[T] | _Failure:
        url = request.url(self.url)
        where = f"{self.backend}: {request.method} {without_query(url)} (attempt {attempt})"
        for _hop in range(MAX_REDIRECTS + 1):
            outcome = self._exchange(request, url, read, deadline, where)
            if not isinstance(outcome, _Redirect):
                return outcome
            step = self._follow(request, url, outcome.location, where)
            if isinstance(step, SourceError):
                return _Failure(step)
            url = step
        return _Failure(SourceError(f"{where} was redirected in a circle.", fix="use the final address as url."))

    def _exchange(
        self, request: Request, url: str, read: Reader[T], deadline: float, where: str
    ) -> _Success[T] | _Failure | _Redirect:
        """One request on one connection. Failures are returned, so that no frame with secrets is kept."""
        connection = self._pool.take(
            Origin.of(url), min(self._limits.connect, max(deadline - self._timing.clock(), 1e-3))
        )
        keep = False
        try:
            response = self._send(connection, request, url, self._budget(deadline))
            outcome = self._judge(response, request, read, where)
            keep = response.isclosed()
            return outcome
        except ObslibError:
            raise  # the reader's own verdict; some of ours are OSErrors too
        except (OSError, http.client.HTTPException, OversizeError) as cause:
            return self._failure(_bare(cause), deadline, where)
        finally:
            self._pool.give_back(connection) if keep else connection.close()

    def _send(self, connection: Connection, request: Request, url: str, budget: Budget) -> http.client.HTTPResponse:
        headers = {**self._headers, "Accept": request.accept}
        if request.body:
            headers["Content-Type"] = request.content_type
        return connection.exchange(
            request.method, target_of(url), headers.items(), self._credentials, request.body, budget
        )

    def _judge(
        self, response: http.client.HTTPResponse, request: Request, read: Reader[T], where: str
    ) -> _Success[T] | _Failure | _Redirect:
        head = Head.of(response)
        if head.status in {301, 302, 303, 307, 308} and "location" in head.headers:
            return _Redirect(head.headers["location"])
        if not 200 <= head.status < 300:
            return self._refused(head, response, request, where)
        chunks = read_chunks(response, limit=self._limits.body_bytes)
        first = next(chunks, b"")
        if is_web_page(head, first) and "text/html" not in request.accept:
            return _Failure(
                AuthError(
                    f"{where} was answered with a web page instead of data, probably a login page.",
                    fix="check the credentials; behind a single sign-on proxy use the backend's internal address.",
                )
            )
        pieces = chain([first], chunks)
        value = read(head, pieces)
        for _unread in pieces:  # a reader may stop early; only a whole body proves that nothing was cut short
            pass
        return _Success(value)

    def _refused(self, head: Head, response: http.client.HTTPResponse, request: Request, where: str) -> _Failure:
        try:
            body = b"".join(read_chunks(response, limit=ERROR_BODY_BYTES))
        except (BrokenBodyError, OversizeError, http.client.HTTPException):
            body = b""  # the status alone says what happened
        message = self._credentials.redact(message_of(body))
        error = error_of_status(head.status, where, message, request.query)
        again = head.status in RETRIED_STATUSES
        return _Failure(error, again=again, retry_after=head.retry_after(self._timing.wall()) if again else None)

    def _failure(self, cause: Exception, deadline: float, where: str) -> _Failure:
        if isinstance(cause, OSError) and self._timing.clock() >= deadline:
            error: SourceError = TimeoutError(
                f"{where} was not answered in time.",
                fix="ask for a shorter window or a coarser step, or give the call a longer timeout.",
            )
            return _Failure(error, cause)
        detail = self._credentials.redact(detail_of(cause))
        error = error_of_failure(cause, where, detail, limit=self._limits.body_bytes)
        return _Failure(error, cause, again=not isinstance(cause, _FINAL))

    def _follow(self, request: Request, url: str, location: str, where: str) -> str | SourceError:
        """The URL that a redirect leads to, or why it is not followed."""
        try:
            target = urljoin(url, location)
            old, new = Origin.of(url), Origin.of(target)
        except ValueError:
            return SourceError(f"{where} was redirected to something that is no web address.", fix="check the url.")
        shown = f"{new.scheme}://{new.host}"
        if not request.repeatable or request.body:
            return SourceError(f"{where} was redirected to {shown}.", fix="use the final address as url.")
        upgraded = old.host == new.host and new.scheme == "https"
        if self._credentials and old != new and not upgraded:
            return AuthError(
                f"{where} was redirected to {shown}, where its credentials must not go.",
                fix="use the final address as url; if it is a login page, check the credentials.",
            )
        return target

    def _misfit(self, request: Request, body: bytes, error: msgspec.ValidationError) -> SourceError:
        where = f"{self.backend}: {request.method} {without_query(request.url(self.url))}"
        message = self._credentials.redact(message_of(body)) if b"error" in body[:ERROR_BODY_BYTES] else ""
        if message:
            return SourceError(f"{where} was answered with an error: {message}", fix="correct what the message names.")
        return SourceError(
            f"{where} was answered with JSON of another shape: {error}.",
            fix="check that the url leads to this kind of backend, and its version.",
        )

    def _budget(self, deadline: float) -> Budget:
        def seconds() -> float:
            left = deadline - self._timing.clock()
            if left <= 0:
                raise OSError("the deadline passed")
            return min(left, self._limits.stall)

        return seconds


def _whole(head: Head, chunks: Iterable[bytes]) -> Answer:
    return Answer(head, b"".join(chunks))


def _checked_url(url: str) -> str:
    try:
        Origin.of(url)
    except ValueError as error:
        raise InputError(
            f"{without_query(url)!r} is not an http or https URL.", fix="write it like https://prometheus.example.com."
        ) from error
    return url


def _bare(error: Exception) -> Exception:
    """An exception with its message but without frames: their variables hold headers in clear."""
    links: list[BaseException | None] = [error]
    while links:
        link = links.pop()
        if link is not None and link.__traceback__ is not None:
            link.__traceback__ = None
            links += [link.__cause__, link.__context__]
    return error
