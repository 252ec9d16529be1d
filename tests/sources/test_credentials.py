"""Credentials are in clear on the wire and nowhere else."""

from __future__ import annotations

import base64
import logging
import traceback

import pytest

from obslib.core.errors import InputError, ObslibError
from obslib.core.secrets import Secret
from obslib.sources._credentials import ANONYMOUS, Credentials, redact_urls, split_userinfo
from obslib.sources._request import Limits, Request
from obslib.testing.faults import ALL_FAULTS, Fault, Reply, faulty_server

PASSWORD = "s3cr3t/pass word+1"  # noqa: S105 - it is what must not be seen
TOKEN = "tok-4711-abcdef"  # noqa: S105
KEY = "key-0815-xyz"


def secret(text):
    return Secret(text, origin="a test")


def everything():
    return (
        Credentials.bearer(secret(TOKEN))
        | Credentials.header("X-API-Key", secret(KEY))
        | Credentials.basic("ada", secret(PASSWORD))
    )


SPELLINGS = [TOKEN, KEY, PASSWORD, "s3cr3t", base64.b64encode(f"ada:{PASSWORD}".encode()).decode()]


def test_each_kind_becomes_the_header_it_should():
    assert list(everything().reveal()) == [
        ("Authorization", f"Bearer {TOKEN}"),
        ("X-API-Key", KEY),
        ("Authorization", "Basic " + base64.b64encode(f"ada:{PASSWORD}".encode()).decode()),
    ]
    assert not ANONYMOUS
    assert everything()


def test_the_repr_says_where_secrets_come_from():
    assert repr(Credentials.bearer(secret(TOKEN))) == "Credentials(Authorization from a test)"


@pytest.mark.parametrize("text", ["two\nlines", "trailing\r\n", "", "  ", "schlüssel\u2028"])
def test_a_secret_that_cannot_be_a_header_is_refused_without_showing_it(text):
    with pytest.raises(InputError, match="secret from a test") as caught:
        Credentials.bearer(secret(text))
    assert not text.strip() or text not in str(caught.value)


def test_every_spelling_is_taken_out_of_a_text():
    text = " ".join([TOKEN, KEY, PASSWORD, SPELLINGS[-1], "s3cr3t%2Fpass%20word%2B1", "https://ada:s3cr3t@host/x"])
    redacted = everything().redact(text)
    assert "s3cr3t" not in redacted
    assert not any(spelling in redacted for spelling in SPELLINGS)
    assert "@host/x" in redacted


def test_user_info_of_a_url_becomes_credentials():
    url, credentials = split_userinfo("https://ada:p%40ss@example.com:9090/prefix")
    assert url == "https://example.com:9090/prefix"
    assert list(credentials.reveal()) == [("Authorization", "Basic " + base64.b64encode(b"ada:p@ss").decode())]
    assert split_userinfo("https://example.com/a@b") == ("https://example.com/a@b", ANONYMOUS)


def test_urls_in_texts_lose_their_user_info():
    assert redact_urls("see http://a:b@x/y and mail me@x") == "see http://********@x/y and mail me@x"


def leaks(error):
    """Every text that a person or a tool could see of an error, the variables of our frames included."""
    ours = error.__traceback__.tb_next  # below the test's own frame, which knows the secrets
    shown = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    return "".join([repr(error), str(error), str(vars(error)), *shown.format()])


@pytest.mark.parametrize("fault", [*ALL_FAULTS, None])
def test_no_credential_is_in_any_error_repr_traceback_or_log_record(fault, client_of, caplog):
    """Whatever goes wrong, and even where the server repeats the credentials in its message."""
    caplog.set_level(logging.DEBUG)

    def echo(call):
        return Reply(f'{{"error": "not allowed: {call.headers}"}}'.replace("'", "").encode(), 401)

    limits = Limits(stall=0.1, attempts=2, body_bytes=1 << 20)
    with faulty_server(echo, lambda _number: fault, bomb_bytes=4 << 20) as server:
        address = server.url.replace("://", "://ada:s3cr3t%2Fpass%20word%2B1@")
        credentials = Credentials.bearer(secret(TOKEN)) | Credentials.header("X-API-Key", secret(KEY))
        client = client_of(address, credentials=credentials, limits=limits)
        with pytest.raises(ObslibError) as caught:
            client.json(Request("/api"), dict[str, int])
        assert server.served[0][0].headers["x-api-key"] == KEY
    seen = leaks(caught.value) + repr(client) + str(vars(client)) + caplog.text
    assert not [spelling for spelling in SPELLINGS if spelling in seen]
    if fault in {None, Fault.DUPLICATE_REPLY}:
        assert "not allowed" in seen


def test_no_credential_is_shown_when_nobody_answers(client_of):
    with faulty_server(lambda _call: Reply()) as server:
        address = server.url.replace("://", "://ada:s3cr3t@")
    with pytest.raises(ObslibError) as caught:
        client_of(address, credentials=Credentials.bearer(secret(TOKEN))).get()
    assert not [spelling for spelling in SPELLINGS if spelling in leaks(caught.value)]
