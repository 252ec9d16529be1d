"""The first notebook on data that no generator made: two scraped servers and an instrumented program."""

from __future__ import annotations

from pathlib import Path

import pytest

from obslib.cli import main
from tests.live.support import live_server
from tests.live.telemetry import run_shop

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"


@pytest.fixture
def real_store(tmp_path):
    """A store with real metrics, traces and logs of the last seconds."""
    folder = tmp_path / "store"
    with live_server("node_exporter") as exporter, live_server("prometheus") as prometheus:
        assert (
            main(["scrape", exporter.url, prometheus.url, "--every", "500ms", "--for", "4s", "--store", str(folder)])
            == 0
        )
    assert main(["ingest", *map(str, run_shop(tmp_path, "json").files), "--store", str(folder)]) == 0
    return folder


@pytest.mark.live
@pytest.mark.slow
def test_start_here_runs_on_a_store_of_real_telemetry(real_store, tmp_path):
    page = tmp_path / "page.html"
    assert main(["run", str(NOTEBOOK), "--profile", f"store:{real_store}", "--last", "1h", "--out", str(page)]) == 0
    assert page.stat().st_size > 10_000
