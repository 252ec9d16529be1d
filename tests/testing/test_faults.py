"""The faulty server does what each fault says, repeats by seed, and leaves nothing behind."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from obslib.testing.faults import ALL_FAULTS, Fault, Reply, at_random, faulty_server, forward_to, in_order

BODY = json.dumps({"rows": list(range(200))}).encode()


def canned(_call):
    return Reply(BODY)


def ask(url, path="/", method="GET", body=None):
    """One request by the standard library: (status, headers, body)."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=2)
    try:
        connection.request(method, path, body)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def receive(url):
    """Every byte that the server sends for one request, until it has been silent for 0.2 s."""
    received = b""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=0.2) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(TimeoutError):
            while piece := client.recv(65_536):
                received += piece
    return received


def test_without_a_plan_the_server_answers_and_records_every_request():
    with faulty_server(canned) as server:
        status, _headers, body = ask(server.url, "/api?q=1", "POST", b"hello")
        assert (status, body) == (200, BODY)
        [(call, fault)] = server.served
        assert (call.method, call.path, call.body, fault) == ("POST", "/api?q=1", b"hello", None)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.REQUEST_TIMEOUT, 408),
        (Fault.TOO_MANY, 429),
        (Fault.INTERNAL, 500),
        (Fault.BAD_GATEWAY, 502),
        (Fault.UNAVAILABLE, 503),
        (Fault.GATEWAY_TIMEOUT, 504),
        (Fault.RETRY_AFTER_HOUR, 429),
    ],
)
def test_status_faults_answer_their_status_once_and_then_properly(fault, status):
    with faulty_server(canned, in_order(fault)) as server:
        assert ask(server.url)[0] == status
        assert ask(server.url)[::2] == (200, BODY)
        assert server.faults() == [fault]


def test_the_hour_of_patience_is_in_the_header():
    with faulty_server(canned, in_order(Fault.RETRY_AFTER_HOUR)) as server:
        assert ask(server.url)[1]["Retry-After"] == "3600"


def test_a_reset_gives_no_answer_at_all():
    with faulty_server(canned, in_order(Fault.RESET)) as server, pytest.raises(ConnectionResetError):
        ask(server.url)


def test_a_body_cut_short_is_shorter_than_promised():
    with faulty_server(canned, in_order(Fault.CUT_SHORT)) as server, pytest.raises(http.client.IncompleteRead):
        ask(server.url)


def test_a_stalled_body_never_ends():
    with faulty_server(canned, in_order(Fault.STALL)) as server:
        assert receive(server.url).endswith(BODY[: len(BODY) // 2])


def test_a_slow_drip_is_whole_in_the_end():
    with faulty_server(canned, in_order(Fault.SLOW_DRIP), drip_seconds=0.02) as server:
        assert ask(server.url)[2] == BODY


def test_broken_json_login_page_and_error_in_ok_come_with_status_200():
    with faulty_server(canned, in_order(Fault.BROKEN_JSON, Fault.LOGIN_PAGE, Fault.ERROR_IN_OK)) as server:
        broken, page, error = (ask(server.url) for _ in range(3))
    assert {broken[0], page[0], error[0]} == {200}
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken[2])
    assert page[1]["Content-Type"] == "text/html"
    assert json.loads(error[2])["status"] == "error"


def test_the_bomb_is_small_on_the_wire_and_large_inside():
    with faulty_server(canned, in_order(Fault.GZIP_BOMB), bomb_bytes=8 << 20) as server:
        _status, headers, body = ask(server.url)
    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < 20_000
    assert len(gzip.decompress(body)) == 8 << 20


def test_a_duplicate_reply_is_two_answers_to_one_question():
    with faulty_server(canned, in_order(Fault.DUPLICATE_REPLY)) as server:
        assert receive(server.url).count(b"HTTP/1.1 200 OK") == 2


def test_the_same_seed_gives_the_same_faults_and_another_seed_others():
    first, again, other = ([at_random(0.3, seed=seed)(number) for number in range(500)] for seed in ("a", "a", "b"))
    assert first == again
    assert first != other


def test_random_faults_keep_their_rate_and_use_every_kind():
    drawn = [at_random(0.3, seed=5)(number) for number in range(4_000)]
    faults = [fault for fault in drawn if fault]
    assert 0.27 < len(faults) / len(drawn) < 0.33
    assert set(faults) == set(ALL_FAULTS)


def test_forwarding_puts_the_faults_in_front_of_a_real_backend():
    with faulty_server(lambda call: Reply(call.path.encode(), headers={"X-Kind": "real"})) as backend:
        with faulty_server(forward_to(backend.url + "/base"), in_order(Fault.UNAVAILABLE)) as front:
            assert ask(front.url, "/x?y=1")[0] == 503
            status, headers, body = ask(front.url, "/x?y=1")
    assert (status, body, headers["X-Kind"]) == (200, b"/base/x?y=1", "real")


def test_neither_thread_nor_stalled_answer_outlives_the_server():
    before = threading.active_count()
    with faulty_server(canned, in_order(Fault.STALL)) as server:
        parts = urlsplit(server.url)
        client = socket.create_connection((parts.hostname, parts.port))
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1)
    client.close()
    assert threading.active_count() == before
