"""The first notebook on data that no generator made: two scraped servers and an instrumented program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from obslib.cli import main
from tests.live.support import live_server
from tests.live.telemetry import run_shop

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "00_start_here.ipynb"
PLOTLY = "application/vnd.plotly.v1+json"


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
    """Its charts show the real metrics, its tables the spans and logs of the instrumented program."""
    page, executed = tmp_path / "page.html", tmp_path / "executed.ipynb"
    command = ["run", str(NOTEBOOK), "--profile", f"store:{real_store}", "--last", "10m"]
    command += ["-p", "metric=sum by (mode) (rate(node_cpu_seconds_total[1m]))"]
    assert main([*command, "--out", str(page), "--ipynb", str(executed)]) == 0
    assert page.stat().st_size > 10_000
    charts, texts = outputs_of(executed)
    names = {trace["name"] for chart in charts for trace in chart["data"] if trace.get("name")}
    assert {"idle", "user", "system"} <= names, texts
    assert "POST /checkout" in texts
    assert "card declined" in texts or "paid cart" in texts


def outputs_of(path):
    """The plotly figures and the concatenated texts among a notebook's outputs."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    bundles = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    charts = [bundle[PLOTLY] for bundle in bundles if PLOTLY in bundle]
    return charts, "".join("".join(bundle.get("text/plain", "")) for bundle in bundles)
