"""A real node_exporter and a real Prometheus, scraped by the command, compared with their own answers."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from obslib.cli import main
from obslib.core.series import Matcher, is_stale
from obslib.store.store import Store
from obslib.workspace.scrape import TargetScraper, parse_target, scrape_on_grid
from tests.live.servers import Running
from tests.live.support import get, get_json, live_server

pytestmark = pytest.mark.live

CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: live
    static_configs: [{{targets: ["{exporter}", "127.0.0.1:{{port}}"]}}]
"""
ONLY_PROMETHEUS = {"scrape_samples_post_metric_relabeling", "scrape_series_added"}


@dataclass(frozen=True)
class Scraped:
    """Both servers, still running, and a store into which both were scraped for some seconds."""

    exporter: Running
    prometheus: Running
    store: Store


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("scraped") / "store")
    with live_server("node_exporter") as exporter:
        config = CONFIG.format(exporter=exporter.url.removeprefix("http://"))
        with live_server("prometheus", files={"prometheus.yml": config}) as prometheus:
            wait_for(lambda: len(api(prometheus, "query", query="up == 1")["result"]) == 2)  # its discovery takes 5 s
            targets = [exporter.url, f"{prometheus.url}/metrics"]
            assert (
                main(["scrape", *targets, "--every", "500ms", "--for", "4s", "--job", "live", "--store", folder]) == 0
            )
            yield Scraped(exporter, prometheus, Store.open(folder))


def instance(server):
    return server.url.removeprefix("http://")


def selector(server):
    return f'{{instance="{instance(server)}"}}'


def series_of(prometheus, server):
    """Label sets that Prometheus has for a target, without those that only it makes."""
    found = api(prometheus, "series", **{"match[]": selector(server)})
    return {identity(labels) for labels in found if labels["__name__"] not in ONLY_PROMETHEUS}


def series_in_store(scraped, server):
    return scraped.store.find_series([Matcher("instance", "=", instance(server))])


def api(server, path, **params):
    """The data of one answer of Prometheus' API, asked without our own client."""
    answer = get_json(f"{server.url}/api/v1/{path}?{urlencode(params)}")
    assert answer["status"] == "success"
    return answer["data"]


def identity(labels):
    return tuple(sorted(labels.items()))


def test_every_line_of_the_exporters_text_is_a_series(scraped):
    text = get(f"{scraped.exporter.url}/metrics").decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    own = {"up", "scrape_duration_seconds", "scrape_samples_scraped"}
    stored = [one for one in series_in_store(scraped, scraped.exporter) if one["__name__"] not in own]
    assert len(stored) == len(lines)
    assert {one["__name__"] for one in stored} == {line.split("{")[0].split(" ")[0] for line in lines}


def test_the_series_are_those_that_prometheus_itself_stored(scraped):
    """The same labels for every series of the exporter: names, values, job and instance."""
    ours = {identity(labels) for labels in series_in_store(scraped, scraped.exporter)}
    assert ours == series_of(scraped.prometheus, scraped.exporter)


def test_series_of_prometheus_own_metrics_agree_too(scraped):
    """Its own series grow with each kind of request; those that it had before are in the store."""
    ours = {identity(labels) for labels in series_in_store(scraped, scraped.prometheus)}
    assert ours <= series_of(scraped.prometheus, scraped.prometheus)
    assert len(ours) > 300
    assert {dict(one).get("le") for one in ours if dict(one)["__name__"].endswith("_bucket")} >= {"+Inf", "0.1"}


def test_values_that_stand_still_are_equal_to_the_bit(scraped):
    """Where Prometheus saw one value all the time and so did we, it is the same: hundreds of series.

    Ours are other moments, so a gauge may twitch in one of the two alone.
    """
    still = {}
    for one in api(scraped.prometheus, "query", query=f"{selector(scraped.exporter)}[1m]")["result"]:
        values = {value for _, value in one["values"]}
        if len(values) == 1:
            still[identity(one["metric"])] = float(values.pop())
    block = scraped.store.read_series([Matcher("instance", "=", instance(scraped.exporter))], 0, 2**53)
    compared = 0
    for number, labels in enumerate(block.labels):
        if identity(labels) in still:
            ours = block.values[block.offsets[number] : block.offsets[number + 1]]
            if len(np.unique(ours)) == 1:
                assert np.array_equal(ours[:1], [still[identity(labels)]], equal_nan=True), labels
                compared += 1
    assert compared > 200


def test_a_gauge_and_a_counter_follow_prometheus_between_its_samples(scraped):
    """The total CPU time of each moment lies between the values that Prometheus saw around it."""
    [theirs] = api(scraped.prometheus, "query", query='node_cpu_seconds_total{mode="user",cpu="0"}[1m]')["result"]
    moments, values = np.array(theirs["values"], dtype=float).T
    found = scraped.store.sql(
        "select epoch_ms(time) / 1000.0 as moment, value from metrics "
        "where metric_name = 'node_cpu_seconds_total' and labels['mode'] = 'user' and labels['cpu'] = '0' order by time"
    )
    inside = found[(found["moment"] >= moments[0] + 0.5) & (found["moment"] <= moments[-1] - 0.5)]
    before = values[np.searchsorted(moments, inside["moment"] - 0.5, side="right") - 1]
    after = values[np.searchsorted(moments, inside["moment"] + 0.5)]
    assert len(inside) >= 3
    assert (before <= inside["value"]).all()
    assert (inside["value"] <= after).all()


def test_types_help_and_units_come_along(scraped):
    found = scraped.store.sql(
        "select distinct metric_name, metric_type, metric_description from series where metric_name in "
        "('node_cpu_seconds_total', 'node_load1', 'prometheus_http_request_duration_seconds_bucket') order by 1"
    )
    assert found["metric_type"].tolist() == ["counter", "gauge", "histogram"]
    metadata = api(scraped.prometheus, "metadata", metric="node_cpu_seconds_total")["node_cpu_seconds_total"][0]
    assert found["metric_description"].tolist()[0] == metadata["help"]


def test_the_scrapes_stand_on_the_grid_and_were_up(scraped):
    found = scraped.store.sql(
        "select labels['instance'] as instance, epoch_ms(time) as moment, value from metrics where metric_name = 'up' "
        "order by instance, moment"
    )
    assert (found["value"] == 1.0).all()
    assert (found["moment"] % 500 == 0).all()
    assert found["instance"].nunique() == 2


def test_an_exporter_that_dies_is_up_0_and_its_series_end(tmp_path):
    store = Store.create(tmp_path / "store")
    with live_server("node_exporter") as exporter:
        scraper = TargetScraper(parse_target(exporter.url, job="live"), timeout=2.0)
        every = pd.Timedelta(milliseconds=500)
        problems = []
        with closing(scrape_on_grid([scraper], store.append, every=every)) as ticks:
            for number, tick in enumerate(islice(ticks, 5)):
                problems.append(tick.scrapes[0].problem)
                if number == 1:
                    exporter.kill()
        scraper.close()
    assert problems[:2] == ["", ""]
    assert all("refused" in problem or "closed connection" in problem for problem in problems[2:])
    up = store.sql("select value from metrics where metric_name = 'up' order by time")["value"].tolist()
    assert up == [1.0, 1.0, 0.0, 0.0, 0.0]
    block = store.read_series([Matcher("__name__", "=~", "(node|go|process|promhttp)_.*")], 0, 2**53)
    assert len(block.labels) > 400
    stale = is_stale(block.values)
    ends = block.offsets[1:] - 1
    assert stale[ends].all(), "every series ends with a stale marker"
    assert stale.sum() == len(block.labels), "and has no other"


def test_prometheus_sees_the_same_death_and_the_same_end():
    """Our idea of a dead target is the one of Prometheus: `up` is 0 and an instant query finds nothing."""
    with live_server("node_exporter") as exporter:
        config = CONFIG.format(exporter=instance(exporter))
        with live_server("prometheus", files={"prometheus.yml": config}) as prometheus:
            wait_for(lambda: value_of(prometheus, f"up{selector(exporter)}") == 1.0)
            exporter.kill()
            wait_for(lambda: value_of(prometheus, f"up{selector(exporter)}") == 0.0)
            assert value_of(prometheus, f"node_load1{selector(exporter)}") is None


def value_of(prometheus, query):
    result = api(prometheus, "query", query=query)["result"]
    return float(result[0]["value"][1]) if result else None


def wait_for(condition, seconds=20.0):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "it did not come true in time"
        time.sleep(0.05)
