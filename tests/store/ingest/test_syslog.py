"""Syslog: the examples of both RFCs, years that are not written, structured data, stack traces."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .support import log_rows, read

NOW = "2026-11-25T12:00:00Z"


def rows_of(tmp_path: Path, *written: str, now: str = NOW) -> list[dict[str, object]]:
    batches, report = read(tmp_path / "syslog", "".join(f"{line}\n" for line in written), now=now, format="syslog")
    assert report.skipped_total == 0
    return log_rows(batches)


def test_the_first_example_of_rfc_5424(tmp_path: Path):
    line = "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick"
    (row,) = rows_of(tmp_path, line)
    assert row["timestamp"] == pd.Timestamp("2003-10-11T22:14:15.003Z")
    assert row["body"] == "'su root' failed for lonvick"
    assert row["service_name"] == "su"
    assert (row["severity_number"], row["severity_text"]) == (21, "CRIT")
    assert row["log_attributes"] == {
        "host.name": "mymachine.example.com",
        "syslog.facility": "auth",
        "syslog.msg.id": "ID47",
    }


def test_structured_data_of_rfc_5424(tmp_path: Path):
    data = r'[exampleSDID@32473 iut="3" eventSource="App\"lication\\ \]" eventID="1011"]'
    data += '[examplePriority@32473 class="high"]'
    line = f"<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - {data} %% It's time"
    (row,) = rows_of(tmp_path, line)
    assert row["timestamp"] == pd.Timestamp("2003-08-24T12:14:15.000003Z")
    assert row["body"] == "%% It's time"
    assert row["log_attributes"] == {
        "host.name": "192.0.2.1",
        "process.pid": "8710",
        "syslog.facility": "local4",
        "exampleSDID@32473.iut": "3",
        "exampleSDID@32473.eventSource": 'App"lication\\ ]',
        "exampleSDID@32473.eventID": "1011",
        "examplePriority@32473.class": "high",
    }


def test_structured_data_without_parameters_or_message(tmp_path: Path):
    (row,) = rows_of(tmp_path, "<14>1 2003-10-11T22:14:15Z - - - - [only@1]")
    assert (row["body"], row["log_attributes"]) == ("", {"syslog.facility": "user"})


@settings(max_examples=30, deadline=None)
@given(value=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=12))
def test_any_parameter_value_comes_back(tmp_path_factory: pytest.TempPathFactory, value: str):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")
    line = f'<14>1 2003-10-11T22:14:15Z h a p - [x@1 v="{escaped}"] m'
    (row,) = rows_of(tmp_path_factory.mktemp("syslog"), line)
    assert row["log_attributes"]["x@1.v"] == value


def test_the_first_example_of_rfc_3164(tmp_path: Path):
    (row,) = rows_of(tmp_path, "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8")
    assert row["timestamp"] == pd.Timestamp("2026-10-11T22:14:15Z")
    assert (row["service_name"], row["body"]) == ("su", "'su root' failed for lonvick on /dev/pts/8")
    assert row["log_attributes"] == {"host.name": "mymachine", "syslog.facility": "auth"}


def test_files_of_a_syslog_daemon_have_no_priority(tmp_path: Path):
    (row,) = rows_of(tmp_path, "Nov  5 06:25:01 web1 CRON[4711]: (root) CMD (test -x /usr/sbin/anacron)")
    assert row["timestamp"] == pd.Timestamp("2026-11-05T06:25:01Z")
    assert (row["severity_number"], row["severity_text"]) == (0, "")
    assert row["service_name"] == "CRON"
    assert row["log_attributes"] == {"host.name": "web1", "process.pid": "4711"}


def test_rsyslog_s_own_format_has_the_whole_time(tmp_path: Path):
    (row,) = rows_of(tmp_path, "2026-11-01T12:00:00.250+01:00 web1 app[1]: hello: world")
    assert row["timestamp"] == pd.Timestamp("2026-11-01T11:00:00.25Z")
    assert row["body"] == "hello: world"


@pytest.mark.parametrize(
    ("written", "now", "expected"),
    [
        ("Nov 25 11:00:00", NOW, "2026-11-25T11:00:00Z"),
        ("Dec 31 23:59:59", "2027-01-01T00:00:10Z", "2026-12-31T23:59:59Z"),
        ("Jan  1 00:00:05", "2026-12-31T23:59:58Z", "2027-01-01T00:00:05Z"),  # a clock that runs ahead
        ("Nov 27 11:00:00", NOW, "2025-11-27T11:00:00Z"),
        ("Feb 29 10:00:00", NOW, "2024-02-29T10:00:00Z"),
        ("Feb 29 10:00:00", "2104-01-01T00:00:00Z", "2096-02-29T10:00:00Z"),
    ],
)
def test_the_year_is_the_latest_that_is_not_in_the_future(tmp_path: Path, written: str, now: str, expected: str):
    (row,) = rows_of(tmp_path, f"{written} host app: x", now=now)
    assert row["timestamp"] == pd.Timestamp(expected)


@pytest.mark.parametrize(("level", "number"), list(enumerate((24, 22, 21, 17, 13, 10, 9, 5))))
def test_severities_follow_opentelemetry(tmp_path: Path, level: int, number: int):
    first, second = rows_of(
        tmp_path, f"<{8 + level}>Oct 11 22:14:15 h a: x", f"<{184 + level}>1 2003-10-11T22:14:15Z h a - - - x"
    )
    assert first["severity_number"] == second["severity_number"] == number
    assert (first["log_attributes"]["syslog.facility"], second["log_attributes"]["syslog.facility"]) == (
        "user",
        "local7",
    )


def test_a_message_without_a_tag_is_all_body(tmp_path: Path):
    (row,) = rows_of(tmp_path, "Oct 11 22:14:15 host last message repeated 3 times")
    assert (row["service_name"], row["body"]) == ("", "last message repeated 3 times")


def test_stack_traces_join_the_record_above(tmp_path: Path):
    first, second = rows_of(
        tmp_path,
        "Nov 25 02:00:00 host app: boom",
        "\tat shop.Cart.add(Cart.java:7)",
        "Caused by: java.io.IOException",
        "\t... 12 more",
        "Nov 25 02:00:01 host app: fine",
    )
    assert first["body"] == "boom\n\tat shop.Cart.add(Cart.java:7)\nCaused by: java.io.IOException\n\t... 12 more"
    assert second["body"] == "fine"


def test_garbage_ends_a_stack_trace_and_is_counted_with_what_follows(tmp_path: Path):
    content = "  orphan\nNov 25 02:00:00 h app: boom\n  at one\ngarbage\n  at two\n\nNov 25 02:00:01 h app: x\n"
    batches, report = read(tmp_path / "syslog", content, now=NOW)
    assert [row["body"] for row in log_rows(batches)] == ["boom\n  at one", "x"]
    assert report.skipped == {"not a syslog line (RFC 5424 or 3164, priority at most 191)": 3}
    assert [one.where for one in report.examples] == ["line 1", "line 4", "line 5"]


def test_a_priority_beyond_191_is_no_syslog(tmp_path: Path):
    written = ["<191>Oct 11 22:14:15 h a: x", "<192>Oct 11 22:14:15 h a: x", "<999>1 2003-10-11T22:14:15Z h a - - - x"]
    batches, report = read(tmp_path / "syslog", "\n".join(written), now=NOW, format="syslog")
    assert [row["severity_text"] for row in log_rows(batches)] == ["DEBUG"]
    assert report.skipped == {"not a syslog line (RFC 5424 or 3164, priority at most 191)": 2}


def test_the_assumed_year_and_zone_are_flagged(tmp_path: Path):
    written = [
        "Nov 27 11:00:00 h a: x",
        "2026-11-01T12:00:00Z h a: x",
        "Nov  1 11:00:00 h a: x",
        "Nov  2 11:00:00 h a: x",
    ]
    _, report = read(tmp_path / "syslog", "\n".join(written), now=NOW, format="syslog")
    assert report.flagged == {
        "time without a year and zone, read as of 2025 in UTC": 1,
        "time without a year and zone, read as of 2026 in UTC": 2,
    }
    assert [one.where for one in report.flagged_examples] == ["line 1", "line 3", "line 4"]


def test_records_without_a_time_are_counted(tmp_path: Path):
    content = "<14>1 - h app - - - no time\n<14>1 2003-10-11T22:14:15Z h app - - - timed\nNov 31 00:00:00 h app: x\n"
    batches, report = read(tmp_path / "syslog", content, now=NOW)
    assert [row["body"] for row in log_rows(batches)] == ["timed"]
    assert report.skipped == {"record without a time that can be read": 2}


def test_without_now_the_file_s_own_time_gives_the_year(tmp_path: Path):
    import os

    path = tmp_path / "syslog"
    path.write_text("Mar  3 10:00:00 host app: x\n")
    moment = pd.Timestamp("2019-06-01T00:00:00Z").timestamp()
    os.utime(path, (moment, moment))
    from obslib.store.ingest import read_file

    assert log_rows(read_file(path))[0]["timestamp"] == pd.Timestamp("2019-03-03T10:00:00Z")
