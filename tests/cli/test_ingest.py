"""`obslib ingest`: files in, rows in the store, a report per file, nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from obslib.cli import main
from obslib.store.ingest import lines
from obslib.store.store import Store

LOG = '{"time":"2026-11-01T12:00:00Z","level":"error","msg":"boom"}\n'
PROM = 'up{job="a"} 1 1793534400000\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.log").write_text(LOG + "noise\n")
    (tmp_path / "node.prom").write_text(PROM)
    (tmp_path / "bad.bin").write_bytes(bytes(range(256)))
    return tmp_path


def rows(path: str = "telemetry") -> dict[str, int]:
    return {one.signal: one.rows for one in Store.open(path).info() if one.rows and one.signal != "series"}


def test_files_of_several_formats_go_into_a_store_that_is_made(folder: Path, capsys):
    assert main(["ingest", "app.log", "node.prom"]) == 0
    assert rows() == {"logs": 1, "metrics": 1}
    assert capsys.readouterr().out.splitlines() == [
        "app.log: json-lines: 1 log",
        "  skipped 1: not a JSON object (line 2)",
        "node.prom: openmetrics: 1 metric",
    ]


def test_one_bad_file_does_not_keep_the_others_out_but_fails_the_command(folder: Path, capsys):
    assert main(["ingest", "bad.bin", "nowhere.log", "app.log", "--store", "other"]) == 1
    assert rows("other") == {"logs": 1}
    complaints = capsys.readouterr().err
    assert "bad.bin, byte 0: the content is of no known format" in complaints
    assert "nowhere.log: cannot be read: No such file" in complaints
    assert "To fix:" in complaints
    assert "2 of 3 files could not be read" in complaints


def test_the_same_content_is_not_stored_twice_whatever_its_name(folder: Path, capsys):
    main(["ingest", "app.log"])
    (folder / "copy.log").write_bytes((folder / "app.log").read_bytes())
    assert main(["ingest", "copy.log"]) == 0
    assert rows() == {"logs": 1}
    assert "copy.log: was read before as json-lines, nothing to do (--again" in capsys.readouterr().out


def test_again_stores_it_once_more(folder: Path):
    main(["ingest", "app.log"])
    assert main(["ingest", "app.log", "--again"]) == 0
    assert rows() == {"logs": 2}


def test_an_interrupted_ingest_goes_on_where_it_stopped(folder: Path, monkeypatch):
    monkeypatch.setattr(lines, "CHUNK_BYTES", 400)
    (folder / "big.log").write_text("".join(LOG.replace("boom", f"m{n}") for n in range(50)))
    append, appended = Store.append, []

    def fail_at_the_third(store: Store, batch, *, origin: str = "") -> None:
        if len(appended) == 2:
            raise KeyboardInterrupt
        appended.append(origin)
        append(store, batch, origin=origin)

    monkeypatch.setattr(Store, "append", fail_at_the_third)
    assert main(["ingest", "big.log"]) == 130
    assert 0 < rows()["logs"] < 50
    monkeypatch.setattr(Store, "append", append)
    assert main(["ingest", "big.log"]) == 0
    bodies = Store.open("telemetry").sql("select body from logs")["body"]
    assert sorted(bodies) == sorted(f"m{n}" for n in range(50))


def test_format_and_service_are_taken_from_the_command(folder: Path):
    (folder / "odd.txt").write_text("Nov 25 02:00:00 host last message repeated 3 times\n")
    assert main(["ingest", "odd.txt", "--format", "syslog", "--service", "kernel"]) == 0
    assert Store.open("telemetry").sql("select service_name from logs")["service_name"].tolist() == ["kernel"]


def test_the_same_content_is_read_again_in_another_format_or_for_another_service(folder: Path, capsys):
    (folder / "odd.log").write_text("Nov 25 02:00:00 host x\n" * 2 + LOG * 3)
    for options, summary in (
        ([], "odd.log: json-lines: 3 logs"),
        (["--format", "syslog"], "odd.log: syslog: 2 logs"),
        (["--service", "shop"], "odd.log: json-lines: 3 logs"),
    ):
        assert main(["ingest", "odd.log", *options]) == 0
        assert capsys.readouterr().out.startswith(summary)
    assert main(["ingest", "odd.log", "--format", "json-lines", "--service", "shop"]) == 0
    assert "was read before as json-lines of service 'shop', nothing to do" in capsys.readouterr().out
    assert rows() == {"logs": 8}


def test_an_unknown_format_is_wrong_usage(folder: Path, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["ingest", "app.log", "--format", "xml"])
    assert stopped.value.code == 2
    assert "access-log" in capsys.readouterr().err


def test_what_was_ingested_can_be_queried_as_series(folder: Path):
    main(["ingest", "node.prom"])
    found = Store.open("telemetry").sql("select metric_name, labels['job'] as job, value from metrics")
    assert found.to_dict("records") == [{"metric_name": "up", "job": "a", "value": 1.0}]
