"""What is asked of a backend and under which limits: plain values of the HTTP client."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

from obslib.sources._answers import Head

T = TypeVar("T")
JSON = "application/json"


@dataclass(frozen=True)
class Limits:
    """How long and how much. Times are seconds, sizes bytes after decompression.

    `timeout` is the deadline of a whole call with all its attempts and pauses; `stall` how long a
    server may send nothing. Before attempt `n + 1` the client sleeps a random part of
    `min(longest_pause, first_pause * 2 ** n)`.
    """

    timeout: float = 60.0
    connect: float = 5.0
    stall: float = 30.0
    attempts: int = 5
    first_pause: float = 0.25
    longest_pause: float = 10.0
    body_bytes: int = 512 << 20


@dataclass(frozen=True)
class Timing:
    """Clocks, sleep and chance, so that tests need neither time nor luck."""

    clock: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class Request:
    """One request, relative to the client's URL.

    `query` is the text in the backend's language, for error messages. `safe` says that sending it
    twice does no harm, as for searches that go by POST; GET and HEAD always are. `timeout`
    replaces the client's for this call.
    """

    path: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    method: str = "GET"
    body: bytes = b""
    content_type: str = JSON
    accept: str = JSON
    query: str = ""
    safe: bool = False
    timeout: float | None = None

    @property
    def repeatable(self) -> bool:
        """Whether a retry can do no harm."""
        return self.safe or self.method in {"GET", "HEAD"}

    def url(self, base: str) -> str:
        """The absolute URL below `base`, whose own query stays; a parameter that is a sequence repeats."""
        address, _, query = base.partition("?")
        if self.path:
            address = f"{address.rstrip('/')}/{self.path.lstrip('/')}"
        queries = "&".join(filter(None, (query, urlencode(self.params, doseq=True))))
        return f"{address}?{queries}" if queries else address


@dataclass(frozen=True)
class Answer:
    """A whole answer: its head and its decoded body."""

    head: Head
    body: bytes


Reader = Callable[[Head, Iterator[bytes]], T]
"""Makes a result of an answer's head and the pieces of its decoded body; called anew on every attempt."""
