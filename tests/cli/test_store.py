"""`obslib store`: what an operator sees and does."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from obslib.cli import main
from obslib.core.layout import Batch
from obslib.store.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> str:
    store = Store.create(tmp_path / "telemetry")
    for day in ("2026-09-01", "2026-11-01"):
        stamp = (
            pa.array([f"{day}T00:00:00", f"{day}T01:00:00"]).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC"))
        )
        store.append(
            Batch(logs=pa.table({"timestamp": stamp, "body": ["first", "second"], "service_name": ["web", "web"]}))
        )
    return str(store.folder)


def test_info_shows_rows_sizes_and_extent(folder: str, capsys: pytest.CaptureFixture[str]):
    assert main(["store", "info", folder]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("logs"))
    assert line.split()[:2] == ["logs", "4"]
    assert line.endswith("2026-09-01 00:00 .. 2026-11-01 01:00")


def test_sql_prints_a_table_or_csv(folder: str, capsys: pytest.CaptureFixture[str]):
    question = "select service_name, count(*) as n from logs group by all"
    assert main(["store", "sql", folder, question]) == 0
    assert capsys.readouterr().out.split() == ["service_name", "n", "web", "4"]
    assert main(["store", "sql", folder, question, "--csv"]) == 0
    assert capsys.readouterr().out == "service_name,n\nweb,4\n"


def test_sql_that_writes_is_refused(folder: str, capsys: pytest.CaptureFixture[str]):
    assert main(["store", "sql", folder, "drop view logs"]) == 1
    assert "read-only" in capsys.readouterr().err


def test_compact_and_retain_say_what_they_did(folder: str, capsys: pytest.CaptureFixture[str]):
    assert main(["store", "compact", folder]) == 0
    assert "compacted" in capsys.readouterr().out
    assert main(["store", "retain", folder]) == 0
    assert "no retention rules" in capsys.readouterr().out
    assert main(["store", "retain", folder, "logs 9000d"]) == 0
    assert capsys.readouterr().out == "logs: 0 rows deleted\n"
