"""Certificates, proxies and origins."""

from __future__ import annotations

import base64
import shlex
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from obslib.core.errors import InputError, SourceError
from obslib.core.secrets import Secret
from obslib.sources import _transport
from obslib.sources._credentials import Credentials
from obslib.sources._transport import Origin
from obslib.testing.faults import Reply, faulty_server
from tests.support import require_tool


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_parts):
        pass


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of 127.0.0.1 with its key, in one file."""
    path = tmp_path / "server.pem"
    openssl = require_tool("openssl", "apt-get install openssl")
    ask = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    where = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", f"{path}.crt"]
    subprocess.run([openssl, *shlex.split(ask), *where], check=True, capture_output=True)
    authority = tmp_path / "ca.pem"
    authority.write_text((tmp_path / "server.pem.crt").read_text())
    path.write_text(path.read_text() + authority.read_text())
    return path, authority


@pytest.fixture
def https_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[0])
    server = HTTPServer(("127.0.0.1", 0), Hello)
    server.handle_error = lambda *_details: None
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_of_the_given_authority_is_trusted(https_server, certificate, client_of):
    client = client_of(f"https://127.0.0.1:{https_server.server_port}", ca_file=str(certificate[1]))
    assert client.get().body == b"hello"
    assert client.get().body == b"hello"
    client.close()


def test_a_self_signed_certificate_is_refused_with_advice_and_not_asked_again(https_server, client_of, fake_time):
    with pytest.raises(SourceError, match="certificate is not trusted: self-signed") as caught:
        client_of(f"https://127.0.0.1:{https_server.server_port}").get()
    assert "ca_file" in caught.value.fix
    assert fake_time.pauses == []


def test_a_certificate_of_another_host_is_refused(https_server, certificate, client_of):
    client = client_of(f"https://localhost:{https_server.server_port}", ca_file=str(certificate[1]))
    with pytest.raises(SourceError, match=r"certificate is not trusted.*localhost"):
        client.get()


def test_the_environments_proxy_is_used_with_its_own_credentials(monkeypatch, client_of):
    with faulty_server(lambda _call: Reply(b"{}")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://ada:pw@"))
        monkeypatch.setenv("no_proxy", "internal.example")
        token = Credentials.bearer(Secret("abc", origin="a test"))
        client_of("http://metrics.example:9090", credentials=token).get("/api")
        [(call, _)] = proxy.served
    assert call.path == "http://metrics.example:9090/api"
    assert call.headers["host"] == "metrics.example:9090"
    assert call.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"ada:pw").decode()
    assert call.headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "internal.example"])
def test_loopback_and_excluded_hosts_go_without_the_proxy(host, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "internal.example")
    assert _transport._proxy_for(Origin("http", host, 80))[0] is None
    assert _transport._proxy_for(Origin("http", "other.example", 80))[0] == Origin("http", "proxy.example", 3128)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.com/x", Origin("https", "example.com", 443)),
        ("http://example.com", Origin("http", "example.com", 80)),
        ("http://[::1]:9090/", Origin("http", "::1", 9090)),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, origin):
    assert Origin.of(url) == origin


def test_no_more_connections_are_kept_than_allowed(monkeypatch, client_of):
    monkeypatch.setattr(_transport, "IDLE_PER_ORIGIN", 2)
    together = threading.Barrier(4)

    def answer(_call):
        together.wait(5)
        return Reply(b"{}")

    with faulty_server(answer) as server:
        client = client_of(server.url)
        threads = [threading.Thread(target=client.get) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [idle] = client._pool._idle.values()
        assert len(idle) <= 2
        client.close()
        assert client._pool._idle == {}


def test_a_ca_file_that_is_none_is_refused_with_its_name(tmp_path, client_of):
    for path, reason in ((tmp_path / "absent.pem", "No such file"), (tmp_path / "empty.pem", "ca_file")):
        if path.stem == "empty":
            path.write_text("nothing")
        with pytest.raises(InputError, match=reason) as caught:
            client_of("https://127.0.0.1:1", ca_file=str(path)).get()
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("address", ["socks5://ada:pw@proxy.example", "https://proxy.example:3128"])
def test_a_proxy_of_another_kind_is_refused_with_advice(address, monkeypatch, client_of):
    monkeypatch.setenv("http_proxy", address)
    with pytest.raises(InputError, match=r"only http:// proxies") as caught:
        client_of("http://metrics.example").get()
    assert "HTTP_PROXY" in caught.value.fix
    assert "pw" not in str(caught.value)


def test_https_goes_through_a_tunnel_that_the_proxy_may_refuse(monkeypatch, client_of):
    with faulty_server(lambda _call: Reply(b"", 407)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        with pytest.raises(SourceError, match="Tunnel connection failed: 501"):
            client_of("https://metrics.example").get()
