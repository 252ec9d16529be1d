"""Access logs: common, combined, and what attackers and proxies make of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from .support import log_rows, read

COMMON = '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
COMBINED = COMMON + ' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"'


def row_of(tmp_path: Path, line: str) -> dict[str, object]:
    batches, report = read(tmp_path / "access.log", line + "\n", format="access-log")
    assert report.skipped_total == 0
    (row,) = log_rows(batches)
    return row


def test_the_example_of_the_httpd_documentation(tmp_path: Path):
    row = row_of(tmp_path, COMMON)
    assert row["timestamp"] == pd.Timestamp("2000-10-10T20:55:36Z")
    assert row["body"] == COMMON
    assert row["log_attributes"] == {
        "client.address": "127.0.0.1",
        "user.name": "frank",
        "http.request.method": "GET",
        "url.path": "/apache_pb.gif",
        "network.protocol.version": "1.0",
        "http.response.status_code": 200,
        "http.response.body.size": 2326,
    }


def test_the_combined_format_adds_referer_and_agent(tmp_path: Path):
    found = row_of(tmp_path, COMBINED)["log_attributes"]
    assert found["http.request.header.referer"] == "http://www.example.com/start.html"
    assert found["user_agent.original"] == "Mozilla/4.08 [en] (Win98; I ;Nav)"


@pytest.mark.parametrize(
    ("status", "number", "text"),
    [("200", 9, "INFO"), ("304", 9, "INFO"), ("404", 13, "WARN"), ("503", 17, "ERROR"), ("-", 9, "INFO")],
)
def test_the_status_gives_the_severity(tmp_path: Path, status: str, number: int, text: str):
    row = row_of(tmp_path, COMMON.replace(" 200 ", f" {status} "))
    assert (row["severity_number"], row["severity_text"]) == (number, text)


def test_what_the_server_did_not_know_is_left_out(tmp_path: Path):
    found = row_of(tmp_path, '::1 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 200 - "-" "-"')["log_attributes"]
    assert set(found) == {
        "client.address",
        "http.request.method",
        "url.path",
        "network.protocol.version",
        "http.response.status_code",
    }


def test_queries_are_split_off(tmp_path: Path):
    found = row_of(tmp_path, COMMON.replace(".gif", ".gif?a=1&b=%20?x"))["log_attributes"]
    assert (found["url.path"], found["url.query"]) == ("/apache_pb.gif", "a=1&b=%20?x")


@pytest.mark.parametrize("request_line", [r"\x16\x03\x01\x02", "", "-", r"GET /\"x\" y", "hello"])
def test_requests_that_are_no_http_are_kept_as_they_came(tmp_path: Path, request_line: str):
    line = f'1.2.3.4 - - [10/Oct/2000:13:55:36 +0000] "{request_line}" 400 0'
    row = row_of(tmp_path, line)
    assert row["body"] == line
    kept = row["log_attributes"].get("http.request.line")
    assert kept == (request_line if request_line not in {"", "-"} else None)


def test_escaped_quotes_in_headers_are_plain_again(tmp_path: Path):
    found = row_of(tmp_path, COMMON + r' "-" "a \"quoted\" \\ agent"')["log_attributes"]
    assert found["user_agent.original"] == 'a "quoted" \\ agent'


def test_quotes_in_requests_are_unescaped(tmp_path: Path):
    line = COMMON.replace("/apache_pb.gif", r"/a\"b?q=\"x\"&w=\\d")
    found = row_of(tmp_path, line)["log_attributes"]
    assert (found["url.path"], found["url.query"]) == ('/a"b', 'q="x"&w=\\d')


def test_further_fields_of_a_custom_format_are_kept(tmp_path: Path):
    assert row_of(tmp_path, COMBINED + ' rt=0.123 "upstream"')["log_attributes"]["access_log.rest"] == (
        'rt=0.123 "upstream"'
    )


def test_lines_of_another_form_and_impossible_times_are_counted(tmp_path: Path):
    content = "\n".join([COMMON, "garbage", COMMON.replace("Oct", "Foo"), COMBINED, ""]) + "\n"
    batches, report = read(tmp_path / "access.log", content)
    assert report.format == "access-log"
    assert len(log_rows(batches)) == 2
    assert report.skipped == {
        "not an access log line (common or combined)": 1,
        "record without a time that can be read": 1,
    }
    assert {one.where for one in report.examples} == {"line 2", "line 3"}


def test_the_service_is_the_given_one(tmp_path: Path):
    batches, _ = read(tmp_path / "access.log", COMMON + "\r\n", service="web")
    (row,) = log_rows(batches)
    assert (row["service_name"], row["body"]) == ("web", COMMON)
