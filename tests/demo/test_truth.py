"""The labelled truth, and that it stays out of what analyses see."""

from __future__ import annotations

import pandas as pd
import pytest

from obslib import demo
from obslib.core.frames import EVENTS
from obslib.demo.incidents import declared
from obslib.demo.metrics.families import FAMILIES
from obslib.demo.topology import BY_NAME

KINDS = {
    "connection pool exhausted",
    "memory leak",
    "release slows one endpoint",
    "cache stampede",
    "noisy neighbour",
    "slow third party",
    "disk filling",
    "certificate expired",
    "retry storm",
    "login brute force",
    "SQL injection probes",
    "traffic surge",
    "stuck queue",
    "silent drop of price alerts",
}


def test_truth_is_an_events_table_with_a_cause_per_row():
    truth = demo.truth()
    EVENTS.check(truth)
    assert set(truth["kind"]) == {"incident"}
    assert set(truth["source"]) == {"truth"}
    assert truth.notna().all().all()
    assert set(truth["service"]) <= set(BY_NAME)
    assert (truth["cause_metric"].str.partition("{")[0].map(lambda name: _family(name) in FAMILIES)).all()


def _family(name: str) -> str:
    return name if name in FAMILIES else name.rpartition("_")[0]


def test_every_kind_of_incident_that_the_platform_promises_is_there():
    assert set(demo.truth()["name"]) >= KINDS


def test_most_incidents_fall_where_all_signals_exist():
    truth = demo.truth()
    assert (truth["start"] >= demo.NOW - pd.Timedelta(days=3)).sum() >= 12
    assert truth["signals"].str.contains("spans").sum() >= 10
    assert truth["service"].nunique() >= 8


def test_incidents_with_spans_do_not_overlap_except_with_the_slow_leak():
    truth = demo.truth(days=2)
    short = truth[truth["end"] - truth["start"] < pd.Timedelta(hours=3)].sort_values("start")
    gaps = short["start"].iloc[1:].to_numpy() - short["end"].iloc[:-1].to_numpy()
    assert (gaps >= pd.Timedelta(minutes=20)).all()


def test_times_are_in_their_natural_order():
    truth = demo.truth()
    assert (truth["start"] < truth["end"]).all()
    assert (truth["start"] < truth["acknowledged"]).all()
    assert (truth["end"] <= truth["resolved"]).all()
    assert truth["resolved"].max() < demo.NOW
    assert truth["start"].is_monotonic_increasing


def test_affected_services_exist_and_do_not_repeat_the_cause():
    for row in demo.truth().itertuples():
        affected = [name for name in row.affected.split(", ") if name]
        assert set(affected) <= set(BY_NAME)
        assert row.service not in affected


@pytest.mark.parametrize(("days", "least"), [(1, 5), (2, 12), (35, 18)])
def test_fewer_days_leave_out_what_began_before(days, least):
    truth = demo.truth(days=days)
    assert len(truth) >= least
    assert truth["start"].min() >= demo.NOW - pd.Timedelta(days=days)


def test_observed_events_name_no_cause(all_events):
    assert "truth" not in set(all_events["source"])
    text = " ".join(all_events["event_name"]) + " ".join(all_events["event_attributes"])
    for incident in declared():
        assert incident.name not in text
        assert incident.cause_metric.partition("{")[0] not in text
