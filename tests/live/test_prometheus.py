"""The Prometheus source on real servers: 2.42, 3.16, and VictoriaMetrics by URL."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.request
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import obslib
from obslib.core.errors import SourceError
from obslib.core.frames import EVENTS, labels_of
from obslib.core.window import Window
from obslib.sources._http import HttpClient
from obslib.sources._request import Limits, Timing
from obslib.sources.prometheus import Prometheus, prometheus_source
from obslib.testing.conformance import EventSourceConformance, MetricSourceConformance
from obslib.testing.conformance_data import REQUESTS, WINDOW, expected, known_series, metric_text
from obslib.testing.faults import at_random, faulty_server, forward_to
from tests.live.servers.catalogue import PROMETHEUS3
from tests.live.support import get, live_server
from tests.support import require_tool

NO_SCRAPES = {"prometheus.yml": "global: {}\n"}
MINUTE = pd.Timedelta("1min")
RULES = """
groups:
  - name: conform
    interval: 1s
    rules:
      - {record: "conform:one", expr: "vector(1)"}
      - alert: Always
        expr: vector(1) > 0
        labels: {severity: page, service: web}
        annotations: {summary: "It is so."}
"""
CONFIG = """
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
scrape_configs:
  - job_name: prometheus
    static_configs: [{targets: ["127.0.0.1:{port}"]}]
  - job_name: nobody
    static_configs: [{targets: ["127.0.0.1:1"]}]
"""


def load_blocks(promtool, folder):
    """The suite's series as blocks in a server's data directory."""
    text = folder / "conformance.txt"
    text.write_text(metric_text(), "utf-8")
    command = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(text), str(folder / "data")]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(scope="module")
def server_with_blocks(tmp_path_factory):
    """Starts a Prometheus that holds the suite's series."""

    def start(name):
        promtool = shutil.which("promtool") or str(PROMETHEUS3.programs()[1])
        folder = tmp_path_factory.mktemp(name)
        require_tool(promtool, "apt-get install prometheus")
        load_blocks(promtool, folder)
        return live_server(name, files=NO_SCRAPES, folder=folder)

    return start


def closing_source(url):
    source = prometheus_source({"url": url})
    yield source
    source.close()


@pytest.mark.live
class TestPrometheus2(MetricSourceConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, server_with_blocks):
        with server_with_blocks("prometheus") as server:
            yield from closing_source(server.url)


@pytest.mark.live
class TestPrometheus3(MetricSourceConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def source(cls, server_with_blocks):
        with server_with_blocks("prometheus3") as server:
            yield from closing_source(server.url)


@pytest.mark.live
class TestVictoriaMetrics(MetricSourceConformance):
    differences: ClassVar = {
        "test_a_gap_is_unknown_and_not_bridged": "looks back by the distance of the samples, not by five minutes",
        "test_a_wrong_query_is_shown": "its messages name no line and column",
    }

    @pytest.fixture(scope="class")
    @classmethod
    def source(cls):
        with live_server("victoria_metrics") as server:
            body = metric_text(ticks_per_second=1_000).encode()
            request = urllib.request.Request(f"{server.url}/api/v1/import/prometheus", body, method="POST")  # noqa: S310
            urllib.request.urlopen(request, timeout=30).close()  # noqa: S310 - loopback
            get(f"{server.url}/internal/force_flush")
            yield from closing_source(server.url)


@pytest.fixture(scope="module")
def scraping():
    """A Prometheus that scrapes itself and a target that is down, with an alert that always fires."""
    with live_server("prometheus", files={"prometheus.yml": CONFIG, "rules.yml": RULES}) as server:
        source = prometheus_source({"url": server.url})
        give_up = time.monotonic() + 30
        while (
            time.monotonic() < give_up
            and source.query_instant("sum(up) == 1 and count(up) == 2 and count(ALERTS) > 0").empty
        ):
            time.sleep(0.2)
        yield source
        source.close()


@pytest.mark.live
def test_what_is_down_says_why(scraping):
    targets = scraping.targets()
    assert targets["job"].tolist() == ["nobody", "prometheus"]
    assert targets["up"].tolist() == [False, True]
    assert "refused" in targets["last_error"][0]


@pytest.mark.live
def test_rules_alerts_and_their_history(scraping):
    rules = scraping.rules()
    assert rules["name"].tolist() == ["conform:one", "Always"]
    assert rules["health"].tolist() == ["ok", "ok"]
    [alert] = EVENTS.check(scraping.alerts()).to_dict("records")
    assert (alert["name"], alert["state"], alert["annotation.summary"]) == ("Always", "firing", "It is so.")
    window = Window.last("5m")
    [fired] = EVENTS.check(scraping.query_events(window)).to_dict("records")
    assert (fired["name"], fired["severity"], fired["service"]) == ("Always", "page", "web")
    assert abs(fired["start"] - alert["start"]) < pd.Timedelta("30s")


@pytest.mark.live
class TestAlertsOfPrometheus(EventSourceConformance):
    @pytest.fixture
    def source(self, scraping):
        return scraping

    @pytest.fixture
    def window(self):
        return Window.last("5m")


@pytest.mark.live
def test_metadata_series_cardinality_and_health(scraping):
    window = Window.last("5m")
    described = scraping.metadata("prometheus_http_requests_total")
    assert described["type"].tolist() == ["counter"]
    assert scraping.series(["up"], window)["job"].tolist() == ["nobody", "prometheus"]
    assert (scraping.cardinality()["value"] > 0).all()
    health = scraping.health()
    assert health.ok
    assert "2." in health.detail
    assert abs(health.clock_skew_seconds) < 5
    assert scraping.exemplars("prometheus_http_requests_total", window).empty
    values = scraping.query_instant("sum by (job) (up)")
    assert dict(zip((one["job"] for one in labels_of(values)), values.iloc[0], strict=True)) == {
        "nobody": 0.0,
        "prometheus": 1.0,
    }


@pytest.mark.live
def test_a_workspace_over_an_address(scraping):
    ws = obslib.connect(f"prometheus+{scraping._http.url}")
    try:
        for _ in range(60):  # until both targets have been scraped once
            if len(ws.label_values("job")) == 2 and ws.metrics("up", last="1m", step="1s").iloc[-1].sum() == 1.0:
                break
            time.sleep(0.5)
        assert ws.metrics("up", last="1m", step="1s").iloc[-1].sum() == 1.0
        assert ws.label_values("job") == ["nobody", "prometheus"]
    finally:
        ws._sources["metrics"].close()


@pytest.mark.live
def test_faults_in_front_of_a_real_server_lose_nothing(server_with_blocks, monkeypatch):
    """60 ranges of four requests, 30 % of them faulted: the samples as they are known, or an error."""
    monkeypatch.setattr("obslib.sources.prometheus.source.MAX_POINTS", 30)
    known = {one.labels["instance"]: one for one in known_series() if one.labels["__name__"] == REQUESTS}
    grid = WINDOW.grid("1m")
    whole = np.array([expected(known[name], grid.asi8 // 10**6) for name in sorted(known)]).T
    failed = 0
    with server_with_blocks("prometheus") as prometheus:
        plan = at_random(0.3, seed=23)
        with faulty_server(forward_to(prometheus.url), plan, drip_seconds=0.02, bomb_bytes=16 << 20) as front:
            limits = Limits(stall=0.2, body_bytes=4 << 20)
            source = Prometheus(HttpClient(front.url, limits=limits, timing=Timing(sleep=lambda _: None)))
            for _ in range(60):
                try:
                    frame = source.query_metrics(f"sum by (instance) ({REQUESTS})", WINDOW, step=MINUTE)
                except SourceError:
                    failed += 1
                else:
                    np.testing.assert_array_equal(frame.to_numpy(), whole)
            source.close()
            assert len(front.faults()) > 50
    assert 0 < failed < 45
