"""What backends say in the bodies of their errors, and how long they ask us to wait."""

from __future__ import annotations

import pytest

from obslib.sources._answers import Head, error_of_status, is_web_page, message_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"status":"error","errorType":"bad_data","error":"1:5: parse error"}', "1:5: parse error"),
        (
            b'{"error":{"root_cause":[],"type":"x","reason":"no such index [logs]"},"status":404}',
            "no such index [logs]",
        ),
        (b'{"errors":["first","second"]}', "first; second"),
        (b'{"errors":[{"title":"Forbidden","detail":"no scope"}]}', "no scope"),
        (b'{"code":16,"message":"invalid  API\\nkey"}', "invalid API key"),
        (b'{"detail":"not found"}', "not found"),
        (b'"just text"', "just text"),
        (b"plain text\n", "plain text"),
        (b"<html><head><title>502 Bad Gateway</title></head>", "502 Bad Gateway"),
        (b"<html><body>no title</body>", ""),
        (b'{"rows":[]}', ""),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b"[" * 100_000, "[" * 500),
    ],
)
def test_the_message_is_found_in_every_common_form(body, message):
    assert message_of(body) == message


def test_a_message_is_cut_at_a_readable_length():
    assert len(message_of(b'{"message":"' + b"x" * 5_000 + b'"}')) == 500


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("9" * 400, 365 * 86_400.0),
        ("", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:00:30 GMT", 20.0),
    ],
)
def test_patience_is_seconds_or_a_date(value, seconds):
    assert Head(429, {"retry-after": value}).retry_after(wall_seconds=10.0) == seconds


def test_a_date_in_the_past_asks_for_no_patience():
    assert Head(429, {"retry-after": "Thu, 01 Jan 1970 00:00:30 GMT"}).retry_after(wall_seconds=99.0) == 0.0


def test_a_web_page_is_known_by_type_or_first_bytes():
    assert is_web_page(Head(200, {"content-type": "text/html; charset=utf-8"}), b"")
    assert is_web_page(Head(200, {}), b"\n <!DocType HTML><p>")
    assert is_web_page(Head(200, {}), b"<html>")
    assert not is_web_page(Head(200, {"content-type": "text/plain"}), b"# HELP up\n")


def test_an_unknown_status_is_still_an_error_with_advice():
    error = error_of_status(599, "x: GET y (attempt 1)", "", "")
    assert str(error).startswith("x: GET y (attempt 1) was answered with status 599 (unknown).\nTo fix: ")
