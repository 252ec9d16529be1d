"""A loopback HTTP server that misbehaves on purpose, in front of canned answers or a real backend.

    >>> plan = in_order(Fault.UNAVAILABLE, Fault.CUT_SHORT)     # then it behaves
    >>> with faulty_server(lambda call: Reply(b'{"answer": 42}'), plan) as server:
    ...     url = server.url

Use it to prove of a source that it never returns a wrong or partial result: faults are chosen by
a seed and the number of the request, so a run repeats exactly.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
_HOP_HEADERS = frozenset({"connection", "host", "keep-alive", "transfer-encoding", "content-length"})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing sends RST
_DRIPS = 20


class Fault(StrEnum):
    """What can go wrong with one request."""

    REQUEST_TIMEOUT = "status 408"
    TOO_MANY = "status 429"
    INTERNAL = "status 500"
    BAD_GATEWAY = "status 502"
    UNAVAILABLE = "status 503"
    GATEWAY_TIMEOUT = "status 504"
    RETRY_AFTER_HOUR = "status 429 with a Retry-After of one hour"
    RESET = "connection reset"
    CUT_SHORT = "body cut short"
    STALL = "body stalls"
    SLOW_DRIP = "body drips slowly, but whole"
    BROKEN_JSON = "broken JSON with status 200"
    LOGIN_PAGE = "HTML login page with status 200"
    ERROR_IN_OK = "error JSON with status 200"
    GZIP_BOMB = "small body that inflates to a huge one"
    DUPLICATE_REPLY = "reply sent twice on one connection"


ALL_FAULTS = tuple(Fault)
_STATUSES = {
    Fault.REQUEST_TIMEOUT: 408,
    Fault.TOO_MANY: 429,
    Fault.INTERNAL: 500,
    Fault.BAD_GATEWAY: 502,
    Fault.UNAVAILABLE: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.RETRY_AFTER_HOUR: 429,
}


@dataclass(frozen=True)
class Call:
    """A request as the server saw it; `path` has the query string, header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What the server would answer without a fault."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Call], Reply]
Plan = Callable[[int], Fault | None]
"""The fault of the n-th request, counted from 0."""


def faultless(_number: int) -> None:
    """The plan of a server that behaves."""


def in_order(*faults: Fault | None) -> Plan:
    """The first requests fail like this, all later ones are answered properly."""
    return lambda number: faults[number] if number < len(faults) else None


def at_random(rate: float, *, seed: int, kinds: Sequence[Fault] = ALL_FAULTS) -> Plan:
    """A fraction `rate` of all requests gets a fault, each kind as likely as the others."""

    def plan(number: int) -> Fault | None:
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - faults, not secrets
        return chance.choice(kinds) if chance.random() < rate else None

    return plan


def forward_to(url: str, *, timeout: float = 30.0) -> Answering:
    """Answer with what a real backend on `url` says."""
    parts = urlsplit(url)

    def answer(call: Call) -> Reply:
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)) as upstream:
            headers = {name: value for name, value in call.headers.items() if name not in _HOP_HEADERS}
            upstream.request(call.method, parts.path.rstrip("/") + call.path, call.body or None, headers)
            with upstream.getresponse() as response:
                body = response.read()
                passed = {k: v for k, v in response.getheaders() if k.lower() not in {*_HOP_HEADERS, "content-type"}}
                return Reply(body, response.status, response.getheader("Content-Type", ""), passed)

    return answer


@dataclass
class FaultyServer:
    """A running server: its address, and for every request so far what it was and which fault it got."""

    url: str
    served: list[tuple[Call, Fault | None]] = field(default_factory=list)

    def faults(self) -> list[Fault]:
        """Every fault that was played, in order."""
        return [fault for _call, fault in self.served if fault is not None]


@contextmanager
def faulty_server(
    answer: Answering, plan: Plan = faultless, *, drip_seconds: float = 0.2, bomb_bytes: int = 256 << 20
) -> Iterator[FaultyServer]:
    """Run a server on a free loopback port while the block lasts.

    Parameters
    ----------
    answer
        What to say where there is no fault; may be called from several threads.
    plan
        Which requests get which fault.
    drip_seconds
        How long a slow drip takes in all.
    bomb_bytes
        How large the gzip bomb becomes.
    """
    server = _Server(answer, plan, drip_seconds, bomb_bytes)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.record
    finally:
        server.ending.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that server_close waits for the handlers: nothing outlives the block
    request_queue_size = 128

    def __init__(self, answer: Answering, plan: Plan, drip_seconds: float, bomb_bytes: int) -> None:
        super().__init__((HOST, 0), _Handler)
        self.answer = answer
        self.plan = plan
        self.drip_seconds = drip_seconds
        self.bomb_bytes = bomb_bytes
        self.numbers = count()
        self.ending = Event()
        self.record = FaultyServer(f"http://{HOST}:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 0.1  # an idle connection looks this often whether the server ends
    server: _Server

    def handle_one_request(self) -> None:
        """Wait for a request, but not beyond the end of the server."""
        while not self.server.ending.is_set():
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
            self.connection.settimeout(5.0)
            try:
                super().handle_one_request()
                self.connection.settimeout(self.timeout)
            except OSError:
                break  # the client has left in the middle, or was thrown out
            return
        self.close_connection = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = Call(self.command, self.path, headers, self.rfile.read(length))
        fault = self.server.plan(next(self.server.numbers))
        self.server.record.served.append((call, fault))
        if fault in _STATUSES:
            self._refuse(fault)
        elif fault is Fault.RESET:
            self._reset()
        elif fault is Fault.LOGIN_PAGE:
            self._write(Reply(b"<!DOCTYPE html><title>Sign in</title><form>", content_type="text/html"))
        elif fault is Fault.ERROR_IN_OK:
            self._write(Reply(b'{"status":"error","errorType":"internal","error":"shard 3 is gone"}'))
        elif fault is Fault.GZIP_BOMB:
            self._write(Reply(_bomb(self.server.bomb_bytes), headers={"Content-Encoding": "gzip"}))
        else:
            self._answer(self.server.answer(call), fault)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _serve  # noqa: N815 - the names that the base class calls

    def _answer(self, reply: Reply, fault: Fault | None) -> None:
        half = len(reply.body) // 2
        if fault is Fault.BROKEN_JSON:
            self._write(Reply(reply.body[:half], reply.status, reply.content_type, reply.headers))
        elif fault is Fault.CUT_SHORT:
            self._write(reply, body=reply.body[:half])
            self.close_connection = True
        elif fault is Fault.STALL:
            self._write(reply, body=reply.body[:half])
            self._wait_for_client()
        elif fault is Fault.SLOW_DRIP:
            self._drip(reply)
        else:
            self._write(reply, times=2 if fault is Fault.DUPLICATE_REPLY else 1)

    def _refuse(self, fault: Fault) -> None:
        status = _STATUSES[fault]
        headers = {"Retry-After": "3600"} if fault is Fault.RETRY_AFTER_HOUR else {}
        self._write(Reply(f'{{"message": "the server says {status}"}}'.encode(), status, headers=headers))

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(self.connection.detach())  # the server's own closing would say goodbye first
        self.close_connection = True

    def _drip(self, reply: Reply) -> None:
        self._write(reply, body=b"")
        step = max(1, -(-len(reply.body) // _DRIPS))
        for start in range(0, len(reply.body), step):
            self.server.ending.wait(self.server.drip_seconds / _DRIPS)
            self.wfile.write(reply.body[start : start + step])

    def _wait_for_client(self) -> None:
        """Send nothing more until the client gives up or the server ends."""
        self.connection.settimeout(self.timeout)
        while not self.server.ending.is_set():
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                continue
        self.close_connection = True

    def _write(self, reply: Reply, *, body: bytes | None = None, times: int = 1) -> None:
        """Send head and body in one piece; the head always promises the whole of `reply.body`."""
        reason = http.client.responses.get(reply.status, "")
        head = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body)), **reply.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        sent = b"" if self.command == "HEAD" else reply.body if body is None else body
        message = f"HTTP/1.1 {reply.status} {reason}\r\n{lines}\r\n".encode("latin-1") + sent
        self.wfile.write(message * times)

    def log_message(self, *_parts: Any) -> None:
        """Keep the test's output clean; `served` has it all."""


@lru_cache(maxsize=2)
def _bomb(size: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    return b"".join([*(squeeze.compress(block) for _ in range(size >> 20)), squeeze.flush()])
