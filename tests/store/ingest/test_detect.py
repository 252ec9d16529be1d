"""Formats are told apart by content, then by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from obslib.store.ingest.detect import detect

from .support import logs, otlp_json, traces

SPAN = traces([{"name": "a"}], {"service.name": "a"})
CONTENT = {
    "empty": [b"", b"\n \r\n"],
    "otlp-protobuf": [SPAN.SerializeToString(), logs([{}], {}).SerializeToString()],
    "otlp-json": [otlp_json(SPAN), b'{\n  "resourceMetrics" : [', b'{"resource_logs": []}'],
    "openmetrics": [
        b"# HELP up Whether it is up.\n# TYPE up gauge\nup 1\n",
        b'http_requests_total{code="200",path="/a b"} 1 1793534400000\n',
        b'{"my.metric",a="b"} 1\n',
        b"up 1\n# EOF\n",
        b'x_bucket{le="1"} 1 # {trace_id="a"} 0.5\n',
    ],
    "json-lines": [b'{"msg": "x"}\n', b'{"a": 1}\nnoise\n{"b": 2}\n', b'{"log":"x","stream":"stdout"}\r\n'],
    "access-log": [b'::1 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200 -\n'],
    "syslog": [
        b"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - hi\n",
        b"Oct 11 22:14:15 host su[1]: hi\n\tat one\n\tat two\n\tat three\n",
        b"2026-11-01T12:00:00+01:00 host app: hi\n",
    ],
    "csv": [b"time,value\n1,2\n", b"host;timestamp;cpu\n"],
}


@pytest.mark.parametrize(
    ("expected", "head"), [(name, head) for name, heads in CONTENT.items() for head in heads], ids=repr
)
def test_the_content_says_what_it_is_whatever_the_name(expected: str, head: bytes):
    assert detect(head, Path("data.txt")) == expected
    assert detect(head, Path("wrong.csv")) == expected


@pytest.mark.parametrize("head", [b"hello world\n", bytes(range(256)) * 4, b"[1, 2, 3]\n", b"a,b\n1,2\n"])
def test_what_fits_no_format_is_not_guessed(head: bytes):
    assert detect(head, Path("data.txt")) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("x.csv", "csv"), ("x.ndjson.gz", "json-lines"), ("x.prom", "openmetrics"), ("x.log", None), ("x", None)],
)
def test_where_the_content_fits_none_the_extension_decides(name: str, expected: str | None):
    assert detect(b"?\n", Path(name)) == expected


def test_half_of_the_lines_must_fit():
    good, bad = b'{"msg": 1}\n', b"noise\n"
    assert detect(good * 5 + bad * 5, Path("x")) == "json-lines"
    assert detect(good * 4 + bad * 6, Path("x")) is None


def test_a_record_cut_by_the_end_of_the_head_does_not_count():
    line = b'{"msg": "' + b"x" * 200_000 + b'"}\n'
    assert detect((line * 3)[:-100], Path("x")) == "json-lines"
