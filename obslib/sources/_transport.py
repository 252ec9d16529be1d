"""Pooled HTTP/1.1 connections on which every single read and write keeps the caller's deadline.

Socket timeouts bound one read; a server that drips a byte a second passes them for ever. Here each
read first asks how long it may take, so neither headers nor bodies outlive the deadline.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import selectors
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterable
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, cast
from urllib.parse import quote, urlsplit

from obslib.core.errors import InputError
from obslib.sources._credentials import ANONYMOUS, Credentials, split_userinfo

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

Budget = Callable[[], float]
"""Seconds that the next read or write may take; raises builtin `TimeoutError` if there are none left."""

IDLE_PER_ORIGIN = 8
_SAFE = "/%:@!$&'()*+,;=~[]"


class Origin(NamedTuple):
    """Where a connection leads: connections and credentials are never shared between two."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        """The origin of an absolute URL.

        Raises
        ------
        ValueError
            If it is not http or https, or has no host, or a port that is no number.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("neither http nor https")
        default = 443 if parts.scheme == "https" else 80
        return cls(parts.scheme, parts.hostname.encode("idna").decode("ascii"), parts.port or default)


def target_of(url: str) -> str:
    """Path and query of a URL as they stand in the first line of a request: ASCII, nothing escaped twice."""
    parts = urlsplit(url)
    path, query = quote(parts.path or "/", safe=_SAFE), quote(parts.query, safe=f"{_SAFE}?")
    return f"{path}?{query}" if query else path


class _TimedReads(io.RawIOBase):
    """The raw reads of a socket, each within the budget."""

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        self._sock.settimeout(self._budget())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """The part of a socket that `http.client` uses, kept within the budget of the call of the moment."""

    def __init__(self, sock: socket.socket, budget: Budget) -> None:
        self._sock = sock
        self._budget = budget

    def sendall(self, data: ReadableBuffer) -> None:
        self._sock.settimeout(self._budget())
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReads(self._sock, self._budget))

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


class Connection:
    """One connection to an origin, straight or through the proxy that the environment names."""

    def __init__(self, origin: Origin, tls: Callable[[], ssl.SSLContext], connect_seconds: float) -> None:
        self.origin = origin
        self._budget: Budget = lambda: connect_seconds
        self._proxy, self._proxy_credentials = _proxy_for(origin)
        entry = self._proxy or origin
        if origin.scheme == "https":
            self._http: http.client.HTTPConnection = http.client.HTTPSConnection(
                entry.host, entry.port, timeout=connect_seconds, context=tls()
            )
            if self._proxy:
                self._http.set_tunnel(origin.host, origin.port, dict(self._proxy_credentials.reveal()))
        else:
            self._http = http.client.HTTPConnection(entry.host, entry.port, timeout=connect_seconds)

    def exchange(
        self,
        method: str,
        target: str,
        headers: Iterable[tuple[str, str]],
        credentials: Credentials,
        body: bytes,
        budget: Budget,
    ) -> http.client.HTTPResponse:
        """Send a request and read the head of its answer. Secrets are in clear only below this line."""
        self._budget = budget
        if self._http.sock is None:
            self._http.connect()
            plain = cast("socket.socket", self._http.sock)
            self._http.sock = cast("socket.socket", _TimedSocket(plain, self._seconds_left))
        absolute = self._proxy is not None and self.origin.scheme == "http"
        where = f"http://{self._authority()}{target}" if absolute else target
        self._http.putrequest(method, where, skip_host=True, skip_accept_encoding=True)
        self._http.putheader("Host", self._authority())
        for name, value in headers:
            self._http.putheader(name, value)
        for name, value in credentials.reveal():
            self._http.putheader(name, value)
        if absolute:
            for name, value in self._proxy_credentials.reveal():
                self._http.putheader(name, value)
        if body or method == "POST":
            self._http.putheader("Content-Length", str(len(body)))
        self._http.endheaders(body or None)
        return self._http.getresponse()

    def reusable(self) -> bool:
        """Open and silent. A readable idle connection was closed, or holds a reply that nobody asked for."""
        if self._http.sock is None:
            return False
        with selectors.DefaultSelector() as selector:
            selector.register(self._http.sock, selectors.EVENT_READ)
            return not selector.select(0)

    def close(self) -> None:
        """Close it; what is unread is lost."""
        self._http.close()

    def _seconds_left(self) -> float:
        return self._budget()

    def _authority(self) -> str:
        host = f"[{self.origin.host}]" if ":" in self.origin.host else self.origin.host
        default = 443 if self.origin.scheme == "https" else 80
        return host if self.origin.port == default else f"{host}:{self.origin.port}"


class Pool:
    """Idle connections by origin, for any number of threads.

    Parameters
    ----------
    ca_file
        Certificates to trust instead of the system's; `""` for the system's.
    """

    def __init__(self, ca_file: str = "") -> None:
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._idle: dict[Origin, list[Connection]] = {}
        self._lock = Lock()

    def take(self, origin: Origin, connect_seconds: float) -> Connection:
        """An idle connection that still stands, or a new one (not connected yet)."""
        while True:
            with self._lock:
                idle = self._idle.get(origin)
                connection = idle.pop() if idle else None
            if connection is None:
                return Connection(origin, self._tls, connect_seconds)
            if connection.reusable():
                return connection
            connection.close()

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last answer was read to its end."""
        with self._lock:
            idle = self._idle.setdefault(connection.origin, [])
            if len(idle) < IDLE_PER_ORIGIN and connection.reusable():
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            connections = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
        for connection in connections:
            connection.close()

    def _tls(self) -> ssl.SSLContext:
        """Made at the first https request: loading the system's certificates takes 20 ms."""
        if self._context is None:
            try:
                self._context = ssl.create_default_context(cafile=self._ca_file or None)
            except OSError as error:
                raise InputError(
                    f"ca_file {self._ca_file!r} cannot be read as certificates: {error.strerror or error}.",
                    fix="give the path of a PEM file with the certificate authority's certificate.",
                ) from error
        return self._context


def _proxy_for(origin: Origin) -> tuple[Origin | None, Credentials]:
    """The proxy of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`; never for loopback."""
    address = urllib.request.getproxies().get(origin.scheme, "")
    if not address or _is_loopback(origin.host) or urllib.request.proxy_bypass(origin.host):
        return None, ANONYMOUS
    bare, credentials = split_userinfo(address if "://" in address else f"http://{address}")
    if not bare.startswith("http://"):
        raise InputError(
            f"the environment names the proxy {bare!r}, and only http:// proxies can be used.",
            fix=f"set {origin.scheme.upper()}_PROXY to an http:// proxy, or add {origin.host} to NO_PROXY.",
        )
    return Origin.of(bare), credentials.for_proxy()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
