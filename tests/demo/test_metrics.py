"""Metrics: names and labels, counters and their resets, stale markers, histograms, agreement with the load."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest

from obslib.core.series import is_stale
from obslib.demo.metrics.http import BUCKETS, normal_cdf
from obslib.demo.topology import NODE_NAMES
from tests.demo.reading import family_of, named, plain, total_growth

NEEDED = {
    "node_cpu_seconds_total",
    "node_memory_MemAvailable_bytes",
    "node_filesystem_avail_bytes",
    "node_disk_io_time_seconds_total",
    "node_network_receive_bytes_total",
    "container_cpu_usage_seconds_total",
    "container_memory_working_set_bytes",
    "container_cpu_cfs_throttled_periods_total",
    "kube_pod_container_status_restarts_total",
    "http_requests_total",
    "http_server_request_duration_seconds_bucket",
    "db_client_connections_usage",
    "pg_stat_statements_seconds_total",
    "redis_keyspace_hits_total",
    "redis_memory_used_bytes",
    "celery_queue_length",
    "lb_requests_total",
    "cdn_requests_total",
    "web_vitals_lcp_seconds",
    "web_vitals_inp_seconds",
    "web_vitals_cls",
    "security_logins_failed_total",
    "security_logins_succeeded_total",
    "security_blocked_requests_total",
    "business_registrations_total",
    "business_daily_active_users",
    "business_monthly_active_users",
    "business_price_alerts_created_total",
    "business_price_alerts_hit_total",
    "business_products_tracked",
    "business_savings_usd_total",
    "business_conversions_total",
    "business_retention_ratio",
    "deployments_total",
    "node_cost_hourly_usd",
    "probe_ssl_earliest_cert_expiry",
    "up",
}


def test_every_metric_that_the_platform_promises_is_there(history):
    assert {one.name for one in history.series} >= NEEDED


def test_series_are_unique_and_have_type_unit_and_help(history):
    batch = history.batch(0, 1_440)
    rows = batch.series.to_pylist()
    keys = {(row["metric_name"], tuple(row["labels"])) for row in rows}
    assert len(keys) == len(rows)
    assert {row["metric_type"] for row in rows} == {"counter", "gauge", "histogram"}
    assert all(row["metric_description"] for row in rows)
    assert all("__name__" not in dict(row["labels"]) for row in rows)


def test_counters_fall_only_where_they_reset(history):
    grid = history.platform.grid
    resets = {one.minute for one in history.platform.fleet.releases}
    resets |= {restart for pod in history.platform.fleet.pods for restart in pod.restarts}
    whole = {int(minute) for minute in resets}
    for one in history.series:
        if family_of(one.name).kind == "gauge" or one.name.startswith("pg_"):
            continue
        known = np.flatnonzero(~np.isnan(one.values))
        falls = known[1:][np.diff(one.values[known]) < 0] + one.first
        assert all(any(minute in whole for minute in range(at - 2, at + 1)) for at in falls.tolist()), one.name
    assert grid.size == 35 * 1_440


def test_some_counters_do_reset(history):
    series = named(history, "http_requests_total", service="catalog", code="200")
    assert any((np.diff(plain(one.values)) < 0).any() for one in series)


def test_histograms_can_be_rated_buckets_are_cumulative_and_inf_is_the_count(history):
    groups = defaultdict(dict)
    for one in history.series:
        if one.name == "http_server_request_duration_seconds_bucket":
            labels = dict(one.labels)
            groups[labels["service"], labels["method"], labels["route"]][labels.pop("le")] = one.values
    assert len(groups) >= 20
    for (service, method, route), buckets in groups.items():
        assert len(buckets) == len(BUCKETS) + 1
        stacked = np.stack([np.where(np.isnan(v), np.nan, v) for v in buckets.values()])
        known = ~np.isnan(stacked[0])
        assert (np.diff(stacked[:, known], axis=0) >= 0).all()
        counts = named(
            history, "http_server_request_duration_seconds_count", service=service, method=method, route=route
        )
        assert np.array_equal(plain(counts[0].values), plain(buckets["+Inf"]))


def test_requests_by_code_add_up_to_the_histogram(history):
    labels = {"service": "catalog", "route": "/search"}
    by_code = total_growth(history, "http_requests_total", **labels)
    timed = total_growth(history, "http_server_request_duration_seconds_count", **labels)
    assert by_code.sum() == pytest.approx(timed.sum(), rel=1e-3)


def test_cpu_modes_of_a_core_add_up_to_a_second_per_second(history):
    for node in NODE_NAMES:
        seconds = total_growth(history, "node_cpu_seconds_total", node=node)
        assert np.median(seconds) == pytest.approx(2 * 60, rel=0.03)


def test_a_nodes_cpu_holds_what_its_containers_use(history):
    node = total_growth(history, "node_cpu_seconds_total", node="ff-node-3", mode="user")
    containers = total_growth(history, "container_cpu_usage_seconds_total", node="ff-node-3")
    assert np.corrcoef(node[-3_000:], containers[-3_000:])[0, 1] > 0.9


def test_series_of_a_replaced_pod_end_with_a_stale_marker(history):
    ended = [
        one
        for one in history.series
        if one.name == "kube_pod_info" and one.first + len(one.values) < history.platform.grid.size
    ]
    assert len(ended) > 20
    assert all(is_stale(one.values)[-1] for one in ended)


def test_pods_are_replaced_and_rescheduled(history):
    info = pd.DataFrame([dict(one.labels) for one in named(history, "kube_pod_info")])
    assert len(info) > 40
    assert info["pod"].is_unique
    catalog = info[info["pod"].str.startswith("catalog-")]
    assert catalog["node"].nunique() > 2


def test_missed_scrapes_are_gaps_with_up_at_zero(history):
    up = next(one for one in named(history, "up", job="node-exporter", instance="10.20.0.12:9100"))
    down = np.flatnonzero(up.values == 0)
    assert len(down) >= 23
    load = next(one for one in named(history, "node_load1", instance="10.20.0.12:9100"))
    assert np.isnan(load.values[down]).all()
    first = down[np.flatnonzero(np.diff(down, prepend=-5) > 1)]
    assert is_stale(load.values[first]).all()


def test_every_target_keeps_its_own_moment_of_the_minute(history):
    batch = history.batch(100, 200)
    offsets = pd.Series(batch.times % 60_000).groupby(batch.codes).nunique()
    assert (offsets == 1).all()
    assert len(np.unique(batch.times % 60_000)) > 20


def test_traffic_has_a_day_a_week_growth_and_campaigns(history):
    grid = history.platform.grid
    requests = total_growth(history, "nginx_http_requests_total")
    by_hour = pd.Series(requests).groupby(grid.hour.astype(int)).median()
    assert by_hour.max() > 3 * by_hour.min()
    days = requests.reshape(35, 1_440).sum(axis=1)
    weeks = days.reshape(5, 7).sum(axis=1)
    assert weeks[-1] > 1.1 * weeks[0]
    assert days[12] > 1.2 * days[12 - 7]  # the campaign of 10 October


def test_the_business_feels_the_platform(history):
    grid = history.platform.grid
    visits = total_growth(history, "business_visits_total")
    start, end = grid.minute("2026-10-30T21:05Z"), grid.minute("2026-10-30T21:45Z")
    assert visits[start:end].mean() < 0.5 * visits[start - 7 * 1_440 : end - 7 * 1_440].mean()


def test_a_leak_fills_memory_until_the_container_is_killed(history):
    killed = [
        one
        for one in named(history, "kube_pod_container_status_restarts_total", container="price-tracker")
        if plain(one.values).max() > 0
    ]
    assert len(killed) == 2
    assert plain(killed[0].values).max() == 2
    memory = next(
        one
        for one in named(
            history, "container_memory_working_set_bytes", container="price-tracker", pod=killed[0].labels["pod"]
        )
    )
    assert plain(memory.values).max() > 1.7 * np.median(plain(memory.values)[:30])


def test_batches_hold_every_sample_once(history):
    days = [history.batch(lo, hi) for lo, hi in history.platform.grid.blocks()[:3]]
    whole = history.batch(history.platform.grid.blocks()[0][0], history.platform.grid.blocks()[2][1])
    assert sum(len(day.values) for day in days) == len(whole.values)
    assert all(len(day.codes) == len(day.times) == len(day.values) for day in days)
    assert all(day.codes.max() < day.series.num_rows for day in days)


def test_no_sample_is_an_ordinary_nan(history):
    values = history.batch(0, 1_440).values
    assert (~np.isnan(values) | is_stale(values)).all()


def test_the_normal_distribution_function_is_right_to_seven_digits():
    z = np.array([-3.0, -1.0, 0.0, 1.0, 1.959963985])
    expected = np.array([0.0013498980, 0.1586552539, 0.5, 0.8413447461, 0.975])
    assert np.allclose(normal_cdf(z), expected, atol=2e-7)
