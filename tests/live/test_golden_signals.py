"""The golden signals of a real node, asked of a real Prometheus that scrapes it."""

from __future__ import annotations

import time

import pytest

from obslib.cli import main
from tests.live.support import live_server
from tests.live.test_notebook import NOTEBOOK, outputs_of

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: node
    static_configs: [{{targets: ["{exporter}"]}}]
"""
GOLDEN = NOTEBOOK.with_name("01_golden_signals.ipynb")


@pytest.mark.live
@pytest.mark.slow
def test_what_is_there_is_shown_and_what_is_not_says_which_metric_it_needs(tmp_path):
    executed = tmp_path / "executed.ipynb"
    with live_server("node_exporter") as exporter:
        address = exporter.url.removeprefix("http://")
        with live_server("prometheus", files={"prometheus.yml": CONFIG.format(exporter=address)}) as prometheus:
            time.sleep(8)  # a rate needs some scrapes
            command = ["run", str(GOLDEN), "--profile", f"prometheus+{prometheus.url}", "--last", "2m"]
            assert main([*command, "--out", str(tmp_path / "page.html"), "--ipynb", str(executed)]) == 0
    charts, texts = outputs_of(executed)
    nodes = next(chart for chart in charts if chart["layout"]["title"]["text"] == "Nodes")
    assert {trace["meta"]["panel"] for trace in nodes["data"]} >= {"CPU use of nodes", "Memory use of nodes"}
    assert "it needs http_server_request_duration_seconds_bucket" in texts
    assert "it needs pg_stat_statements" in texts
