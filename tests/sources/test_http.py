"""The client against a server that misbehaves: retries, deadlines, caps, and errors that say what to do."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate

import msgspec
import pytest

from obslib.core.errors import (
    AuthError,
    InputError,
    QueryError,
    RateLimitError,
    SourceError,
    StoreError,
    TimeoutError,  # noqa: A004 - the field's own word
    UnsupportedError,
)
from obslib.core.secrets import Secret
from obslib.sources._credentials import Credentials
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Request
from obslib.testing.faults import Fault, Reply, at_random, faulty_server, in_order

ROWS = list(range(300))
BODY = json.dumps({"rows": ROWS}).encode()
TOKEN = Credentials.bearer(Secret("hunter2-token", origin="a test"))


class Rows(msgspec.Struct):
    rows: list[int]


def canned(_call):
    return Reply(BODY)


def status(code, body=b"", **headers):
    return lambda _call: Reply(body, code, headers={name.replace("_", "-"): value for name, value in headers.items()})


RECOVERED = [
    Fault.REQUEST_TIMEOUT,
    Fault.TOO_MANY,
    Fault.INTERNAL,
    Fault.BAD_GATEWAY,
    Fault.UNAVAILABLE,
    Fault.GATEWAY_TIMEOUT,
    Fault.RESET,
    Fault.CUT_SHORT,
    Fault.STALL,
    Fault.BROKEN_JSON,
]


@pytest.mark.parametrize("fault", RECOVERED)
def test_a_passing_fault_is_survived(fault, client_of, fake_time):
    with faulty_server(canned, in_order(fault)) as server:
        assert client_of(server.url).json(Request(), Rows).rows == ROWS
        assert len(server.served) == 2
    assert len(fake_time.pauses) == 1


@pytest.mark.parametrize("fault", [Fault.SLOW_DRIP, Fault.DUPLICATE_REPLY])
def test_an_odd_but_whole_answer_needs_no_retry(fault, client_of, fake_time):
    with faulty_server(canned, in_order(fault)) as server:
        assert client_of(server.url).json(Request(), Rows).rows == ROWS
    assert fake_time.pauses == []


def test_a_reply_sent_twice_never_answers_the_next_question(client_of):
    def echo(call):
        return Reply(json.dumps({"rows": [int(call.path.rsplit("=", 1)[1])] * 5_000}).encode())

    with faulty_server(echo, in_order(*[Fault.DUPLICATE_REPLY] * 40)) as server:
        client = client_of(server.url)
        for number in range(41):
            assert set(client.json(Request(params={"n": number}), Rows).rows) == {number}


def test_pauses_double_with_full_jitter_up_to_the_longest(client_of, fake_time):
    limits = Limits(attempts=6, first_pause=1.0, longest_pause=5.0, timeout=1_000)
    with faulty_server(status(503)) as server, pytest.raises(SourceError):
        client_of(server.url, limits=limits).get()
    assert fake_time.pauses == [2.0, 4.0, 5.0, 5.0, 5.0]
    fake_time.pauses.clear()
    fake_time.chance = 0.5
    with faulty_server(status(503)) as server, pytest.raises(SourceError):
        client_of(server.url, limits=limits).get()
    assert fake_time.pauses == [1.0, 2.0, 2.5, 2.5, 2.5]


def test_the_whole_call_keeps_its_deadline(client_of, fake_time):
    limits = Limits(attempts=1_000, first_pause=3.0, longest_pause=3.0, timeout=20.0)
    began = fake_time.now
    with faulty_server(status(503, b'{"message": "warming up"}')) as server:
        with pytest.raises(TimeoutError, match="warming up") as caught:
            client_of(server.url, limits=limits).get()
    assert fake_time.now - began <= 20.0
    assert "attempt 7" in str(caught.value)
    assert "longer timeout" in caught.value.fix


def test_a_patience_within_the_deadline_is_kept(client_of, fake_time):
    answers = iter([Reply(b"", 429, headers={"Retry-After": "7"}), Reply(BODY)])
    with faulty_server(lambda _call: next(answers)) as server:
        client_of(server.url).get()
    assert fake_time.pauses == [7.0]


def test_a_patience_given_as_a_date_is_kept(client_of, fake_time):
    soon = formatdate(fake_time.now + 9, usegmt=True)
    answers = iter([Reply(b"", 503, headers={"Retry-After": soon}), Reply(BODY)])
    with faulty_server(lambda _call: next(answers)) as server:
        client_of(server.url).get()
    assert fake_time.pauses == [9.0]


def test_a_patience_beyond_the_deadline_fails_at_once(client_of, fake_time):
    with faulty_server(canned, in_order(Fault.RETRY_AFTER_HOUR)) as server:
        with pytest.raises(RateLimitError, match="asks to wait 1h, longer than is left of the 1m") as caught:
            client_of(server.url).get()
    assert fake_time.pauses == []
    assert "the server says 429" in caught.value.problem


def test_a_stalled_server_costs_no_more_than_the_deadline():
    with faulty_server(canned, lambda _number: Fault.STALL) as server:
        client = HttpClient(server.url, limits=Limits(stall=30.0, timeout=0.3))
        with pytest.raises(TimeoutError, match="not answered in time"):
            client.get()


def test_a_dripping_server_costs_no_more_than_the_deadline():
    with faulty_server(canned, lambda _number: Fault.SLOW_DRIP, drip_seconds=60.0) as server:
        client = HttpClient(server.url, limits=Limits(stall=30.0, timeout=0.3))
        with pytest.raises(TimeoutError, match="not answered in time"):
            client.get()


def test_a_bomb_is_stopped_at_the_cap_and_not_asked_for_again(client_of):
    with faulty_server(canned, in_order(Fault.GZIP_BOMB), bomb_bytes=64 << 20) as server:
        with pytest.raises(SourceError, match=r"more than 1 MiB \(decoded\)"):
            client_of(server.url, limits=Limits(body_bytes=1 << 20)).get()
        assert len(server.served) == 1


def test_gzip_is_asked_for_and_undone(client_of):
    def squeezed(call):
        assert call.headers["accept-encoding"] == "gzip"
        return Reply(gzip.compress(BODY), headers={"Content-Encoding": "gzip"})

    with faulty_server(squeezed) as server:
        assert client_of(server.url).get().body == BODY


def test_gzip_of_several_members_and_any_size_is_whole(client_of):
    parts = [b"a" * (3 << 20), b"", bytes(range(256)) * 4_096, b"b" * (1 << 18)]
    body = b"".join(gzip.compress(part) for part in parts)
    with faulty_server(lambda _call: Reply(body, headers={"Content-Encoding": "gzip"})) as server:
        assert client_of(server.url).get().body == b"".join(parts)


@pytest.mark.parametrize("cut", [10, -4])
def test_gzip_that_ends_early_is_asked_for_again(cut, client_of):
    whole = gzip.compress(BODY)
    answers = iter([whole[:cut], whole])
    with faulty_server(lambda _call: Reply(next(answers), headers={"Content-Encoding": "gzip"})) as server:
        assert client_of(server.url).get().body == BODY


def test_a_login_page_is_an_auth_error_with_advice(client_of):
    with faulty_server(canned, in_order(Fault.LOGIN_PAGE)) as server:
        with pytest.raises(AuthError, match="web page instead of data") as caught:
            client_of(server.url).get()
    assert "single sign-on" in caught.value.fix


def test_a_web_page_is_fine_for_who_asked_for_one(client_of):
    with faulty_server(canned, in_order(Fault.LOGIN_PAGE)) as server:
        assert b"Sign in" in client_of(server.url).get(accept="text/html").body


def test_an_error_in_an_answer_with_status_200_keeps_the_servers_words(client_of):
    with (
        faulty_server(canned, in_order(Fault.ERROR_IN_OK)) as server,
        pytest.raises(SourceError, match="shard 3 is gone"),
    ):
        client_of(server.url).json(Request(), Rows)


def test_json_of_another_shape_says_what_does_not_fit(client_of):
    with faulty_server(lambda _call: Reply(b'{"rows": ["x"]}')) as server:
        with pytest.raises(SourceError, match=r"Expected `int`, got `str` - at `\$\.rows\[0\]`"):
            client_of(server.url).json(Request(), Rows)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, QueryError),
        (401, AuthError),
        (403, AuthError),
        (404, SourceError),
        (405, UnsupportedError),
        (413, SourceError),
        (422, QueryError),
        (429, RateLimitError),
        (501, UnsupportedError),
        (500, SourceError),
        (504, TimeoutError),
    ],
)
def test_each_status_is_the_error_it_means_with_the_servers_words(code, kind, client_of):
    limits = Limits(attempts=1)
    with faulty_server(status(code, b'{"error": {"reason": "because of the moon"}}')) as server:
        with pytest.raises(SourceError, match=f"status {code} .*: because of the moon") as caught:
            client_of(server.url, limits=limits, backend="prometheus").call(Request("/q", query="up{"), _whole)
    assert type(caught.value) is kind
    assert caught.value.problem.startswith("prometheus: GET http://127.0.0.1")
    assert caught.value.fix


def _whole(_head, chunks):
    return b"".join(chunks)


def test_a_refused_query_is_shown(client_of):
    with faulty_server(status(400, b'{"error": "parse error"}')) as server, pytest.raises(QueryError) as caught:
        client_of(server.url).call(Request("/q", query="up{"), _whole)
    assert caught.value.query == "up{"
    assert "up{" in str(caught.value)


def test_a_write_is_not_sent_twice_and_a_search_by_post_is(client_of):
    with faulty_server(canned, in_order(Fault.UNAVAILABLE)) as server:
        with pytest.raises(SourceError, match="503"):
            client_of(server.url).call(Request(method="POST", body=b"{}"), _whole)
        assert len(server.served) == 1
    with faulty_server(canned, in_order(Fault.UNAVAILABLE)) as server:
        client_of(server.url).call(Request(method="POST", body=b"{}", safe=True), _whole)
        assert [call.body for call, _ in server.served] == [b"{}", b"{}"]


def test_nobody_listening_is_said_with_the_address(client_of):
    with faulty_server(canned) as server:
        url = server.url
    with pytest.raises(SourceError, match="Connection refused") as caught:
        client_of(url).get("/x")
    assert f"{url}/x" in str(caught.value)
    assert "check that the server runs" in caught.value.fix


def test_an_unknown_host_is_not_asked_for_again(client_of, fake_time):
    with pytest.raises(SourceError, match=r"http://nowhere\.invalid"):
        client_of("http://nowhere.invalid").get()
    assert fake_time.pauses == []


def test_a_reader_is_called_anew_for_each_attempt_and_sees_only_one_body_whole(client_of):
    seen = []

    def read(_head, chunks):
        seen.append(b"")
        for chunk in chunks:
            seen[-1] += chunk
        return seen[-1]

    with faulty_server(canned, in_order(Fault.CUT_SHORT)) as server:
        assert client_of(server.url).call(Request(), read) == BODY
    assert seen == [BODY[: len(BODY) // 2], BODY]


def test_a_reader_that_stops_early_still_learns_of_a_body_cut_short(client_of):
    with faulty_server(canned, lambda _number: Fault.CUT_SHORT) as server:
        with pytest.raises(SourceError, match="cut short"):
            client_of(server.url).call(Request(), lambda _head, chunks: next(chunks)[:1])


def test_a_readers_own_error_passes_untouched(client_of):
    def read(_head, _chunks):
        raise StoreError("the disk is full.", fix="make room.")

    with faulty_server(canned) as server, pytest.raises(StoreError, match="disk is full"):
        client_of(server.url).call(Request(), read)


def test_connections_are_reused(client_of):
    ports = set()
    with faulty_server(canned) as server:
        client = client_of(server.url)
        for _ in range(5):
            client.get()
            [idle] = client._pool._idle[next(iter(client._pool._idle))]
            ports.add(idle._http.sock._sock.getsockname()[1])
    assert len(ports) == 1


def test_many_threads_share_a_client(client_of):
    def echo(call):
        return Reply(json.dumps({"rows": [int(call.path.rsplit("=", 1)[1])] * 1_000}).encode())

    with faulty_server(echo) as server, ThreadPoolExecutor(8) as threads:
        client = client_of(server.url)
        answers = threads.map(lambda n: (n, set(client.json(Request(params={"n": n}), Rows).rows)), range(200))
        assert all(rows == {number} for number, rows in answers)


def test_parameters_and_headers_arrive_encoded(client_of):
    with faulty_server(canned) as server:
        client = client_of(server.url + "/prefix/", headers={"X-Scope-OrgID": "shop"})
        client.get("/api/v1/query", {"query": 'up{a="b c"}', "match[]": ["x", "y"]})
        [(call, _)] = server.served
    assert call.path == "/prefix/api/v1/query?query=up%7Ba%3D%22b+c%22%7D&match%5B%5D=x&match%5B%5D=y"
    assert call.headers["x-scope-orgid"] == "shop"
    assert call.headers["user-agent"].startswith("obslib/")


def test_paths_outside_ascii_are_encoded_and_what_is_encoded_stays(client_of):
    with faulty_server(canned) as server:
        client_of(server.url).get("/größe/a%2Fb c")
        [(call, _)] = server.served
    assert call.path == "/gr%C3%B6%C3%9Fe/a%2Fb%20c"


def test_the_query_of_the_url_itself_stays_and_is_never_shown(client_of):
    with faulty_server(status(404)) as server:
        client = client_of(f"{server.url}/metrics?key=s3cr3t")
        with pytest.raises(SourceError) as caught:
            client.call(Request(params={"n": 1}), _whole)
        assert server.served[0][0].path == "/metrics?key=s3cr3t&n=1"
    assert "s3cr3t" not in str(caught.value) + repr(client)


@pytest.mark.parametrize(
    "url", ["prometheus:9090", "ftp://x", "http://", "/metrics", "", "http://x:port", "http://[::1", "http://x..y"]
)
def test_what_is_no_url_is_refused_with_an_example(url):
    with pytest.raises(InputError, match="not an http or https URL"):
        HttpClient(url)


def test_a_redirect_on_the_same_host_is_followed_with_credentials(client_of):
    def answer(call):
        return Reply(BODY) if call.path == "/new" else Reply(b"", 302, headers={"Location": "/new"})

    with faulty_server(answer) as server:
        assert client_of(server.url, credentials=TOKEN).get("/old").body == BODY
        assert [call.headers["authorization"] for call, _ in server.served] == ["Bearer hunter2-token"] * 2


def test_credentials_never_follow_to_another_host(client_of):
    with faulty_server(canned) as other, faulty_server(status(307, Location=other.url + "/login")) as server:
        with pytest.raises(AuthError, match="where its credentials must not go"):
            client_of(server.url, credentials=TOKEN).get()
        assert other.served == []


def test_without_credentials_a_redirect_to_another_host_is_followed(client_of):
    with faulty_server(canned) as other, faulty_server(status(307, Location=other.url + "/data")) as server:
        assert client_of(server.url).get().body == BODY


def test_a_circle_of_redirects_ends(client_of):
    with faulty_server(status(302, Location="/again")) as server, pytest.raises(SourceError, match="in a circle"):
        client_of(server.url).get()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "http://x:port/", "http://[::1"])
def test_a_redirect_to_something_else_than_the_web_is_refused(target, client_of):
    with faulty_server(status(302, Location=target)) as server:
        with pytest.raises(SourceError, match="no web address"):
            client_of(server.url).get()


@pytest.mark.slow
def test_a_third_of_all_requests_faulted_gives_no_wrong_body_and_only_typed_errors(client_of, fake_time):
    """1,000 calls over every kind of fault: right, or an error of ours within the deadline."""

    def echo(call):
        return Reply(json.dumps({"rows": [int(call.path.rsplit("=", 1)[1])] * 400}).encode())

    limits = Limits(stall=0.1, timeout=30.0, body_bytes=1 << 20)
    right, failed, longest = 0, [], 0.0
    with faulty_server(echo, at_random(0.3, seed=11), drip_seconds=0.02, bomb_bytes=16 << 20) as server:
        client = client_of(server.url, limits=limits, credentials=TOKEN)
        for number in range(1_000):
            began = fake_time.now
            try:
                rows = client.json(Request("/api", params={"n": number}), Rows).rows
            except SourceError as error:
                failed.append(error)
            else:
                assert rows == [number] * 400
                right += 1
            longest = max(longest, fake_time.now - began)
        assert set(server.faults()) == set(Fault)
    assert right + len(failed) == 1_000
    assert all("127.0.0.1" in error.problem and error.fix and "hunter2" not in str(error) for error in failed)
    assert longest <= limits.timeout + 1.0
    assert right > 900
