"""Collecting series: counters, resets, ends, gaps, batches."""

from __future__ import annotations

import numpy as np
import pytest

from obslib.core.series import is_stale
from obslib.demo.metrics.series import MetricSet, jitter, poisson, rounded
from obslib.demo.platform import Platform
from tests.demo.reading import plain

LABELS = {"job": "j", "instance": "i"}


@pytest.fixture(scope="module")
def platform() -> Platform:
    return Platform.of(7, 1.0, 1)


def values_of(collected: MetricSet) -> np.ndarray:
    return plain(collected.series[-1].values)


def test_a_counter_sums_its_growth_and_starts_again_at_a_reset(platform):
    collected = MetricSet(platform)
    collected.counter(
        "http_requests_total", LABELS, "quiet/a", np.full(platform.grid.size, 2.0), resets=[100.0], start=50.0
    )
    values = collected.series[-1].values
    known = ~np.isnan(values)
    expected = np.concatenate([50 + 2 * np.arange(1, 101), 2 * np.arange(1, platform.grid.size - 99)])
    assert np.array_equal(values[known], expected[known])


def test_counters_are_multiples_of_their_quantum(platform):
    collected = MetricSet(platform)
    growth = np.random.default_rng(1).random(platform.grid.size)
    collected.counter("node_cpu_seconds_total", LABELS, "quiet/b", growth, quantum=1 / 64)
    values = values_of(collected)
    assert np.array_equal(values * 64, np.rint(values * 64))
    assert (np.diff(values) >= 0).all()


def test_a_series_that_ends_early_gets_one_stale_marker(platform):
    collected = MetricSet(platform)
    collected.gauge("up", LABELS, "quiet/c", np.ones(10), first=100)
    values = collected.series[-1].values
    assert len(values) == 11
    assert is_stale(values)[-1]


def test_a_number_alone_holds_for_the_whole_grid(platform):
    collected = MetricSet(platform)
    collected.gauge("node_memory_MemTotal_bytes", LABELS, "quiet/d", 8.0)
    assert set(values_of(collected)) == {8.0}
    assert len(collected.series[-1].values) == platform.grid.size


def test_targets_get_an_up_series_that_covers_their_series(platform):
    collected = MetricSet(platform)
    collected.gauge("node_load1", LABELS, "j/i", np.ones(20), first=30)
    collected.gauge("node_load1", LABELS, "j/i", np.ones(50), first=60)
    collected.add_targets()
    up = collected.series[-1]
    assert up.name == "up"
    assert dict(up.labels) == LABELS
    assert up.first == 30
    assert is_stale(up.values)[-1]
    assert len(up.values) >= 80


def test_a_batch_leaves_out_series_without_samples_in_it(platform):
    collected = MetricSet(platform)
    collected.gauge("node_load1", LABELS, "quiet/e", np.ones(20), first=30)
    collected.gauge("node_load1", LABELS | {"instance": "k"}, "quiet/e", 1.0)
    batch = collected.batch(600, 700)
    assert batch.series.num_rows == 1
    assert set(batch.codes) == {0}
    assert batch.times.min() >= platform.grid.ms[600]
    assert batch.times.max() < platform.grid.ms[700]


def test_poisson_counts_per_minute_at_a_rate_per_second():
    rng = np.random.default_rng(1)
    assert poisson(rng, 0.5, 20_000).mean() == pytest.approx(30.0, rel=0.01)


def test_jitter_is_about_one_and_never_negative():
    noise = jitter(np.random.default_rng(1), 20_000, 0.2)
    assert noise.mean() == pytest.approx(1.0, abs=0.02)
    assert noise.min() > 0


def test_rounded_values_are_multiples():
    assert rounded(np.array([0.2, 0.3, 5.9]), 0.25).tolist() == [0.25, 0.25, 6.0]
